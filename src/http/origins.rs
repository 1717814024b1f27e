//! Pages of which web origins may read answers: those in the settings every answer, and those of an app
//! what apps ask. Requests with a cookie are never answered to other origins.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Request, header},
};

use super::{
    app::Shared,
    problem::{Code, Problem},
};
use crate::identity::Client;

/// Paths that apps call from their own pages, with a token or without any credential: nothing that a
/// cookie opens.
const OF_APPS: [&str; 8] = [
    "/api/cross-app/",
    "/api/mcp/",
    "/api/auth/groups",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/userinfo",
    "/oauth/jwks",
    "/.well-known/",
];

/// Whether the page that asks may read the answer.
pub(super) fn trusts(request: &Request<Body>, shared: &Shared) -> bool {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return false };
    let configured = shared.options.cors_origins.iter().any(|known| known == origin || known == "*");
    let of_apps = || OF_APPS.iter().any(|path| request.uri().path().starts_with(path));
    configured || (of_apps() && is_of_an_app(origin, shared))
}

fn is_of_an_app(origin: &HeaderValue, shared: &Shared) -> bool {
    origin.to_str().is_ok_and(|origin| shared.identity.is_origin_of_a_client(origin))
}

/// Refuses a browser that shows a page of another origin than the app's own, this service's and those in the
/// settings. Who is no browser sends no `Origin`.
pub(super) fn must_be_of(client: &Client, headers: &HeaderMap, shared: &Shared) -> Result<(), Problem> {
    let mut said = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = said.next() else { return Ok(()) };
    let registered = client.origins.iter().any(|known| known.as_bytes() == origin.as_bytes());
    let configured = shared.options.cors_origins.iter().any(|known| known == origin);
    let own = || origin.as_bytes() == shared.auth.issuer().as_bytes();
    if said.next().is_none() && (registered || configured || own()) {
        return Ok(());
    }
    let detail = "the app is not registered for the web origin that this request comes from";
    Err(Problem::new(Code::OriginNotAllowed, detail))
}
