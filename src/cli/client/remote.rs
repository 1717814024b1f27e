//! HTTP to a running server.

use std::time::Duration;

use super::{Answer, Ask, HEAD, NEXT, REPLAYED, Token, number};
use crate::cli::failure::{Failure, Outcome};

/// A long poll waits up to 30 seconds; nothing else takes nearly as long.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A server, and the connections to it.
#[derive(Debug)]
pub(super) struct Remote {
    http: reqwest::Client,
    base: String,
    token: Token,
}

impl Remote {
    pub(super) fn new(url: &str, token: Token) -> Outcome<Self> {
        if !url.starts_with("http://") {
            let reason =
                "the URL must start with http:// (for a server elsewhere, use a tunnel that encrypts)";
            return Err(Failure::Usage(format!("{url}: {reason}")));
        }
        let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build();
        let http = http.map_err(|error| Failure::Other(error.into()))?;
        Ok(Self { http, base: url.trim_end_matches('/').to_owned(), token })
    }

    pub(super) async fn send(&self, ask: Ask<'_>, headers: &[(&str, &str)]) -> Outcome<Answer> {
        let mut request = self.http.request(ask.method, format!("{}{}", self.base, ask.path));
        request = request.bearer_auth(self.token.expose());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = ask.body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers();
        let (replayed, next, head) =
            (headers.contains_key(REPLAYED), number(headers, NEXT), number(headers, HEAD));
        let body = response.text().await.map_err(|error| self.unreachable(&error))?;
        Ok(Answer { status, replayed, next, head, body })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Failure::Unreachable(format!("{} does not answer: {cause}", self.base))
    }
}

/// Whether a server at this address says that it is alive.
pub(super) async fn is_alive(url: &str) -> bool {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3)).build();
    let Ok(http) = http else { return false };
    let answer = http.get(format!("{}/livez", url.trim_end_matches('/'))).send().await;
    answer.is_ok_and(|response| response.status().is_success())
}
