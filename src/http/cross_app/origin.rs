//! Whose pages may use an app's tokens: its own.

use axum::http::HeaderMap;
use events::AppId;

pub(super) use crate::http::origins::must_be_of;
use crate::http::{app::Shared, extract::Caller, problem::Problem};

/// Refuses a token or key of an app in a page of another origin. An app that is no client of the authorization
/// server has no pages.
pub(super) fn must_suit<S>(caller: &Caller<S>, headers: &HeaderMap, shared: &Shared) -> Result<(), Problem> {
    must_fit(caller.app, headers, shared)
}

/// The same of the app alone.
pub(super) fn must_fit(app: Option<AppId>, headers: &HeaderMap, shared: &Shared) -> Result<(), Problem> {
    let client = app.and_then(|app| shared.identity.client(app));
    client.map_or(Ok(()), |client| must_be_of(&client, headers, shared))
}
