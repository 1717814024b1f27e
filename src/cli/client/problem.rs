//! What the API says when it says no.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// An answer that is no success: an RFC 9457 problem, or what something in between sent instead.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What programs look at; `none` when the answer was no problem.
    pub code: String,
    /// Two or three words.
    pub title: String,
    /// This occurrence.
    pub detail: String,
    /// The server's name for the request.
    pub request_id: String,
    /// All of it, as one line of JSON.
    pub json: String,
    /// Whether it is the answer to an earlier request with the same key.
    pub replayed: bool,
}

#[derive(Deserialize)]
struct Members {
    title: String,
    detail: Option<String>,
    code: String,
    request_id: Option<String>,
}

impl Problem {
    /// Reads the body of an answer with this status.
    #[must_use]
    pub fn read(status: u16, replayed: bool, body: &str) -> Self {
        let Ok(members) = serde_json::from_str::<Members>(body) else {
            let title = format!("HTTP {status}");
            let detail: String = body.trim().chars().take(300).collect();
            let json = serde_json::json!({ "title": title, "status": status, "detail": detail }).to_string();
            return Self {
                status,
                code: "none".into(),
                title,
                detail,
                request_id: "none".into(),
                json,
                replayed,
            };
        };
        Self {
            status,
            code: members.code,
            title: members.title,
            detail: members.detail.unwrap_or_default(),
            request_id: members.request_id.unwrap_or_else(|| "none".into()),
            json: serde_json::from_str::<Value>(body).map(|value| value.to_string()).unwrap_or_default(),
            replayed,
        }
    }

    /// Whether the same request may succeed a little later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self.status, 429 | 503)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { title, detail, code, request_id, .. } = self;
        write!(f, "{title}: {detail} (code {code}, request {request_id})")
    }
}

impl std::error::Error for Problem {}
