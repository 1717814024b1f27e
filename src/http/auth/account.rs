//! `/account`: where one is signed in, and which apps may use the account.

use axum::{extract::State, http::StatusCode, response::Response};
use events::{AppId, SessionId, Time, UserId};

use super::{
    browser::{self, Browser, see_other, site, told},
    login,
    sent::Sent,
};
use crate::{
    http::{
        app::Shared,
        pages::{self, Account, AskingApp, ConnectedApp, Page},
    },
    identity::{Scope, browsers::SignedIn, users::UserError},
};

const PATH: &str = "/account";

/// The page of one's own account.
#[utoipa::path(
    get, path = "/account", tag = "pages", operation_id = "account_page",
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 303, description = "To the page to sign in"),
    ),
)]
pub(in crate::http) async fn show(State(shared): State<Shared>, browser: Browser) -> Result<Response, Page> {
    let Some(signed_in) = &browser.signed_in else { return Ok(login::first(PATH, None)) };
    let page = page(&shared, &browser, signed_in).await.map_err(|error| failed(&error))?;
    Ok(browser.shown(page))
}

/// Ends one session.
#[utoipa::path(
    post, path = "/account/sessions/end", tag = "pages", operation_id = "end_session_on_page",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`session` and `csrf` of the page"),
    responses((status = 303, description = "To the account")),
)]
pub(in crate::http) async fn end(State(shared): State<Shared>, sent: Sent) -> Result<Response, Page> {
    let Some(signed_in) = &sent.browser.signed_in else { return Ok(login::first(PATH, None)) };
    let named = sent.text("session").parse::<SessionId>();
    let Ok(session) = named else { return Ok(see_other(PATH)) };
    let (user, users) = (signed_in.user.id, &shared.auth.users);
    match users.end_session(user, session, "logout", &sent.origin).await {
        Ok(()) | Err(UserError::NotFound) => Ok(see_other(PATH)),
        Err(error) => Err(failed(&error)),
    }
}

/// Ends every session.
#[utoipa::path(
    post, path = "/account/sessions/end-all", tag = "pages", operation_id = "end_all_sessions_on_page",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`csrf` of the page"),
    responses((status = 303, description = "To the page to sign in")),
)]
pub(in crate::http) async fn end_all(State(shared): State<Shared>, sent: Sent) -> Result<Response, Page> {
    if let Some(signed_in) = &sent.browser.signed_in {
        let (user, users) = (signed_in.user.id, &shared.auth.users);
        let ended = users.end_sessions(user, "logout-everywhere", by(user), &sent.origin).await;
        ended.map_err(|error| failed(&error))?;
    }
    let mut response = see_other("/login");
    browser::sign_out(&mut response);
    Ok(response)
}

/// Takes an app's access away.
#[utoipa::path(
    post, path = "/account/apps/disconnect", tag = "pages", operation_id = "disconnect_app_on_page",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "`app` and `csrf` of the page"),
    responses((status = 303, description = "To the account")),
)]
pub(in crate::http) async fn disconnect(State(shared): State<Shared>, sent: Sent) -> Result<Response, Page> {
    let Some(signed_in) = &sent.browser.signed_in else { return Ok(login::first(PATH, None)) };
    let named = sent.text("app").parse::<AppId>();
    let Ok(app) = named else { return Ok(see_other(PATH)) };
    match shared.auth.users.revoke_access(signed_in.user.id, app, &sent.origin).await {
        Ok(()) | Err(UserError::NotFound) => Ok(see_other(PATH)),
        Err(error) => Err(failed(&error)),
    }
}

/// One session as it is shown.
struct Row {
    id: String,
    device: String,
    address: String,
    since: String,
    this: bool,
}

