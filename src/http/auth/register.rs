//! `/register`: the page to create an account, and the form.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    browser::{Browser, see_other, site},
    login::{aim, asking, by_google, read, trouble},
    sent::Sent,
};
use crate::{
    http::{
        app::Shared,
        oauth::Addressed,
        pages::{self, Message, Page, Register, message},
    },
    identity::{
        DEFAULT_ORGANIZATION,
        oauth::params::Params,
        users::{Registration, UserError},
    },
};

/// The most of an app's request that is kept until the mail's link is opened.
const NEXT_BYTES_MAX: usize = 4_096;

/// The page to create an account.
#[utoipa::path(
    get, path = "/register", tag = "pages", operation_id = "register_page",
    params(("next" = Option<String>, Query, description = "What brought somebody here: a path of ours")),
    responses((status = 200, description = "The page", body = String, content_type = "text/html")),
)]
pub(in crate::http) async fn show(
    State(shared): State<Shared>,
    browser: Browser,
    RawQuery(query): RawQuery,
) -> Result<Response, Page> {
    let params = read(query.as_deref().unwrap_or_default())?;
    let page = page(&shared, &browser, &aim(&params), ("", ""), None);
    Ok(browser.shown(page))
}

/// Creates an account. Whether the address has one already is told to the address alone.
#[utoipa::path(
    post, path = "/register", tag = "pages", operation_id = "register_by_form",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`name`, `email`, `password`, `next` and `csrf` of the page"),
    responses((status = 200, description = "A mail is on its way", body = String, content_type = "text/html")),
)]
pub(in crate::http) async fn take(State(shared): State<Shared>, sent: Sent) -> Result<Response, Page> {
    let text = |name| sent.text(name);
    let aim = aim(&sent.form);
    let asking = asking(&shared, &aim);
    let home = shared.identity.organization_by_name(DEFAULT_ORGANIZATION).map(|org| org.id);
    let org = asking.as_ref().map(|asking| asking.client.org).or(home);
    let registered = match org {
        Some(org) => {
            let (email, password, name) = (text("email"), text("password"), Some(text("name")));
            let app = asking.as_ref().map(|asking| asking.client.app);
            // Whoever comes from an app goes back there with the mail's link.
            let next = if app.is_some() && aim.len() <= NEXT_BYTES_MAX { &aim } else { "" };
            let registration = Registration { email, password, name, org, app, next };
            shared.auth.users.register(registration, &sent.origin).await
        }
        None => Err(UserError::Failed),
    };
    if let Err(error) = registered {
        let (complaint, status) = trouble(&error);
        let page = page(&shared, &sent.browser, &aim, (text("name"), text("email")), Some(&complaint));
        return Ok(sent.browser.shown(page.with_status(status)));
    }
    let told = "If this address can be used, a mail with a link is on its way. Open the link, then sign in.";
    let back = format!("/login?{}", Params::default().with("next", &aim).to_query());
    let on = Some((back.as_str(), "Back to sign in"));
    let view = Message { title: "Check your mail", text: told, good: true, request: None, on };
    Ok(on_the_way(asking.as_ref(), message(site(), &view)).with_status(StatusCode::OK).into_response())
}

fn on_the_way(asking: Option<&Addressed>, page: Page) -> Page {
    match asking {
        Some(asking) => asking.on_the_way(page),
        None => page,
    }
}

fn page(
    shared: &Shared,
    browser: &Browser,
    aim: &str,
    (name, email): (&str, &str),
    complaint: Option<&str>,
) -> Page {
    let csrf = browser.csrf(shared);
    let hidden = [("next", aim)];
    let asking = asking(shared, aim);
    let google = by_google(shared, aim);
    let view = Register {
        form: pages::Form { action: "/register", csrf: &csrf, hidden: &hidden },
        app: asking.as_ref().map(Addressed::shown),
        name,
        email,
        complaint,
        google: google.as_deref(),
        login: &format!("/login?{}", Params::default().with("next", aim).to_query()),
    };
    on_the_way(asking.as_ref(), pages::register(site(), &view))
}

/// Sends somebody who has no account yet to make one, and then on.
pub(in crate::http) fn first(next: &str) -> Response {
    see_other(&format!("/register?{}", Params::default().with("next", next).to_query())).into_response()
}
