//! Which web origins may use an app: exactly those that it registered.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::{
    http::{
        app::Shared,
        extract::Caller,
        problem::{Code, Problem},
    },
    identity::Client,
};

/// Refuses a browser that shows a page of another origin than the app's own and this service's. Who is no
/// browser sends no `Origin`.
pub(super) fn must_be_of(client: &Client, headers: &HeaderMap, shared: &Shared) -> Result<(), Problem> {
    let mut said = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = said.next() else { return Ok(()) };
    let own = shared.auth.settings.public_url.as_bytes();
    let registered = client.origins.iter().any(|known| known.as_bytes() == origin.as_bytes());
    if said.next().is_none() && (registered || origin.as_bytes() == own) {
        return Ok(());
    }
    let detail = "the app is not registered for the web origin that this request comes from";
    Err(Problem::new(Code::OriginNotAllowed, detail))
}

/// The same for whoever has proved to be an app: one that is no client of the authorization server has no pages.
pub(super) fn must_suit<S>(caller: &Caller<S>, headers: &HeaderMap, shared: &Shared) -> Result<(), Problem> {
    let client = caller.app.and_then(|app| shared.identity.client(app));
    client.map_or(Ok(()), |client| must_be_of(&client, headers, shared))
}

/// Whether a browser may show a page of this origin the answers of paths that apps call: any app registered it.
pub(in crate::http) fn allows(origin: &HeaderValue, shared: &Shared) -> bool {
    origin.to_str().is_ok_and(|origin| shared.identity.is_origin_of_a_client(origin))
}
