//! `/oauth/logout`: a client ends the session (OpenID Connect RP-Initiated Logout 1.0).

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    http::{
        app::Shared,
        auth::{
            browser::{self, Browser, see_other, told},
            login, logout,
        },
        extract::{Form, Seen},
        pages::Page,
    },
    identity::{
        Client,
        oauth::params::{Params, appended},
    },
};

const PATH: &str = "/oauth/logout";
/// What a request may have.
const PARAMS: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

/// Ends the session that the ID token in `id_token_hint` came from, in every app, and leads to
/// `post_logout_redirect_uri`, which must be one of the client's registered `logout_uris`. Without a hint
/// that fits the browser the user is asked first.
#[utoipa::path(
    get, path = "/oauth/logout", tag = "oauth", operation_id = "end_session",
    params(
        ("id_token_hint" = Option<String>, Query, description = "An ID token of the session, expired or not"),
        ("client_id" = Option<String>, Query, description = "The client, when there is no hint"),
        ("post_logout_redirect_uri" = Option<String>, Query, description = "Where to go on"),
        ("state" = Option<String>, Query, description = "Given back as it came"),
    ),
    responses(
        (status = 303, description = "Signed out: back to the client"),
        (status = 200, description = "The page that asks, or that tells it", body = String, content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn by_link(
    State(shared): State<Shared>,
    browser: Browser,
    seen: Seen,
    RawQuery(query): RawQuery,
) -> Result<Response, Page> {
    let params = login::read(query.as_deref().unwrap_or_default())?;
    answer(&shared, &browser, seen, &params).await
}

/// The same by a form, which browsers send without cookies: it goes on by GET.
#[utoipa::path(
    post, path = "/oauth/logout", tag = "oauth", operation_id = "end_session_by_form",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The parameters of GET"),
    responses((status = 303, description = "To the same by GET")),
)]
pub(in crate::http) async fn by_form(Form(params): Form) -> Response {
    see_other(&format!("{PATH}?{}", params.only(&PARAMS).to_query()))
}

async fn answer(shared: &Shared, browser: &Browser, seen: Seen, params: &Params) -> Result<Response, Page> {
    let refused = |text: &str| told("This sign-out cannot be done", text, StatusCode::BAD_REQUEST);
    let read = |name| params.optional(name).map_err(|error| refused(&error.description));
    let hint = read("id_token_hint")?.map(|token| shared.auth.tokens.read_id(token)).transpose();
    let hint = hint.map_err(|_| refused("The app sent an ID token that is none of ours."))?;
    let named = read("client_id")?;
    if let (Some(hint), Some(named)) = (&hint, named)
        && *hint.aud != *named
    {
        return Err(refused("The app sent somebody else's ID token."));
    }
    let client_id = hint.as_ref().map(|hint| &*hint.aud).or(named);
    let client = client_id.and_then(|id| shared.identity.client_by_id(id));
    let aim = aim(client.as_ref(), read("post_logout_redirect_uri")?, read("state")?);
    let aim =
        aim.map_err(|()| refused("The app wants to go on at an address that is not registered for it."))?;
    if let Some(signed_in) = &browser.signed_in {
        let fits = hint.as_ref().is_some_and(|hint| hint.sub == signed_in.user.id);
        if !fits {
            return Ok(logout::ask(shared, browser));
        }
        logout::end(shared, signed_in, &seen.into()).await?;
    }
    let mut response = match aim {
        Some(uri) => see_other(&uri),
        None => logout::ended().into_response(),
    };
    browser::sign_out(&mut response);
    Ok(response)
}

/// Where to go on, with the client's state.
fn aim(client: Option<&Client>, uri: Option<&str>, state: Option<&str>) -> Result<Option<String>, ()> {
    let Some(uri) = uri else { return Ok(None) };
    let registered = client.is_some_and(|client| client.logout_uris.iter().any(|known| **known == *uri));
    if !registered {
        return Err(());
    }
    Ok(Some(match state {
        Some(state) => appended(uri, &Params::default().with("state", state)),
        None => uri.to_owned(),
    }))
}
