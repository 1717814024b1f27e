//! Where the links of mails lead: `/verify-email` and `/password/reset`. Opening one does nothing yet;
//! its button does.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    browser::{Browser, site},
    login::{read, trouble},
    sent::Sent,
};
use crate::{
    http::{
        app::Shared,
        pages::{self, AskReset, ChooseReset, Message, Page, Verify, message},
    },
    identity::{
        oauth::params::Params,
        users::{Confirmed, UserError},
    },
};

const CONTESTED: &str = "Your e-mail address is confirmed. It was registered more than once, perhaps by somebody else, so no \
     password was set yet: a mail with a link to choose yours is on its way.";

/// The page to confirm an e-mail address, to which the mail leads.
#[utoipa::path(
    get, path = "/verify-email", tag = "pages", operation_id = "verify_email_page",
    params(("token" = String, Query, description = "As it was mailed")),
    responses((status = 200, description = "The page", body = String, content_type = "text/html")),
)]
pub(in crate::http) async fn show_verify(
    State(shared): State<Shared>,
    browser: Browser,
    RawQuery(query): RawQuery,
) -> Result<Response, Page> {
    let params = read(query.as_deref().unwrap_or_default())?;
    let (csrf, hidden) = (browser.csrf(&shared), [("token", text(&params, "token"))]);
    let form = pages::Form { action: "/verify-email", csrf: &csrf, hidden: &hidden };
    Ok(browser.shown(pages::verify(site(), &Verify { form })))
}

/// Confirms an e-mail address.
#[utoipa::path(
    post, path = "/verify-email", tag = "pages", operation_id = "verify_email_by_form",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`token` and `csrf` of the page"),
    responses((status = 200, description = "Confirmed", body = String, content_type = "text/html")),
)]
pub(in crate::http) async fn verify(State(shared): State<Shared>, sent: Sent) -> Result<Response, Page> {
    match shared.auth.users.verify_email(sent.text("token"), &sent.origin).await {
        Ok(Confirmed::Ready { next }) => {
            let on = match &*next {
                "" => "/login".to_owned(),
                next => format!("/login?{}", Params::default().with("next", next).to_query()),
            };
            Ok(done("Your account is ready", "Your e-mail address is confirmed.", &on))
        }
        Ok(Confirmed::Contested) => Ok(done("Check your mail", CONTESTED, "/login")),
        Err(error) => Err(gone(&error)),
    }
}

/// The page to ask for a new password or, with the token of a mail, to choose it.
#[utoipa::path(
    get, path = "/password/reset", tag = "pages", operation_id = "reset_password_page",
    params(("token" = Option<String>, Query, description = "As it was mailed")),
    responses((status = 200, description = "The page", body = String, content_type = "text/html")),
)]
pub(in crate::http) async fn show_reset(
    State(shared): State<Shared>,
    browser: Browser,
    RawQuery(query): RawQuery,
) -> Result<Response, Page> {
    let params = read(query.as_deref().unwrap_or_default())?;
    Ok(browser.shown(reset_page(&shared, &browser, &params, None)))
}

/// Mails a link to a new password or, with the token of that mail, sets it.
#[utoipa::path(
    post, path = "/password/reset", tag = "pages", operation_id = "reset_password_by_form",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`email`, or `token` and `password`, and `csrf` of the page"),
    responses((status = 200, description = "Done, or a mail is on its way", body = String, content_type = "text/html")),
)]
pub(in crate::http) async fn reset(State(shared): State<Shared>, sent: Sent) -> Result<Response, Page> {
    let (users, origin, token) = (&shared.auth.users, &sent.origin, sent.text("token"));
    let asks = token.is_empty();
    let result = match asks {
        true => users.ask_reset(sent.text("email"), origin).await,
        false => users.reset_password(token, sent.text("password"), origin).await,
    };
    match result {
        Ok(()) if asks => Ok(done(
            "Check your mail",
            "If this address has an account, a mail with a link is on its way.",
            "/login",
        )),
        Ok(()) => Ok(done("Your password is changed", "All devices are signed out.", "/login")),
        Err(error @ UserError::InvalidLink) => Err(gone(&error)),
        Err(error) => {
            let (complaint, status) = trouble(&error);
            let page = reset_page(&shared, &sent.browser, &sent.form, Some(&complaint)).with_status(status);
            Ok(sent.browser.shown(page))
        }
    }
}

fn reset_page(shared: &Shared, browser: &Browser, params: &Params, complaint: Option<&str>) -> Page {
    let (csrf, token) = (browser.csrf(shared), text(params, "token"));
    let action = "/password/reset";
    if token.is_empty() {
        let form = pages::Form { action, csrf: &csrf, hidden: &[] };
        let view = AskReset { form, email: text(params, "email"), complaint, login: "/login" };
        return pages::ask_reset(site(), &view);
    }
    let hidden = [("token", token)];
    let form = pages::Form { action, csrf: &csrf, hidden: &hidden };
    pages::choose_reset(site(), &ChooseReset { form, complaint })
}

fn text<'a>(params: &'a Params, name: &'static str) -> &'a str {
    params.optional(name).ok().flatten().unwrap_or_default()
}

fn done(title: &str, text: &str, on: &str) -> Response {
    let on = Some((on, "Sign in"));
    message(site(), &Message { title, text, good: true, request: None, on }).into_response()
}

fn gone(error: &UserError) -> Page {
    let (text, status) = trouble(error);
    let on = Some(("/login", "Back to sign in"));
    let view = Message { title: "This link cannot be used", text: &text, good: false, request: None, on };
    message(site(), &view).with_status(if status == StatusCode::UNAUTHORIZED {
        StatusCode::BAD_REQUEST
    } else {
        status
    })
}
