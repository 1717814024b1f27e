//! Something to tell, good or bad, perhaps with a way on.

use maud::html;

use super::{Page, Site, parts::tick};

/// What is told.
#[derive(Debug)]
pub struct Message<'a> {
    /// In a few words.
    pub title: &'a str,
    /// In one or two sentences.
    pub text: &'a str,
    /// Whether something succeeded.
    pub good: bool,
    /// The id of the request, for whoever is asked for help.
    pub request: Option<&'a str>,
    /// Where to go on: a link and its words.
    pub on: Option<(&'a str, &'a str)>,
}

/// The page that tells it.
pub fn message(site: Site<'_>, view: &Message<'_>) -> Page {
    let body = html! {
        div.card role=[(!view.good).then_some("alert")] {
            @if view.good { (tick()) }
            h1 { (view.title) }
            p.lead { (view.text) }
            @if let Some(request) = view.request { p.soft { "Request " code { (request) } } }
            @if let Some((href, words)) = view.on { a.button href=(href) { (words) } }
        }
    };
    Page::new(site, view.title, &body)
}
