//! Errors as OAuth clients see them: RFC 6749 section 5.2, RFC 6750 section 3.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    http::front::Finished,
    identity::oauth::{ErrorCode, OauthError},
};

const BASIC: HeaderValue = HeaderValue::from_static("Basic realm=\"oauth\", charset=\"UTF-8\"");

/// An error of an OAuth endpoint, ready to be sent.
#[derive(Debug)]
pub(in crate::http) struct OauthProblem {
    error: OauthError,
    status: StatusCode,
    /// Whether the request showed no token at all: then the header names no error (RFC 6750 section 3.1).
    bare: bool,
}

/// An OAuth error.
#[derive(Debug, Serialize)]
struct OauthErrorBody<'a> {
    error: &'a str,
    error_description: &'a str,
}

impl OauthProblem {
    /// An error with another status than its code has.
    pub(in crate::http) const fn of(error: OauthError, status: StatusCode) -> Self {
        Self { error, status, bare: false }
    }

    /// The answer to a request without a token where one is needed.
    pub(in crate::http) fn without_token() -> Self {
        let text = "send an access token as Authorization: Bearer";
        Self { bare: true, ..OauthError::new(ErrorCode::InvalidToken, text).into() }
    }
}

impl From<OauthError> for OauthProblem {
    fn from(error: OauthError) -> Self {
        let status = status(error.code);
        Self { error, status, bare: false }
    }
}

const fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidClient | ErrorCode::InvalidToken => StatusCode::UNAUTHORIZED,
        ErrorCode::InsufficientScope | ErrorCode::AccessDenied => StatusCode::FORBIDDEN,
        ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::TooOften => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::InvalidRequest
        | ErrorCode::InvalidGrant
        | ErrorCode::UnauthorizedClient
        | ErrorCode::UnsupportedGrantType
        | ErrorCode::InvalidScope
        | ErrorCode::InvalidTarget
        | ErrorCode::UnsupportedResponseType
        | ErrorCode::LoginRequired
        | ErrorCode::ConsentRequired
        | ErrorCode::RequestNotSupported
        | ErrorCode::RequestUriNotSupported => StatusCode::BAD_REQUEST,
    }
}

impl IntoResponse for OauthProblem {
    fn into_response(self) -> Response {
        let Self { error, status, bare } = self;
        let (code, description) = (error.code.as_str(), &*error.description);
        let mut response =
            (status, Json(OauthErrorBody { error: code, error_description: description })).into_response();
        let headers = response.headers_mut();
        if error.code == ErrorCode::InvalidClient {
            headers.insert(header::WWW_AUTHENTICATE, BASIC);
        }
        if matches!(error.code, ErrorCode::InvalidToken | ErrorCode::InsufficientScope) {
            let challenge = format!("Bearer error=\"{code}\", error_description=\"{description}\"");
            let challenge = HeaderValue::try_from(challenge).ok().filter(|_| !bare);
            headers.insert(header::WWW_AUTHENTICATE, challenge.unwrap_or(HeaderValue::from_static("Bearer")));
        }
        if matches!(status.as_u16(), 429 | 503) {
            headers.insert(header::RETRY_AFTER, error.wait_s.into());
        }
        response.extensions_mut().insert(Finished);
        response
    }
}
