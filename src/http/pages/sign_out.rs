//! Asking whether to sign out.

use maud::html;

use super::{Page, Site, parts::Form};

/// The page to sign out.
pub fn sign_out(site: Site<'_>, form: &Form<'_>) -> Page {
    let body = html! {
        div.card {
            h1 { "Sign out?" }
            p.lead { "It ends your session here and in every app that you use with this account in this browser." }
            p.soft { "Apps that you let work while you are away stay connected; your account lists them." }
            form method="post" action=(form.action) {
                (form.fields())
                button type="submit" { "Sign out" }
            }
        }
        p.below { a href="/account" { "Stay signed in" } }
    };
    Page::new(site, "Sign out", &body)
}
