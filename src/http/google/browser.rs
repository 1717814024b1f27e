//! Leading a browser elsewhere.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// Leads the browser elsewhere, by GET. The address may hold a secret.
pub(super) fn see_other(to: &str) -> Response {
    let Ok(mut to) = HeaderValue::try_from(to) else { return StatusCode::BAD_GATEWAY.into_response() };
    to.set_sensitive(true);
    let headers = [
        (header::LOCATION, to),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}
