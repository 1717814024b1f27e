//! The browser that asks: who is signed in there, and whether a form comes from a page of ours.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};

use crate::{
    http::{
        app::Shared,
        pages::{Message, Page, Site, message},
    },
    identity::{
        browsers::{LIFETIME_S, SignedIn},
        vault::VaultError,
    },
};

const SESSION: &str = "__Host-session";
const FORM: &str = "__Host-form";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A browser, as far as its cookies tell.
#[derive(Debug)]
pub(in crate::http) struct Browser {
    /// Who is signed in.
    pub(in crate::http) signed_in: Option<SignedIn>,
    /// What forms are bound to.
    form: String,
    /// Whether the browser has that cookie already.
    known: bool,
    /// Whether the request comes from a page of ours or from no page, as far as the browser says.
    from_here: bool,
}

impl FromRequestParts<Shared> for Browser {
    type Rejection = Page;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Page> {
        let browsers = &shared.auth.browsers;
        let signed_in = match cookie(&parts.headers, SESSION) {
            Some(text) => {
                browsers.find(text, shared.clock.now()).await.map_err(|error| unavailable(&error))?
            }
            None => None,
        };
        let form = cookie(&parts.headers, FORM).filter(|text| text.len() <= 64).map(str::to_owned);
        let known = form.is_some();
        let site = parts.headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
        let from_here = matches!(site, None | Some(b"same-origin" | b"none"));
        Ok(Self { signed_in, form: form.unwrap_or_else(|| browsers.form_cookie()), known, from_here })
    }
}

impl Browser {
    /// What a form shown to this browser carries as `csrf`.
    pub(in crate::http) fn csrf(&self, shared: &Shared) -> String {
        shared.auth.browsers.form_token(&self.form)
    }

    /// An answer with a form, and the cookie that it is bound to.
    pub(in crate::http) fn shown(&self, page: impl IntoResponse) -> Response {
        let mut response = page.into_response();
        if !self.known {
            set(&mut response, FORM, &self.form, None);
        }
        response
    }

    /// Whether a page of ours showed the form with this `csrf` to this browser, which sends it itself.
    pub(super) fn was_shown(&self, shared: &Shared, csrf: &str) -> bool {
        self.from_here && self.known && shared.auth.browsers.accepts_form(&self.form, csrf)
    }
}

/// Leads the browser elsewhere, by GET.
pub(in crate::http) fn see_other(to: &str) -> Response {
    let Ok(to) = HeaderValue::try_from(to) else {
        return told("This cannot be finished", "The address is none.", StatusCode::BAD_REQUEST)
            .into_response();
    };
    let headers = [
        (header::LOCATION, to),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Gives the browser the cookie of its session.
pub(in crate::http) fn sign_in(response: &mut Response, cookie: &str) {
    set(response, SESSION, cookie, Some(LIFETIME_S));
}

/// Takes the cookie of the session away.
pub(in crate::http) fn sign_out(response: &mut Response) {
    set(response, SESSION, "", Some(0));
}

/// A page that tells what went wrong.
pub(in crate::http) fn told(title: &str, text: &str, status: StatusCode) -> Page {
    let view = Message { title, text, good: false, request: None, on: None };
    message(site(), &view).with_status(status)
}

/// Whose pages they are.
pub(in crate::http) const fn site() -> Site<'static> {
    Site { name: "Credit ledger" }
}

pub(in crate::http) fn unavailable(error: &VaultError) -> Page {
    tracing::warn!(%error, "a page could not be shown");
    let text = "Something of ours does not answer. Please try again in a moment.";
    told("Not now", text, StatusCode::SERVICE_UNAVAILABLE)
}

/// Gives the browser a cookie for this host alone, which no script sees and no other site's form sends.
/// On plain HTTP browsers take it from this machine only.
pub(in crate::http) fn set(response: &mut Response, name: &str, value: &str, seconds: Option<i64>) {
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}");
    if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// A cookie's value, when it is there once: another site's page cannot set one of that name.
pub(in crate::http) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    let value = values.next()?;
    (values.next().is_none() && !value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&'static str]) -> HeaderMap {
        lines.iter().map(|line| (header::COOKIE, HeaderValue::from_static(line))).collect()
    }

    #[test]
    fn a_cookie_is_read_when_it_is_there_once() {
        let read = |lines: &[&'static str]| cookie(&headers(lines), SESSION).map(str::to_owned);
        assert_eq!(read(&["a=1; __Host-session=x; b=2"]).as_deref(), Some("x"));
        assert_eq!(read(&["a=1", "__Host-session=x=y"]).as_deref(), Some("x=y"));
        for none in
            ["", "session=x", "__host-session=x", "__Host-session=", "__Host-session=x; __Host-session=y"]
        {
            assert_eq!(read(&[none]), None, "{none}");
        }
    }

    #[test]
    fn cookies_are_for_this_host_alone() {
        let mut response = Response::default();
        sign_in(&mut response, "clb_x");
        sign_out(&mut response);
        let set: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(set[0], "__Host-session=clb_x; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=2592000");
        assert_eq!(set[1], "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
        assert!(set[0].is_sensitive());
    }
}
