//! Letting an app in.

use maud::html;

use super::{
    Page, Site,
    parts::{AskingApp, Form, Name},
    words::meaning,
};

/// What an app asks for.
#[derive(Debug)]
pub struct Consent<'a> {
    /// The form; posted with `decision`: `allow` or `deny`.
    pub form: Form<'a>,
    /// The app.
    pub app: AskingApp<'a>,
    /// Whose account it is.
    pub email: &'a str,
    /// The scopes that it asks for.
    pub scopes: &'a [&'a str],
    /// Where to sign in as somebody else.
    pub other_account: &'a str,
}

/// The page to agree or not.
pub fn consent(site: Site<'_>, view: &Consent<'_>) -> Page {
    let mut meanings: Vec<_> = view.scopes.iter().map(|scope| (*scope, meaning(scope))).collect();
    meanings.sort_by_key(|(_, meaning)| !meaning.is_some_and(|meaning| meaning.spends));
    let body = html! {
        div.card {
            (view.app.card())
            h1 { (Name(view.app.name)) " wants to use your account" }
            p.lead { "You are signed in as " strong { bdi { (view.email) } } ". " a href=(view.other_account) { "Not you?" } }
            p id="may" { "If you allow it, it may:" }
            ul.may aria-labelledby="may" {
                @for (scope, meaning) in &meanings {
                    @match meaning {
                        Some(meaning) => li.spends[meaning.spends] { (meaning.words) },
                        None => li { code { (scope) } },
                    }
                }
            }
            p.soft { "You can disconnect it at any time in your account. It never sees your password." }
            form method="post" action=(view.form.action) {
                (view.form.fields())
                div.pair {
                    button.plain type="submit" name="decision" value="deny" { "Cancel" }
                    button type="submit" name="decision" value="allow" { "Allow" }
                }
            }
        }
    };
    Page::new(site, "Allow access", &body)
}