async fn page(shared: &Shared, browser: &Browser, signed_in: &SignedIn) -> Result<Page, UserError> {
    let (user, users) = (signed_in.user.id, &shared.auth.users);
    let account = users.account(user).await?;
    let rows: Vec<_> = users
        .sessions(user)
        .await?
        .into_iter()
        .map(|listed| Row {
            id: listed.id.to_string(),
            device: device(&listed.session.agent),
            address: listed.session.address.map(|address| address.to_string()).unwrap_or_default(),
            since: moment(listed.session.started),
            this: listed.id == signed_in.session,
        })
        .collect();
    let sessions: Vec<_> = rows
        .iter()
        .map(|row| pages::SignedIn {
            id: &row.id,
            device: &row.device,
            address: &row.address,
            since: &row.since,
            this: row.this,
        })
        .collect();
    let apps = connected(shared, user);
    let apps: Vec<_> = apps.iter().map(App::shown).collect();
    let csrf = browser.csrf(shared);
    let view = Account {
        form: pages::Form { action: "", csrf: &csrf, hidden: &[] },
        name: account.profile.name.as_deref().unwrap_or("Your account"),
        email: &account.profile.email,
        verified: signed_in.user.verified,
        notice: None,
        sessions: &sessions,
        apps: &apps,
        end_session: "/account/sessions/end",
        end_all: "/account/sessions/end-all",
        logout: "/logout",
        disconnect: "/account/apps/disconnect",
    };
    Ok(pages::account(site(), &view))
}

/// An app that may use the account.
struct App {
    id: String,
    name: Box<str>,
    domain: Option<String>,
    scopes: Vec<&'static str>,
    since: String,
}

impl App {
    fn shown(&self) -> ConnectedApp<'_> {
        let app = AskingApp { name: &self.name, domain: self.domain.as_deref() };
        ConnectedApp { id: &self.id, app, scopes: &self.scopes, since: &self.since }
    }
}

fn connected(shared: &Shared, user: UserId) -> Vec<App> {
    let identity = &shared.identity;
    let accesses = identity.apps_of(user).into_iter();
    accesses
        .filter_map(|access| {
            let client = identity.client(access.app);
            let name = match &client {
                Some(client) => client.display_name.clone(),
                None => identity.app(access.app)?.name,
            };
            let uri = client.and_then(|client| client.redirect_uris.first().cloned());
            let host = |uri: Box<str>| Some(uri.split_once("://")?.1.split(['/', '?']).next()?.to_owned());
            Some(App {
                id: access.app.to_string(),
                name,
                domain: uri.and_then(host),
                scopes: access.scopes.iter().map(Scope::as_str).collect(),
                since: moment(access.granted),
            })
        })
        .collect()
}

fn by(user: UserId) -> Option<Box<str>> {
    Some(format!("user/{user}").into())
}

fn failed(error: &UserError) -> Page {
    tracing::warn!(%error, "an account could not be shown or changed");
    let text = "Something of ours does not answer. Please try again in a moment.";
    told("Not now", text, StatusCode::SERVICE_UNAVAILABLE)
}

/// Such as `2026-11-21 23:14 UTC`.
fn moment(time: Time) -> String {
    let text = time.to_string();
    let minute = text.get(..16).unwrap_or(&text).replace('T', " ");
    format!("{minute} UTC")
}

/// What a browser says it is, in a few words.
fn device(agent: &str) -> String {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let found = |words: &[(&str, &'static str)]| {
        words.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (found(&BROWSERS), found(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) if agent.is_empty() => "an unknown device".to_owned(),
        (None, None) => agent.chars().take(40).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_told_in_a_few_words() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        let edge = format!("{chrome} Edg/140.0");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1";
        for (agent, expected) in [
            (firefox, "Firefox on Linux"),
            (chrome, "Chrome on Windows"),
            (&*edge, "Edge on Windows"),
            (phone, "Safari on iPhone"),
            ("curl/8.5.0", "curl/8.5.0"),
            ("", "an unknown device"),
        ] {
            assert_eq!(device(agent), expected);
        }
    }

    #[test]
    fn a_moment_is_told_by_the_minute() {
        assert_eq!(moment(Time::from_micros(1_795_302_840_000_000)), "2026-11-21 23:14 UTC");
    }
}
