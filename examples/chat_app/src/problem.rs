//! What goes wrong, as problem documents (RFC 9457).

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An answer other than the one that was asked for.
#[derive(Debug)]
pub(crate) enum Problem {
    /// Our own.
    Own(StatusCode, &'static str),
    /// The ledger's, handed on as it is.
    Passed(StatusCode, String),
}

impl Problem {
    pub(crate) const fn bad_request(detail: &'static str) -> Self {
        Self::Own(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) const fn unauthenticated(detail: &'static str) -> Self {
        Self::Own(StatusCode::UNAUTHORIZED, detail)
    }

    pub(crate) const fn forbidden(detail: &'static str) -> Self {
        Self::Own(StatusCode::FORBIDDEN, detail)
    }

    /// Of another organization, or not there at all: nobody learns which.
    pub(crate) const fn no_group() -> Self {
        Self::Own(StatusCode::NOT_FOUND, "there is no such group")
    }

    pub(crate) const fn unavailable(detail: &'static str) -> Self {
        Self::Own(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the database failed");
        Self::unavailable("messages can't be kept or read now")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::Own(status, detail) => {
                let title = status.canonical_reason().unwrap_or_default();
                let body = json!({
                    "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail,
                });
                (status, body.to_string())
            }
            Self::Passed(status, body) => (status, body),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
