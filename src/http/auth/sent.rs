//! A form that a page of ours showed to this browser, and that the browser sent.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::browser::{Browser, told};
use crate::{
    http::{
        app::Shared,
        extract::{Form, Seen},
    },
    identity::{oauth::params::Params, trail::alarm, users::Origin},
};

/// Such a form. Any other is refused before a handler sees it: no other site's page acts for who is signed
/// in here.
#[derive(Debug)]
pub(in crate::http) struct Sent {
    /// The browser.
    pub(in crate::http) browser: Browser,
    /// Where it is.
    pub(in crate::http) origin: Origin,
    /// Its fields.
    pub(in crate::http) form: Params,
}

impl FromRequest<Shared> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let browser = Browser::from_request_parts(&mut parts, shared).await;
        let browser = browser.map_err(IntoResponse::into_response)?;
        let Ok(seen) = Seen::from_request_parts(&mut parts, shared).await;
        let form = Form::from_request(Request::from_parts(parts, body), shared).await;
        let Form(form) = form.map_err(IntoResponse::into_response)?;
        let token = form.optional("csrf").ok().flatten().unwrap_or_default();
        if !browser.was_shown(shared, token) {
            alarm("foreign_form", Some(seen.address));
            let text =
                "It was not sent from this browser and this page. Go back, reload the page and try again.";
            return Err(told("This form cannot be taken", text, StatusCode::FORBIDDEN).into_response());
        }
        Ok(Self { browser, origin: seen.into(), form })
    }
}

impl Sent {
    /// A field; empty when it is missing or there twice.
    pub(in crate::http) fn text(&self, name: &'static str) -> &str {
        self.form.optional(name).ok().flatten().unwrap_or_default()
    }
}
