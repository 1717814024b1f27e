//! Parameters as forms and queries carry them: `application/x-www-form-urlencoded`, each at most
//! once (RFC 6749 section 3.1 and 3.2).

use super::OauthError;

/// More than any request here needs.
const PARAMS_MAX: usize = 64;

/// The parameters of one request. It never prints their values: some are secrets.
#[derive(Clone, Default)]
pub struct Params(Vec<(String, String)>);

impl std::fmt::Debug for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Params {
    /// Reads the text of a form or query.
    ///
    /// # Errors
    /// When it is not UTF-8 in percent-encoding, or has more than 64 parameters.
    pub fn parse(text: &str) -> Result<Self, OauthError> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let mut read = Vec::new();
        for pair in pairs {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let both = decoded(name).zip(decoded(value));
            let both =
                both.ok_or_else(|| OauthError::request("the parameters are not percent-encoded UTF-8"))?;
            if read.len() == PARAMS_MAX {
                return Err(OauthError::request("there are too many parameters"));
            }
            read.push(both);
        }
        Ok(Self(read))
    }

    /// A parameter that may be there once; an empty one counts as absent.
    ///
    /// # Errors
    /// When it is there twice.
    pub fn optional(&self, name: &'static str) -> Result<Option<&str>, OauthError> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(OauthError::request(format!("{name} is there more than once")));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// A parameter that must be there once.
    ///
    /// # Errors
    /// When it is absent, empty, or there twice.
    pub fn required(&self, name: &'static str) -> Result<&str, OauthError> {
        self.optional(name)?.ok_or_else(|| OauthError::request(format!("{name} is missing")))
    }

    /// All values of a parameter that may be repeated.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_name = move |pair: &&(String, String)| pair.0 == name && !pair.1.is_empty();
        self.0.iter().filter(of_name).map(|(_, value)| value.as_str())
    }

    /// Names and values, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The same without the parameter of this name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// The same with the parameters of these names alone.
    #[must_use]
    pub fn only(mut self, names: &[&str]) -> Self {
        self.0.retain(|(known, _)| names.contains(&known.as_str()));
        self
    }

    /// The same with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The text of a query with these parameters.
    #[must_use]
    pub fn to_query(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            if !text.is_empty() {
                text.push('&');
            }
            encode(name, &mut text);
            text.push('=');
            encode(value, &mut text);
        }
        text
    }
}

/// Appends parameters to a redirect URI, which may have a query of its own.
#[must_use]
pub fn appended(uri: &str, params: &Params) -> String {
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{uri}{separator}{}", params.to_query())
}

/// A name or value of a form; `None` when it is no UTF-8 in percent-encoding.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (char::from(rest.next()?), char::from(rest.next()?));
                let value = high.to_digit(16)? * 16 + low.to_digit(16)?;
                u8::try_from(value).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::oauth::ErrorCode;

    #[test]
    fn a_form_is_read_and_written_back() {
        let params = Params::parse("a=1+2&b=%C3%A9%26&c=&&d").expect("a form");
        assert_eq!(params.optional("a"), Ok(Some("1 2")));
        assert_eq!(params.required("b"), Ok("é&"));
        assert_eq!((params.optional("c"), params.optional("d")), (Ok(None), Ok(None)));
        assert_eq!(params.without("c").without("d").to_query(), "a=1%202&b=%C3%A9%26");
    }

    #[test]
    fn a_parameter_that_is_there_twice_is_refused_by_whoever_reads_it() {
        let params = Params::parse("a=1&a=1&r=x&r=y").expect("a form");
        assert_eq!(params.optional("a").expect_err("twice").code, ErrorCode::InvalidRequest);
        assert_eq!(params.all("r").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(params.required("z").expect_err("absent").description, "z is missing");
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for wrong in ["a=%", "a=%4", "a=%zz", "%ff=1", "a=%+1"] {
            assert!(Params::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Params::parse(&"a=1&".repeat(65)).is_err());
        assert!(Params::parse(&"a=1&".repeat(64)).is_ok());
    }

    #[test]
    fn values_are_never_printed() {
        let params = Params::parse("client_secret=hush").expect("a form");
        assert_eq!(format!("{params:?}"), "[\"client_secret\"]");
    }

    #[test]
    fn parameters_are_appended_to_any_redirect_uri() {
        let params = Params::default().with("code", "x y");
        for (uri, expected) in [
            ("https://a.example/cb", "https://a.example/cb?code=x%20y"),
            ("https://a.example/cb?", "https://a.example/cb?code=x%20y"),
            ("https://a.example/cb?k=v", "https://a.example/cb?k=v&code=x%20y"),
            ("com.example.app:/cb", "com.example.app:/cb?code=x%20y"),
        ] {
            assert_eq!(appended(uri, &params), expected);
        }
    }
}
