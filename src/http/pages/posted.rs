//! The answer to an app whose page waits for a message: the page posts it, to that web origin only.

use std::collections::BTreeMap;

use maud::{PreEscaped, html};
use serde::Serialize;

use super::{
    Page, Site,
    frame::POST,
    parts::{AskingApp, Name},
};
use crate::identity::oauth::params::Params;

/// What is posted, and to whom.
#[derive(Debug)]
pub struct Posted<'a> {
    /// The app.
    pub app: AskingApp<'a>,
    /// The web origin of its page: nobody else gets the message, whoever opened ours.
    pub origin: &'a str,
    /// Whether its page may have ours in a frame.
    pub silent: bool,
    /// The parameters of the answer.
    pub response: &'a Params,
}

/// As draft-sakimura-oauth-wmrm has it.
#[derive(Debug, Serialize)]
struct Message<'a> {
    r#type: &'a str,
    response: BTreeMap<&'a str, &'a str>,
}

/// The page that posts it. The app closes it.
pub fn posted(site: Site<'_>, view: &Posted<'_>) -> Page {
    let message = Message { r#type: "authorization_response", response: view.response.pairs().collect() };
    // Texts in a map: nothing in it can fail to be written.
    let message = serde_json::to_string(&message).unwrap_or_default();
    let body = html! {
        div.card id="answer" data-message=(message) data-target=(view.origin) {
            h1 { "Back to " (Name(view.app.name)) }
            p.lead { "You can close this window." }
        }
        script { (PreEscaped(POST)) }
    };
    let page = Page::new(site, "Back to the app", &body).that_posts();
    if view.silent { page.framed_by(view.origin) } else { page }
}
