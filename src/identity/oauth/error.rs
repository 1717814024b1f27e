//! Errors as RFC 6749 words them, with those of OpenID Connect, RFC 6750, 7009 and 8707.

use std::borrow::Cow;

/// What went wrong, for programs: the member `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// A parameter is missing, malformed or there twice (RFC 6749).
    InvalidRequest,
    /// The client is not known, or did not prove to be who it says it is (RFC 6749).
    InvalidClient,
    /// The code or refresh token is unknown, spent, expired, revoked, or another client's (RFC 6749).
    InvalidGrant,
    /// The client may not use this grant (RFC 6749).
    UnauthorizedClient,
    /// There is no such grant here (RFC 6749).
    UnsupportedGrantType,
    /// A scope is unknown, or more than the client may have (RFC 6749).
    InvalidScope,
    /// The resource is none of the client's audiences (RFC 8707).
    InvalidTarget,
    /// The user said no (RFC 6749).
    AccessDenied,
    /// Only `code` is supported (RFC 6749).
    UnsupportedResponseType,
    /// Unexpected; the log has more (RFC 6749).
    ServerError,
    /// Come back later (RFC 6749).
    TemporarilyUnavailable,
    /// The same, because the client asks too often.
    TooOften,
    /// `prompt=none`, and nobody is signed in (OpenID Connect).
    LoginRequired,
    /// `prompt=none`, and the user has not agreed (OpenID Connect).
    ConsentRequired,
    /// Request objects are not supported (OpenID Connect).
    RequestNotSupported,
    /// Nor are references to them (OpenID Connect).
    RequestUriNotSupported,
    /// The access token is missing, wrong, expired or revoked (RFC 6750).
    InvalidToken,
    /// The access token lacks a scope (RFC 6750).
    InsufficientScope,
}

impl ErrorCode {
    /// The text of the member `error`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable | Self::TooOften => "temporarily_unavailable",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
        }
    }
}

/// One occurrence of an error. The description never holds what the caller sent: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", code.as_str())]
pub struct OauthError {
    /// What went wrong, for programs.
    pub code: ErrorCode,
    /// What went wrong, for developers: printable ASCII without quotes and backslashes.
    pub description: Cow<'static, str>,
    /// After how many seconds to come back, if at all.
    pub wait_s: u32,
    /// Whether it is about a code or refresh token that was issued here: nobody makes those up.
    pub about_genuine: bool,
}

impl OauthError {
    /// An error with this code.
    #[must_use]
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into(), wait_s: 1, about_genuine: false }
    }

    const fn plain(code: ErrorCode, description: &'static str) -> Self {
        Self { code, description: Cow::Borrowed(description), wait_s: 1, about_genuine: false }
    }

    /// The same error, about a code or refresh token that was issued here.
    #[must_use]
    pub fn of_genuine(self) -> Self {
        Self { about_genuine: true, ..self }
    }

    /// [`ErrorCode::TooOften`]: after so many seconds there is room again.
    #[must_use]
    pub fn too_often(wait_s: u32) -> Self {
        Self { wait_s, ..Self::plain(ErrorCode::TooOften, "too many tokens were asked for: slow down") }
    }

    /// [`ErrorCode::InvalidRequest`].
    #[must_use]
    pub fn request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// [`ErrorCode::InvalidClient`], the same for whatever is wrong with a client's credentials.
    #[must_use]
    pub const fn client() -> Self {
        Self::plain(ErrorCode::InvalidClient, "the client is unknown or its credentials are wrong")
    }

    /// [`ErrorCode::InvalidGrant`], the same for whatever is wrong with a code or refresh token.
    #[must_use]
    pub const fn grant() -> Self {
        Self::plain(
            ErrorCode::InvalidGrant,
            "the code or token is unknown, spent, expired, revoked or not yours",
        )
    }

    /// [`ErrorCode::ServerError`].
    #[must_use]
    pub const fn server() -> Self {
        Self::plain(ErrorCode::ServerError, "an unexpected error; the log has the request id")
    }

    /// [`ErrorCode::TemporarilyUnavailable`]: what is kept cannot be reached now.
    #[must_use]
    pub const fn unavailable() -> Self {
        Self::plain(ErrorCode::TemporarilyUnavailable, "try again in a moment")
    }
}
