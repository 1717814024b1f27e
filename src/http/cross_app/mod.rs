//! `/api/cross-app/…`: what apps in browsers ask on behalf of who is signed in, on the paths of earlier
//! clients. Amounts are JSON numbers with exact text, and unknown fields are ignored.

pub(super) mod apps;
pub(super) mod auth;
pub(super) mod credits;
mod origin;
pub(super) mod tokens;
pub(super) mod users;

use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{
    app::Shared,
    extract::Text,
    problem::{Code, Problem},
};
use crate::identity::oauth::{ErrorCode, OauthError};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(apps::register))
        .routes(routes!(auth::begin_or_finish))
        .routes(routes!(tokens::validate))
        .routes(routes!(tokens::refresh))
        .routes(routes!(users::read))
        .routes(routes!(users::info))
        .routes(routes!(credits::check))
        .routes(routes!(credits::read))
        .routes(routes!(credits::consume))
}

/// An error of the authorization server as these paths tell it: the other paths of apps have problems, too.
fn fault(error: OauthError) -> Problem {
    let code = match error.code {
        ErrorCode::InvalidClient | ErrorCode::InvalidToken => Code::Unauthenticated,
        ErrorCode::InvalidGrant => Code::InvalidGrant,
        ErrorCode::TemporarilyUnavailable => Code::Unavailable,
        ErrorCode::TooOften => {
            let mut problem = Problem::new(Code::RateLimited, error.description).retry_after(error.wait_s);
            problem.extra.push(("retry_after_seconds", error.wait_s.into()));
            return problem;
        }
        ErrorCode::ServerError => Code::Internal,
        ErrorCode::InvalidRequest
        | ErrorCode::UnauthorizedClient
        | ErrorCode::UnsupportedGrantType
        | ErrorCode::InvalidScope
        | ErrorCode::InvalidTarget
        | ErrorCode::AccessDenied
        | ErrorCode::UnsupportedResponseType
        | ErrorCode::LoginRequired
        | ErrorCode::ConsentRequired
        | ErrorCode::RequestNotSupported
        | ErrorCode::RequestUriNotSupported
        | ErrorCode::InsufficientScope => Code::BadRequest,
    };
    Problem::new(code, error.description)
}

/// A secret of a request, wiped once it was used.
fn secret(text: Text<'_>) -> Zeroizing<String> {
    Zeroizing::new(text.as_ref().to_owned())
}
