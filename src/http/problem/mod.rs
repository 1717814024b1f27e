//! Errors as clients see them: RFC 9457 problem details, made in one place.

mod codes;
mod engine;
pub(super) mod pages;
mod refusals;

pub use codes::{CODES, Code, CodeEntry};
pub(super) use engine::submission;
pub(super) use refusals::refused;

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

/// Said of an event that this program wrote and cannot read.
pub(super) const UNREADABLE_EVENT: &str = "a stored event cannot be read; the log has the request id";
/// The media type of problems.
pub(super) const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// One occurrence of a problem. The path and the request id are added on the way out, by
/// `http::front`, which alone knows them.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What went wrong, for programs.
    pub code: Code,
    /// This occurrence, for humans.
    pub detail: Cow<'static, str>,
    /// Further members of the JSON object.
    pub extra: Vec<(&'static str, Value)>,
    /// Seconds to wait before a repetition.
    pub retry_after_s: Option<u32>,
    /// Whether this is the recorded answer to an earlier request with the same key.
    pub replayed: bool,
    /// The header `WWW-Authenticate`, when it says more than that somebody should authenticate.
    pub challenge: Option<HeaderValue>,
}

impl Problem {
    /// A problem with this code.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let retry_after_s = matches!(code.entry().status, 429 | 503).then_some(1);
        Self {
            code,
            detail: detail.into(),
            extra: Vec::new(),
            retry_after_s,
            replayed: false,
            challenge: None,
        }
    }

    /// The request could not be read.
    #[must_use]
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::BadRequest, detail)
    }

    /// There is no such thing, or it is somebody else's.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("no such {what}"))
    }

    /// Adds a member that holds the text of `value`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.extra.push((name, Value::String(value.to_string())));
        self
    }

    /// Adds which item of a batch it is about, from 0.
    #[must_use]
    pub fn of_item(mut self, index: usize) -> Self {
        self.extra.push(("item", index.into()));
        self
    }

    /// Changes how long to wait before a repetition.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Marks a recorded refusal that was given before.
    #[must_use]
    pub fn replayed(mut self, replayed: bool) -> Self {
        self.replayed = replayed;
        self
    }

    /// Adds what RFC 6750 section 3 says to clients with tokens.
    #[must_use]
    pub fn challenging(mut self, challenge: &str) -> Self {
        self.challenge = HeaderValue::from_str(challenge).ok();
        self
    }

    /// The JSON object for a request to `instance` with this id.
    pub(super) fn render(&self, instance: &str, request_id: &str) -> Vec<u8> {
        let mut body = Vec::with_capacity(512);
        if serde_json::to_writer(&mut body, &Document { problem: self, instance, request_id }).is_err() {
            body.clear();
        }
        body
    }
}

struct Document<'a> {
    problem: &'a Problem,
    instance: &'a str,
    request_id: &'a str,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { problem, instance, request_id } = self;
        let entry = problem.code.entry();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &format_args!("/problems/{}", entry.name))?;
        map.serialize_entry("title", entry.title)?;
        map.serialize_entry("status", &entry.status)?;
        map.serialize_entry("detail", &problem.detail)?;
        map.serialize_entry("instance", instance)?;
        map.serialize_entry("code", entry.name)?;
        map.serialize_entry("request_id", request_id)?;
        map.serialize_entry("error", entry.title)?;
        for (name, value) in &problem.extra {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The problem of one item of a batch: without what belongs to the whole request.
impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = self.code.entry();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("status", &entry.status)?;
        map.serialize_entry("type", &format_args!("/problems/{}", entry.name))?;
        map.serialize_entry("title", entry.title)?;
        map.serialize_entry("detail", &self.detail)?;
        map.serialize_entry("code", entry.name)?;
        map.serialize_entry("error", entry.title)?;
        for (name, value) in &self.extra {
            map.serialize_entry(name, value)?;
        }
        if self.replayed {
            map.serialize_entry("replayed", &true)?;
        }
        map.end()
    }
}

impl IntoResponse for Problem {
    /// Status and headers; `http::front` adds the body.
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        let plain = (self.code == Code::Unauthenticated).then_some(HeaderValue::from_static("Bearer"));
        if let Some(challenge) = self.challenge.clone().or(plain) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if self.replayed {
            headers.insert(super::reply::IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_the_rfc_and_our_own() {
        let problem = Problem::new(Code::InsufficientCredits, "too little").with("available", "30");
        let json: Value = serde_json::from_slice(&problem.render("/v1/x", "r-1")).expect("JSON");
        let expected = serde_json::json!({
            "type": "/problems/insufficient-credits",
            "title": "Insufficient credits",
            "status": 402,
            "detail": "too little",
            "instance": "/v1/x",
            "code": "insufficient-credits",
            "request_id": "r-1",
            "error": "Insufficient credits",
            "available": "30",
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn who_may_try_again_is_told_when() {
        for entry in CODES {
            let response = Problem::new(entry.code, "").into_response();
            assert_eq!(response.status().as_u16(), entry.status);
            let told = response.headers().contains_key(header::RETRY_AFTER);
            assert_eq!(told, matches!(entry.status, 429 | 503), "{}", entry.name);
            let challenged = response.headers().contains_key(header::WWW_AUTHENTICATE);
            // Who sent a wrong password is not to send a token instead.
            let expected = entry.code == Code::Unauthenticated;
            assert_eq!(challenged, expected, "{}", entry.name);
        }
    }
}
