//! Asking the provider: without redirects, in bounded time and memory.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode, Url, header, redirect};
use serde::{Deserialize, de::DeserializeOwned};

use super::{GoogleError, Metadata};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const BYTES_MAX: usize = 256 * 1_024;

/// An HTTP client for the provider.
#[derive(Debug)]
pub(super) struct Fetch(Client);

#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
}

#[derive(Deserialize)]
struct OauthFault {
    error: Option<String>,
}

impl Fetch {
    pub(super) fn new() -> Result<Self, GoogleError> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent(concat!("credit-ledger/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(Self).map_err(|error| unavailable("TLS", &error.to_string()))
    }

    /// A document at this address.
    pub(super) async fn document<T: DeserializeOwned>(&self, url: &Url) -> Result<T, GoogleError> {
        let (status, body) = self.answer(self.0.request(Method::GET, url.clone())).await?;
        if status != StatusCode::OK {
            return Err(unavailable(url.path(), status.as_str()));
        }
        serde_json::from_slice(&body).map_err(|_| unavailable(url.path(), "no document of its kind"))
    }

    /// Redeems a code for an ID token.
    pub(super) async fn redeem(
        &self,
        metadata: &Metadata,
        form: &[(&str, &str)],
        (id, secret): (&str, &str),
    ) -> Result<String, GoogleError> {
        let request = self.0.post(metadata.token_endpoint.clone());
        let request = if metadata.secret_in_form {
            let with_secret: Vec<_> =
                form.iter().copied().chain([("client_id", id), ("client_secret", secret)]).collect();
            request.form(&with_secret)
        } else {
            request.basic_auth(encoded(id), Some(encoded(secret))).form(form)
        };
        let (status, body) = self.answer(request.header(header::ACCEPT, "application/json")).await?;
        if status.is_client_error() {
            let fault = serde_json::from_slice::<OauthFault>(&body).ok().and_then(|fault| fault.error);
            // The code in it is the provider's own word, but it may be anybody's text.
            let word = fault.filter(|word| word.len() < 64 && word.bytes().all(|b| b.is_ascii_graphic()));
            return Err(GoogleError::Refused(word.unwrap_or_else(|| status.to_string())));
        }
        if status != StatusCode::OK {
            return Err(unavailable("the token endpoint", status.as_str()));
        }
        let tokens: Tokens = serde_json::from_slice(&body)
            .map_err(|_| unavailable("the token endpoint", "no tokens in its answer"))?;
        tokens.id_token.ok_or_else(|| unavailable("the token endpoint", "no ID token in its answer"))
    }

    async fn answer(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), GoogleError> {
        let failed = |error: reqwest::Error| unavailable("request", &error.without_url().to_string());
        let mut response = request.send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > BYTES_MAX {
                return Err(unavailable("request", "its answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status(), body))
    }
}

/// As RFC 6749 section 2.3.1 wants ids and secrets in the header: form-encoded first.
fn encoded(text: &str) -> String {
    let mut url = Url::parse("http://x").expect("a URL");
    url.query_pairs_mut().append_key_only(text);
    url.query().unwrap_or_default().to_owned()
}

fn unavailable(what: &str, why: &str) -> GoogleError {
    GoogleError::Unavailable(format!("{what}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn credentials_are_form_encoded() {
        assert_eq!(encoded("my id:with/odd+letters"), "my+id%3Awith%2Fodd%2Bletters");
    }
}
