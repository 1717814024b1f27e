//! Where the links of mails lead. Opening one does nothing yet, because programs that look for harmful
//! pages open them as well; the button does.

use maud::html;

use super::{
    Page, Site,
    parts::{Form, complaint, email, new_password},
};

/// An address to be confirmed.
#[derive(Debug)]
pub struct Verify<'a> {
    /// The form, with the token among its hidden fields.
    pub form: Form<'a>,
}

/// The page to confirm an e-mail address.
pub fn verify(site: Site<'_>, view: &Verify<'_>) -> Page {
    let body = html! {
        div.card {
            h1 { "Confirm your e-mail address" }
            p.lead { "One click, and your account is ready." }
            form method="post" action=(view.form.action) {
                (view.form.fields())
                button type="submit" autofocus { "Confirm" }
            }
        }
    };
    Page::new(site, "Confirm your e-mail address", &body)
}

/// Somebody who forgot a password.
#[derive(Debug)]
pub struct AskReset<'a> {
    /// The form; posted with `email`.
    pub form: Form<'a>,
    /// The address, if it is known.
    pub email: &'a str,
    /// What was wrong with it.
    pub complaint: Option<&'a str>,
    /// Where to sign in.
    pub login: &'a str,
}

/// The page to ask for a new password.
pub fn ask_reset(site: Site<'_>, view: &AskReset<'_>) -> Page {
    let body = html! {
        div.card {
            h1 { "Forgotten your password?" }
            p.lead { "We send a link to your e-mail address, with which you can choose a new one." }
            (complaint(view.complaint))
            form method="post" action=(view.form.action) {
                (view.form.fields())
                (email(view.email, view.complaint.is_some()))
                button type="submit" { "Send the link" }
            }
        }
        p.below { a href=(view.login) { "Back to sign in" } }
    };
    Page::new(site, "Forgotten your password?", &body)
}

/// A new password to be chosen.
#[derive(Debug)]
pub struct ChooseReset<'a> {
    /// The form, with the token among its hidden fields; posted with `password`.
    pub form: Form<'a>,
    /// Why the last one did not do.
    pub complaint: Option<&'a str>,
}

/// The page to choose a new password.
pub fn choose_reset(site: Site<'_>, view: &ChooseReset<'_>) -> Page {
    let body = html! {
        div.card {
            h1 { "Choose a new password" }
            p.lead { "All devices are signed out when you save it." }
            (complaint(view.complaint))
            form method="post" action=(view.form.action) {
                (view.form.fields())
                (new_password(view.complaint.is_some()))
                button type="submit" { "Save password" }
            }
        }
    };
    Page::new(site, "Choose a new password", &body)
}
