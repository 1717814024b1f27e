//! What a request to the token endpoint asks for.

use zeroize::Zeroizing;

use super::{ErrorCode, OauthError, params::Params};

/// The grants there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// `authorization_code`
    AuthorizationCode,
    /// `client_credentials`
    ClientCredentials,
    /// `refresh_token`
    RefreshToken,
}

impl GrantType {
    /// Every grant there is.
    pub const ALL: [Self; 3] = [Self::AuthorizationCode, Self::ClientCredentials, Self::RefreshToken];

    /// The name in requests, metadata and clients.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
        }
    }
}

/// A grant with what belongs to it.
#[derive(Debug)]
pub enum Grant {
    /// A service asks for a token of its own.
    ClientCredentials,
    /// A client redeems a code.
    Code {
        /// The code.
        code: Zeroizing<String>,
        /// Where it was sent, again.
        redirect_uri: String,
        /// The proof that whoever redeems it asked for it.
        verifier: Zeroizing<String>,
    },
    /// A client wants to go on.
    Refresh {
        /// The refresh token.
        token: Zeroizing<String>,
    },
}

/// A request.
#[derive(Debug)]
pub struct TokenRequest {
    /// The grant.
    pub grant: Grant,
    /// The scopes that are asked for, when any are named.
    pub scope: Option<String>,
    /// The resources that the token is for (RFC 8707), when any are named.
    pub resources: Vec<Box<str>>,
}

impl TokenRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// As RFC 6749 section 5.2 says.
    pub fn parse(params: &Params) -> Result<Self, OauthError> {
        let name = params.required("grant_type")?;
        let kind = GrantType::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| {
            let known = "grant_type is authorization_code, client_credentials or refresh_token";
            OauthError::new(ErrorCode::UnsupportedGrantType, known)
        })?;
        let secret = |name| params.required(name).map(|text| Zeroizing::new(text.to_owned()));
        let grant = match kind {
            GrantType::ClientCredentials => Grant::ClientCredentials,
            GrantType::AuthorizationCode => Grant::Code {
                code: secret("code")?,
                redirect_uri: params.required("redirect_uri")?.to_owned(),
                verifier: secret("code_verifier")?,
            },
            GrantType::RefreshToken => Grant::Refresh { token: secret("refresh_token")? },
        };
        let scope = params.optional("scope")?.map(str::to_owned);
        Ok(Self { grant, scope, resources: resources(params) })
    }

    /// The grant's kind.
    #[must_use]
    pub const fn kind(&self) -> GrantType {
        match self.grant {
            Grant::ClientCredentials => GrantType::ClientCredentials,
            Grant::Code { .. } => GrantType::AuthorizationCode,
            Grant::Refresh { .. } => GrantType::RefreshToken,
        }
    }
}

/// The resources that a request names, each once.
pub(super) fn resources(params: &Params) -> Vec<Box<str>> {
    let mut named: Vec<Box<str>> = params.all("resource").map(Box::from).collect();
    named.sort_unstable();
    named.dedup();
    named
}

/// The audiences of a token: what is asked for, within what is allowed; all of that when nothing is.
///
/// # Errors
/// [`ErrorCode::InvalidTarget`] for any other resource.
pub fn audiences(asked: &[Box<str>], allowed: &[Box<str>]) -> Result<Vec<Box<str>>, OauthError> {
    if asked.is_empty() {
        return Ok(allowed.to_vec());
    }
    if asked.iter().all(|resource| allowed.contains(resource)) {
        return Ok(asked.to_vec());
    }
    Err(OauthError::new(ErrorCode::InvalidTarget, "a resource is none of the client's audiences"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &str) -> Result<TokenRequest, ErrorCode> {
        let params = Params::parse(form).expect("a form");
        TokenRequest::parse(&params).map_err(|error| error.code)
    }

    #[test]
    fn each_grant_is_read() {
        for kind in GrantType::ALL {
            let form = format!(
                "grant_type={}&code=c&redirect_uri=u&code_verifier=v&refresh_token=r&scope=a+b&resource=y&resource=x&resource=x",
                kind.as_str()
            );
            let request = read(&form).expect("a request");
            assert_eq!(request.kind(), kind);
            assert_eq!(request.scope.as_deref(), Some("a b"));
            assert_eq!(request.resources, ["x".into(), "y".into()]);
        }
    }

    #[test]
    fn other_grants_and_missing_parts_are_refused() {
        for name in
            ["password", "implicit", "urn:ietf:params:oauth:grant-type:device_code", "Client_Credentials"]
        {
            assert_eq!(
                read(&format!("grant_type={name}&username=u&password=p")).err(),
                Some(ErrorCode::UnsupportedGrantType),
                "{name}"
            );
        }
        for form in [
            "",
            "grant_type=",
            "grant_type=refresh_token",
            "grant_type=authorization_code&code=c&redirect_uri=u",
            "grant_type=authorization_code&code=c&code_verifier=v",
            "grant_type=authorization_code&redirect_uri=u&code_verifier=v",
            "grant_type=client_credentials&grant_type=client_credentials",
            "grant_type=client_credentials&scope=a&scope=b",
        ] {
            assert_eq!(read(form).err(), Some(ErrorCode::InvalidRequest), "{form}");
        }
    }

    #[test]
    fn a_token_is_for_no_more_than_the_clients_audiences() {
        let allowed = ["a".into(), "b".into()];
        assert_eq!(audiences(&[], &allowed), Ok(allowed.to_vec()));
        assert_eq!(audiences(&["b".into()], &allowed), Ok(vec!["b".into()]));
        let error = audiences(&["b".into(), "c".into()], &allowed).expect_err("not allowed");
        assert_eq!(error.code, ErrorCode::InvalidTarget);
    }
}
