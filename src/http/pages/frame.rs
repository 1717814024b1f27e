//! What every page has: the head, the brand, the one stylesheet, and headers that keep others out.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::parts::mark;
use crate::http::front::Finished;

const STYLE: &str = include_str!("style.css");
/// Copies a code; the page works without it.
pub(super) const COPY: &str = include_str!("copy.js");
/// Posts an answer to the window of an app.
pub(super) const POST: &str = include_str!("post.js");

/// The policies of pages without a script, that copy, and that post. Forms may go elsewhere in the end (Chromium holds
/// `form-action` against redirects too), so what they may be sent to is said for each page.
static POLICIES: LazyLock<[String; 3]> = LazyLock::new(|| {
    let style = source_of(STYLE);
    [None, Some(source_of(COPY)), Some(source_of(POST))].map(|script| {
        let script = script.unwrap_or_else(|| "'none'".into());
        format!("default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'")
    })
});

/// Whose pages they are.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// What the service is called, such as the host of its public URL.
    pub name: &'a str,
}

/// A page that is ready to be sent.
#[derive(Debug)]
pub struct Page {
    pub(super) html: String,
    pub(super) status: StatusCode,
    script: Option<Script>,
    /// Whether another site's window that opened it may keep in touch.
    keeps_opener: bool,
    /// The one web origin whose pages may frame it.
    framed_by: Option<Box<str>>,
    /// Further places that its forms end up at.
    targets: Vec<String>,
}

/// What runs in a page.
#[derive(Debug, Clone, Copy)]
enum Script {
    Copy = 1,
    Post,
}

impl Page {
    pub(super) fn new(site: Site<'_>, title: &str, body: &Markup) -> Self {
        Self::sized(site, title, body, None)
    }

    /// A page with room for lists.
    pub(super) fn wide(site: Site<'_>, title: &str, body: &Markup) -> Self {
        Self::sized(site, title, body, Some("wide"))
    }

    fn sized(site: Site<'_>, title: &str, body: &Markup, size: Option<&str>) -> Self {
        let html = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    meta name="color-scheme" content="light dark";
                    title { (title) " · " (site.name) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header class={ "brand" @if let Some(size) = size { " " (size) } } {
                        (mark())
                        span { (site.name) }
                    }
                    main { (body) }
                }
            }
        };
        let html = html.into_string();
        let status = StatusCode::OK;
        Self { html, status, script: None, keeps_opener: false, framed_by: None, targets: Vec::new() }
    }

    /// The same page with this status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub(super) fn that_copies(self) -> Self {
        Self { script: Some(Script::Copy), ..self }
    }

    pub(super) fn that_posts(self) -> Self {
        Self { script: Some(Script::Post), keeps_opener: true, ..self }
    }

    pub(super) fn framed_by(self, origin: &str) -> Self {
        Self { framed_by: Some(origin.into()), ..self }
    }

    /// The same page in a popup of an app that waits for a message. Any other opener policy than `unsafe-none`
    /// would part the popup from an opener of another origin for good, before there is anything to post.
    pub fn that_keeps_its_opener(self) -> Self {
        Self { keeps_opener: true, ..self }
    }

    /// A form of this page may lead to this URL in the end. Anything but a URL that a policy can name is
    /// left out.
    pub fn leading_to(mut self, url: &str) -> Self {
        self.targets.extend(origin(url));
        self
    }

    fn policy(&self) -> String {
        let fixed = &POLICIES[self.script.map_or(0, |script| script as usize)];
        let ancestors = self.framed_by.as_deref().unwrap_or("'none'");
        let mut policy = format!("{fixed}; frame-ancestors {ancestors}; form-action 'self'");
        for target in &self.targets {
            policy.push(' ');
            policy.push_str(target);
        }
        policy
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let policy = HeaderValue::try_from(self.policy());
        let policy = policy.unwrap_or(HeaderValue::from_static("default-src 'none'"));
        let fixed = HeaderValue::from_static;
        let headers = [
            (header::CONTENT_TYPE, fixed("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::REFERRER_POLICY, fixed("no-referrer")),
            (header::CACHE_CONTROL, fixed("no-store")),
            (
                header::HeaderName::from_static("cross-origin-opener-policy"),
                fixed(if self.keeps_opener { "unsafe-none" } else { "same-origin-allow-popups" }),
            ),
            (header::HeaderName::from_static("cross-origin-resource-policy"), fixed("same-origin")),
            (
                header::HeaderName::from_static("permissions-policy"),
                fixed("camera=(), geolocation=(), microphone=(), payment=()"),
            ),
        ];
        // It cannot name an origin, so the policy alone speaks for a page that may be framed.
        let unframed = self.framed_by.is_none().then(|| [(header::X_FRAME_OPTIONS, fixed("DENY"))]);
        let mut response = (self.status, headers, unframed, self.html).into_response();
        response.extensions_mut().insert(Finished);
        response
    }
}

/// Scheme and host of a URL, or the scheme alone of one without a host, as a policy names it.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once(':')?;
    let named = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let host = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', '#', '\\']).next());
    let host = host.filter(|host| !host.is_empty());
    let plain = |host: &str| host.chars().all(|c| c.is_ascii_alphanumeric() || "-.:[]".contains(c));
    match (scheme, host) {
        _ if !named || ["javascript", "data", "blob"].contains(&scheme) => None,
        ("http" | "https", Some(host)) if plain(host) => Some(format!("{scheme}://{host}")),
        ("http" | "https", _) => None,
        _ => Some(format!("{scheme}:")),
    }
}

/// How a policy names an inline style or script: by its hash (CSP Level 3, 2.3.1).
fn source_of(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_origins_and_schemes_and_nothing_else() {
        let cases = [
            ("https://app.example/callback?x=1", Some("https://app.example")),
            ("http://127.0.0.1:8123/cb", Some("http://127.0.0.1:8123")),
            ("http://[::1]:8123/cb", Some("http://[::1]:8123")),
            ("com.example.app:/cb", Some("com.example.app:")),
            ("javascript:alert(1)", None),
            ("https://a.example; script-src *", None),
            ("https://a.example\\@b", Some("https://a.example")),
            ("https:///x", None),
            ("/relative", None),
            ("a b:c", None),
        ];
        for (url, expected) in cases {
            assert_eq!(origin(url).as_deref(), expected, "{url}");
        }
    }
}
