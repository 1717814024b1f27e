//! Signing in.

use maud::html;

use super::{
    Page, Site,
    parts::{AskingApp, Form, Name, complaint, email, google, notice},
};

/// Who is asked to sign in, and where it leads.
#[derive(Debug)]
pub struct Login<'a> {
    /// The form; posted with `email` and `password`.
    pub form: Form<'a>,
    /// The app that sent them here, if one did.
    pub app: Option<AskingApp<'a>>,
    /// What they typed before.
    pub email: &'a str,
    /// Why that did not do. The same for every wrong pair of address and password.
    pub complaint: Option<&'a str>,
    /// What happened before, such as that a password was changed.
    pub notice: Option<&'a str>,
    /// Where Google is asked, if it is.
    pub google: Option<&'a str>,
    /// Where to register.
    pub register: &'a str,
    /// Where to ask for a new password.
    pub reset: &'a str,
}

/// The page to sign in.
pub fn login(site: Site<'_>, view: &Login<'_>) -> Page {
    let wrong = view.complaint.is_some();
    let body = html! {
        div.card {
            h1 { "Sign in" }
            @match &view.app {
                Some(app) => p.lead { "to continue to " strong { (Name(app.name)) } @if let Some(domain) = app.domain { " (" bdi { (domain) } ")" } },
                None => p.lead { "to see your account" },
            }
            (notice(view.notice))
            (complaint(view.complaint))
            form method="post" action=(view.form.action) {
                (view.form.fields())
                (email(view.email, wrong))
                div.field {
                    div.beside {
                        label for="password" { "Password" }
                        a href=(view.reset) { "Forgotten?" }
                    }
                    input id="password" name="password" type="password" required maxlength="1024"
                        autocomplete="current-password" autofocus[!view.email.is_empty()]
                        aria-invalid=[wrong.then_some("true")] aria-describedby=[wrong.then_some("complaint")];
                }
                button type="submit" { "Sign in" }
            }
            @if let Some(href) = view.google {
                div.or { "or" }
                a.button.plain href=(href) { (google()) "Continue with Google" }
            }
        }
        p.below { "New here? " a href=(view.register) { "Create an account" } }
    };
    Page::new(site, "Sign in", &body)
}
