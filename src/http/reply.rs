//! Answers of commands and reads: a status, one buffer of JSON, few headers.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// On an answer that was given before, to an earlier request with the same key.
pub(super) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Room for most answers without growing.
const ROOM: usize = 512;

/// A JSON answer.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    body: Vec<u8>,
    replayed: bool,
    etag: Option<HeaderValue>,
}

impl Reply {
    /// This document under a status.
    pub(super) fn new(status: StatusCode, body: &impl Serialize) -> Self {
        let mut json = Vec::with_capacity(ROOM);
        let status = match serde_json::to_writer(&mut json, body) {
            Ok(()) => status,
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self { status, body: json, replayed: false, etag: None }
    }

    /// 200 with this document.
    pub(super) fn ok(body: &impl Serialize) -> Self {
        Self::new(StatusCode::OK, body)
    }

    /// 201 with this document.
    pub(super) fn created(body: &impl Serialize) -> Self {
        Self::new(StatusCode::CREATED, body)
    }

    /// Says that the answer was given before.
    pub(super) fn replayed(mut self, replayed: bool) -> Self {
        self.replayed = replayed;
        self
    }

    /// Adds the version of what is shown, as a strong entity tag.
    pub(super) fn etag(mut self, version: u64) -> Self {
        self.etag = HeaderValue::try_from(format!("\"{version}\"")).ok();
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, JSON);
        if self.replayed {
            headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        if let Some(etag) = self.etag {
            headers.insert(header::ETAG, etag);
        }
        response
    }
}
