//! The end of a sign-in that another device or program waits for: a code to carry over.

use maud::{Markup, PreEscaped, html};

use super::{
    Page, Site,
    frame::COPY,
    parts::{AskingApp, Name, tick},
};

/// A code to be shown once.
#[derive(Debug)]
pub struct Verified<'a> {
    /// The app that it is for.
    pub app: AskingApp<'a>,
    /// Who signed in.
    pub email: &'a str,
    /// The whole of it: `VERIFIED-…`.
    pub code: &'a str,
    /// Until when it must be used first, such as `14:32 UTC`.
    pub until: &'a str,
}

/// The code, with places where a narrow screen may break it. They are no characters: what is copied is
/// whole.
fn breakable(code: &str) -> Markup {
    let (kind, letters) = code.split_at(code.find('-').map_or(0, |dash| dash + 1));
    let (first, second) = letters.split_at_checked(letters.len() / 2).unwrap_or((letters, ""));
    html! { (kind) wbr; (first) wbr; (second) }
}

/// The page with the code.
pub fn verified(site: Site<'_>, view: &Verified<'_>) -> Page {
    let app = Name(view.app.name);
    let body = html! {
        div.card {
            (tick())
            h1 { "You are signed in" }
            p.lead { "as " strong { bdi { (view.email) } } ". Take this code back to " strong { (app) }
                @if let Some(domain) = view.app.domain { " (" bdi { (domain) } ")" } ":" }
            div.code {
                code id="code" tabindex="0" aria-label="Your code" translate="no" { (breakable(view.code)) }
                button id="copy" type="button" hidden { "Copy code" }
                span.skip id="copied" role="status" {}
            }
            p { "Enter it within 10 minutes (until " (view.until) "). " (app) " is then signed in for 7 days; \
                you can end that at any time in your account." }
            p.note.warn {
                strong { "Never give this code to anybody who asks for it. " }
                "Whoever has it can spend your credits through " (app) ". If somebody sent you the link to this \
                page, close it: nothing happens without the code."
            }
        }
        script { (PreEscaped(COPY)) }
    };
    Page::new(site, "You are signed in", &body).that_copies()
}
