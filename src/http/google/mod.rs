//! Signing in with Google: the browser's way there and back, and the codes that come of it.

mod browser;
mod sign_in;
mod verify_session;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::app::Shared;

/// The handlers with their documentation.
pub(super) fn documented() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(sign_in::begin))
        .routes(routes!(sign_in::enter))
        .routes(routes!(sign_in::finish))
        .routes(routes!(sign_in::finish_v1))
        .routes(routes!(sign_in::exchange))
        .routes(routes!(verify_session::verify))
}
