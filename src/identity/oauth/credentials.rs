//! How a client says who it is (RFC 6749 section 2.3): `client_secret_basic`, `client_secret_post`,
//! or, for a public client, its id alone. Never two ways at once.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{
    OauthError,
    params::{Params, decoded},
};

/// What a request presents.
pub struct Credentials {
    /// The client's public name.
    pub client_id: String,
    /// Its secret; none of a public client.
    pub secret: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Reads them from the header `Authorization` and the form.
///
/// # Errors
/// [`super::ErrorCode::InvalidRequest`] when there are two ways, [`super::ErrorCode::InvalidClient`]
/// when there is none.
pub fn presented(authorization: Option<&str>, params: &Params) -> Result<Credentials, OauthError> {
    let id = params.optional("client_id")?;
    let secret = params.optional("client_secret")?;
    let Some(header) = authorization else {
        let client_id = id.ok_or_else(OauthError::client)?.to_owned();
        return Ok(Credentials { client_id, secret: secret.map(|text| text.to_owned().into()) });
    };
    if secret.is_some() {
        return Err(OauthError::request("the client authenticates in two ways"));
    }
    let basic = basic(header).ok_or_else(OauthError::client)?;
    if id.is_some_and(|id| id != basic.client_id) {
        return Err(OauthError::request("client_id is not the client that authenticates"));
    }
    Ok(basic)
}

/// Reads `Basic base64(id:secret)`, both in the encoding of forms.
fn basic(header: &str) -> Option<Credentials> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let (id, secret) = str::from_utf8(&bytes).ok()?.split_once(':')?;
    let secret = Zeroizing::new(decoded(secret)?);
    let client_id = decoded(id).filter(|id| !id.is_empty())?;
    Some(Credentials { client_id, secret: Some(secret).filter(|secret| !secret.is_empty()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::oauth::ErrorCode;

    fn read(header: Option<&str>, form: &str) -> Result<(String, Option<String>), ErrorCode> {
        let params = Params::parse(form).expect("a form");
        let credentials = presented(header, &params).map_err(|error| error.code)?;
        let secret = credentials.secret.map(|secret| secret.as_str().to_owned());
        Ok((credentials.client_id, secret))
    }

    fn of(id: &str, secret: Option<&str>) -> Result<(String, Option<String>), ErrorCode> {
        Ok((id.to_owned(), secret.map(str::to_owned)))
    }

    #[test]
    fn a_client_authenticates_in_one_of_three_ways() {
        let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(read(Some(&header("app:s")), ""), of("app", Some("s")));
        assert_eq!(read(Some(&header("app:s%3Ax+y")), "client_id=app"), of("app", Some("s:x y")));
        assert_eq!(read(Some(&header("app:").replace("Basic", "basic")), ""), of("app", None));
        assert_eq!(read(None, "client_id=app&client_secret=s"), of("app", Some("s")));
        assert_eq!(read(None, "client_id=app"), of("app", None));
    }

    #[test]
    fn never_in_none_or_two() {
        let header = format!("Basic {}", STANDARD.encode("app:s"));
        assert_eq!(read(None, "client_secret=s"), Err(ErrorCode::InvalidClient));
        assert_eq!(read(Some(&header), "client_secret=s"), Err(ErrorCode::InvalidRequest));
        assert_eq!(read(Some(&header), "client_id=other"), Err(ErrorCode::InvalidRequest));
        assert_eq!(read(None, "client_id=a&client_id=a"), Err(ErrorCode::InvalidRequest));
        let no_colon = format!("Basic {}", STANDARD.encode("app"));
        let no_utf8 = format!("Basic {}", STANDARD.encode([0xff, b':', b's']));
        for wrong in ["", "Basic", "Basic ", "Basic !", "Bearer x", &no_colon, &no_utf8] {
            assert_eq!(read(Some(wrong), "client_id=app"), Err(ErrorCode::InvalidClient), "{wrong}");
        }
    }

    #[test]
    fn the_secret_is_never_printed() {
        let params = Params::parse("client_id=app&client_secret=hush").expect("a form");
        let printed = format!("{:?}", presented(None, &params));
        assert!(printed.contains("app") && !printed.contains("hush"), "{printed}");
    }
}
