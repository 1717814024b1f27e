//! Registering.

use maud::html;

use super::{
    Page, Site,
    parts::{AskingApp, Form, Name, complaint, email, google, new_password},
};

/// A new account to be made.
#[derive(Debug)]
pub struct Register<'a> {
    /// The form; posted with `name`, `email` and `password`.
    pub form: Form<'a>,
    /// The app that sent them here, if one did.
    pub app: Option<AskingApp<'a>>,
    /// The name that they typed before.
    pub name: &'a str,
    /// The address that they typed before.
    pub email: &'a str,
    /// Why that did not do. Never that the address has an account.
    pub complaint: Option<&'a str>,
    /// Where Google is asked, if it is.
    pub google: Option<&'a str>,
    /// Where to sign in.
    pub login: &'a str,
}

/// The page to register.
pub fn register(site: Site<'_>, view: &Register<'_>) -> Page {
    let body = html! {
        div.card {
            h1 { "Create an account" }
            @match &view.app {
                Some(app) => p.lead { "for " strong { (Name(app.name)) } " and every other app of " (site.name) },
                None => p.lead { "One account for all apps of " (site.name) },
            }
            (complaint(view.complaint))
            form method="post" action=(view.form.action) {
                (view.form.fields())
                div.field {
                    label for="name" { "Your name" }
                    input id="name" name="name" type="text" value=(view.name) maxlength="100" required
                        autocomplete="name" autofocus[view.name.is_empty()];
                }
                (email(view.email, false))
                (new_password(view.complaint.is_some()))
                button type="submit" { "Create account" }
            }
            @if let Some(href) = view.google {
                div.or { "or" }
                a.button.plain href=(href) { (google()) "Continue with Google" }
            }
        }
        p.below { "You have an account? " a href=(view.login) { "Sign in" } }
    };
    Page::new(site, "Create an account", &body)
}
