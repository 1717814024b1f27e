//! One's own account: where it is signed in, and which apps may use it.

use maud::{Markup, html};

use super::{
    Page, Site,
    parts::{AskingApp, Form, Name, notice},
    words::meaning,
};

/// An account as its owner sees it.
#[derive(Debug)]
pub struct Account<'a> {
    /// Carried by every form; its `action` is not used.
    pub form: Form<'a>,
    /// Its name.
    pub name: &'a str,
    /// Its address.
    pub email: &'a str,
    /// Whether the address is confirmed.
    pub verified: bool,
    /// What was done just now.
    pub notice: Option<&'a str>,
    /// Where it is signed in, the newest first.
    pub sessions: &'a [SignedIn<'a>],
    /// What may use it.
    pub apps: &'a [ConnectedApp<'a>],
    /// Where to post: a session's id is sent as `session`.
    pub end_session: &'a str,
    /// Where to post for the end of all.
    pub end_all: &'a str,
    /// Where to post for the end of this one.
    pub logout: &'a str,
    /// Where to post: an app's id is sent as `app`.
    pub disconnect: &'a str,
}

/// One session.
#[derive(Debug)]
pub struct SignedIn<'a> {
    /// Its id.
    pub id: &'a str,
    /// The device, as far as its user agent tells.
    pub device: &'a str,
    /// The address that it began from.
    pub address: &'a str,
    /// When it began.
    pub since: &'a str,
    /// Whether it is the one in which the page is shown.
    pub this: bool,
}

/// One app with access.
#[derive(Debug)]
pub struct ConnectedApp<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it is.
    pub app: AskingApp<'a>,
    /// What it may do.
    pub scopes: &'a [&'a str],
    /// Since when.
    pub since: &'a str,
}

/// The page of one's own account.
pub fn account(site: Site<'_>, view: &Account<'_>) -> Page {
    let body = html! {
        (notice(view.notice))
        section.card {
            h1 { (Name(view.name)) }
            p.lead { bdi { (view.email) } @if !view.verified { span.tag { "not confirmed" } } }
            form method="post" action=(view.logout) {
                (view.form.fields())
                button.plain.small type="submit" { "Sign out" }
            }
        }
        section.card aria-labelledby="apps" {
            h2 id="apps" { "Connected apps" }
            p.soft { "What these apps may do ends the moment you disconnect them." }
            @if view.apps.is_empty() { p { "No app is connected." } } @else {
                ul.rows { @for app in view.apps { (connected(view, app)) } }
            }
        }
        section.card aria-labelledby="sessions" {
            h2 id="sessions" { "Where you are signed in" }
            p.soft {
                "If you do not know one of these, sign it out and "
                a href="/password/reset" { "change your password" } "."
            }
            ul.rows { @for session in view.sessions { (signed_in(view, session)) } }
            form method="post" action=(view.end_all) {
                (view.form.fields())
                button.danger type="submit" { "Sign out everywhere" }
            }
        }
    };
    Page::wide(site, "Your account", &body)
}

fn connected(view: &Account<'_>, connected: &ConnectedApp<'_>) -> Markup {
    let words = connected.scopes.iter().filter_map(|scope| meaning(scope)).map(|meaning| meaning.words);
    let may = words.collect::<Vec<_>>().join(" · ");
    html! {
        li {
            div {
                strong { (Name(connected.app.name)) }
                div.soft {
                    @if let Some(domain) = connected.app.domain { bdi { (domain) } ", " }
                    "since " (connected.since)
                }
                div.soft { (may) }
            }
            form method="post" action=(view.disconnect) {
                (view.form.fields())
                input type="hidden" name="app" value=(connected.id);
                button.plain.small type="submit" { "Disconnect" span.skip { " " (Name(connected.app.name)) } }
            }
        }
    }
}

fn signed_in(view: &Account<'_>, session: &SignedIn<'_>) -> Markup {
    html! {
        li {
            div {
                strong { (Name(session.device)) }
                @if session.this { span.tag { "this device" } }
                div.soft { (session.address) ", since " (session.since) }
            }
            form method="post" action=(view.end_session) {
                (view.form.fields())
                input type="hidden" name="session" value=(session.id);
                button.plain.small type="submit" { "Sign out" span.skip { " " (Name(session.device)) } }
            }
        }
    }
}
