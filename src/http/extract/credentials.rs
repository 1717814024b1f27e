//! What a request shows to say who sends it.

use axum::http::{HeaderMap, HeaderName, header};

use crate::http::problem::Problem;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// An API key (or the operator's token), a token of the ledger, or both: then the key is in `X-API-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct Credentials<'a> {
    /// `clk_…`, `clo_…` or anything else that is no token.
    pub(in crate::http) key: Option<&'a str>,
    /// A JSON web token.
    pub(in crate::http) token: Option<&'a str>,
}

/// The credentials that the request carries.
pub(in crate::http) fn presented(headers: &HeaderMap) -> Result<Credentials<'_>, Problem> {
    let text = |name: HeaderName| {
        let mut values = headers.get_all(name).iter();
        let first = values.next();
        if values.next().is_some() {
            return Err(Problem::bad_request("more than one header with an API key or a token"));
        }
        Ok(first.map(|value| value.to_str().unwrap_or_default()))
    };
    let plain = text(API_KEY)?;
    let bearer = text(header::AUTHORIZATION)?.map(|value| match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
        // Another scheme, or none: a credential that nobody has.
        _ => "",
    });
    match (plain, bearer) {
        (plain, Some(bearer)) if is_token(bearer) => Ok(Credentials { key: plain, token: Some(bearer) }),
        (Some(plain), Some(bearer)) if plain != bearer => {
            Err(Problem::bad_request("X-API-Key and Authorization carry different keys"))
        }
        (plain, bearer) => Ok(Credentials { key: plain.or(bearer), token: None }),
    }
}

/// Whether it has the shape of a signed token: three parts. No key of ours has a dot.
fn is_token(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'.').count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::Code;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn key(key: &str) -> Credentials<'_> {
        Credentials { key: Some(key), token: None }
    }

    #[test]
    fn a_key_comes_in_either_header() {
        for pairs in [
            [("x-api-key", "k")].as_slice(),
            &[("authorization", "Bearer k")],
            &[("authorization", "bearer  k")],
            &[("authorization", "BEARER k"), ("x-api-key", "k")],
        ] {
            assert_eq!(presented(&headers(pairs)).expect("one key"), key("k"), "{pairs:?}");
        }
        let none = Credentials { key: None, token: None };
        assert_eq!(presented(&HeaderMap::new()).expect("no key"), none);
    }

    #[test]
    fn a_token_comes_as_bearer_alone_or_beside_a_key() {
        let token = Credentials { key: None, token: Some("a.b.c") };
        assert_eq!(presented(&headers(&[("authorization", "Bearer a.b.c")])).expect("a token"), token);
        let both = headers(&[("authorization", "Bearer a.b.c"), ("x-api-key", "k")]);
        assert_eq!(presented(&both).expect("both"), Credentials { key: Some("k"), ..token });
        // Tokens are bearer tokens: in the header of keys they are keys that nobody has.
        assert_eq!(presented(&headers(&[("x-api-key", "a.b.c")])).expect("a key"), key("a.b.c"));
    }

    #[test]
    fn another_scheme_authenticates_nobody() {
        for value in ["Basic k", "k", "Bearer", "Basic a.b.c", "a.b.c"] {
            assert_eq!(presented(&headers(&[("authorization", value)])).expect("a key"), key(""), "{value}");
        }
    }

    #[test]
    fn two_different_keys_are_malformed() {
        for pairs in [
            [("x-api-key", "a"), ("authorization", "Bearer b")],
            [("x-api-key", "a"), ("x-api-key", "a")],
            [("authorization", "Bearer a"), ("authorization", "Bearer b")],
            [("authorization", "Bearer a.b.c"), ("authorization", "Bearer a.b.c")],
        ] {
            let problem = presented(&headers(&pairs)).expect_err("a problem");
            assert_eq!(problem.code, Code::BadRequest);
        }
    }
}
