//! `/logout`: the browser's session ends, in every app.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    browser::{self, Browser, site, told},
    sent::Sent,
};
use crate::{
    http::{
        app::Shared,
        pages::{self, Message, Page, message},
    },
    identity::{
        browsers::SignedIn,
        users::{Origin, UserError},
    },
};

/// Asks whether to sign out: a link alone ends no session.
#[utoipa::path(
    get, path = "/logout", tag = "pages", operation_id = "logout_page",
    responses((status = 200, description = "The page that asks", body = String, content_type = "text/html")),
)]
pub(in crate::http) async fn show(State(shared): State<Shared>, browser: Browser) -> Response {
    match &browser.signed_in {
        Some(_) => ask(&shared, &browser),
        None => ended().into_response(),
    }
}

/// Signs out.
#[utoipa::path(
    post, path = "/logout", tag = "pages", operation_id = "logout_by_form",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf` of the page"),
    responses((status = 200, description = "Signed out", body = String, content_type = "text/html")),
)]
pub(in crate::http) async fn take(State(shared): State<Shared>, sent: Sent) -> Result<Response, Page> {
    if let Some(signed_in) = &sent.browser.signed_in {
        end(&shared, signed_in, &sent.origin).await?;
    }
    let mut response = ended().into_response();
    browser::sign_out(&mut response);
    Ok(response)
}

/// Asks whether to sign out.
pub(in crate::http) fn ask(shared: &Shared, browser: &Browser) -> Response {
    let csrf = browser.csrf(shared);
    let form = pages::Form { action: "/logout", csrf: &csrf, hidden: &[] };
    browser.shown(pages::sign_out(site(), &form))
}

/// Ends the session.
pub(in crate::http) async fn end(shared: &Shared, signed_in: &SignedIn, origin: &Origin) -> Result<(), Page> {
    let (user, session) = (signed_in.user.id, signed_in.session);
    let ended = match shared.auth.users.end_session(user, session, "logout", origin).await {
        // Its row has expired, and the browser knows it still.
        Err(UserError::NotFound) => {
            let by = Some(format!("user/{user}").into());
            shared.identity.revoke_session(user, session, None, "logout", by).await.map_err(UserError::from)
        }
        ended => ended,
    };
    if let Err(error) = ended {
        tracing::warn!(%error, "a session could not be ended");
        let text = "Your session could not be ended. Please try again in a moment.";
        return Err(told("Not now", text, StatusCode::SERVICE_UNAVAILABLE));
    }
    let forgotten = shared.auth.browsers.forget(signed_in, shared.clock.now()).await;
    forgotten.map_err(|error| browser::unavailable(&error))
}

/// Says that it is over.
pub(in crate::http) fn ended() -> Page {
    let text = "You are signed out here and in every app that you used with this account in this browser. Apps that \
                you let work while you are away stay connected, until you disconnect them in your account.";
    let on = Some(("/login", "Sign in again"));
    message(site(), &Message { title: "Signed out", text, good: true, request: None, on })
}
