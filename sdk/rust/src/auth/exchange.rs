//! One request to the token endpoint.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::header::ACCEPT;
use serde::Deserialize;

use super::{body::bounded, service::ServiceClient};

/// No honest answer is longer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long a token is taken to live whose server doesn't say (RFC 6749 only recommends it).
const LIFETIME_UNSAID: Duration = Duration::from_secs(60);
/// Nor longer than this, whatever the server says.
const LIFETIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A token to be sent as `Authorization: Bearer`. It isn't shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(Arc<str>);

impl AccessToken {
    /// The text, for a header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

/// Why there is no token.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// Nobody answered.
    #[error("the token endpoint can't be reached: {0}")]
    Unreachable(Arc<reqwest::Error>),
    /// The server refused, as RFC 6749 section 5.2 has it.
    #[error("the token endpoint answered {status}: {error} {description}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error's name, such as `invalid_client`; empty when it has none.
        error: String,
        /// What the server adds, for people.
        description: String,
    },
    /// The answer has no bearer token.
    #[error("the token endpoint's answer is no bearer token: {0}")]
    Malformed(&'static str),
    /// The request ended before there was an answer, because the runtime stops.
    #[error("the request was given up")]
    Abandoned,
}

/// What the server gave.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) token: AccessToken,
    pub(super) lifetime: Duration,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// Asks once.
pub(super) async fn ask(http: &reqwest::Client, service: &ServiceClient) -> Result<Granted, TokenError> {
    let unreachable = |error: reqwest::Error| TokenError::Unreachable(Arc::new(error.without_url()));
    let mut form = vec![("grant_type", "client_credentials")];
    if !service.scope.is_empty() {
        form.push(("scope", &service.scope));
    }
    let request = http
        .post(&service.token_url)
        .basic_auth(form_encoded(&service.id), Some(form_encoded(&service.secret)))
        .header(ACCEPT, "application/json")
        .form(&form);
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let body = bounded(response, ANSWER_BYTES_MAX).await.map_err(unreachable)?;
    let body = body.ok_or(TokenError::Malformed("it is too long"))?;
    if !status.is_success() {
        let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
        let Refusal { error, error_description: description } = refusal;
        return Err(TokenError::Refused { status: status.as_u16(), error, description });
    }
    read(&body)
}

fn read(body: &[u8]) -> Result<Granted, TokenError> {
    // The parser's complaint may quote the token: it isn't handed on.
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| TokenError::Malformed("it lacks a field"))?;
    if !answer.token_type.eq_ignore_ascii_case("bearer") {
        return Err(TokenError::Malformed("its type is another"));
    }
    if answer.access_token.is_empty() || !answer.access_token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TokenError::Malformed("it can't stand in a header"));
    }
    let lifetime = answer.expires_in.map_or(LIFETIME_UNSAID, Duration::from_secs).min(LIFETIME_MAX);
    Ok(Granted { token: AccessToken(answer.access_token.into()), lifetime })
}

/// Name and secret are form-encoded before they become `Basic` (RFC 6749 section 2.3.1).
fn form_encoded(text: &str) -> String {
    use fmt::Write;
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => encoded.push(byte.into()),
            b' ' => encoded.push('+'),
            _ => write!(encoded, "%{byte:02X}").unwrap_or_default(),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_secrets_are_encoded_as_forms_are() {
        assert_eq!(form_encoded("chat-api-service"), "chat-api-service");
        assert_eq!(form_encoded("a:b c%+/é"), "a%3Ab+c%25%2B%2F%C3%A9");
    }

    #[test]
    fn only_bearer_tokens_are_taken() {
        let lifetime = |body: &str| read(body.as_bytes()).map(|granted| granted.lifetime.as_secs());
        assert_eq!(
            lifetime(r#"{"access_token":"a.b.c","token_type":"bearer","expires_in":900}"#).ok(),
            Some(900)
        );
        assert_eq!(lifetime(r#"{"access_token":"a","token_type":"Bearer"}"#).ok(), Some(60));
        for wrong in [
            "",
            "{}",
            r#"{"access_token":"a","token_type":"DPoP"}"#,
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":"a\r\nX-Evil: 1","token_type":"Bearer"}"#,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":-1}"#,
        ] {
            assert!(matches!(lifetime(wrong), Err(TokenError::Malformed(_))), "{wrong}");
        }
    }
}
