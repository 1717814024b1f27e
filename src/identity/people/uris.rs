//! What a client may register about itself.

use std::collections::BTreeMap;

use reqwest::Url;
use uuid::Uuid;

use super::Client;
use crate::identity::users::FIRST_PARTY;

/// The most texts of one kind that a client may have.
const TEXTS_MAX: usize = 32;
/// The longest of them, in bytes.
const TEXT_BYTES_MAX: usize = 512;

/// What is wrong with a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientFault {
    /// Not a client id: see [`is_client_id`].
    #[error("a client id has 3 to 64 letters, digits, dashes, underscores and dots, and is no UUID")]
    Id,
    /// A client keeps its id.
    #[error("a client keeps its id")]
    IdFixed,
    /// Not a grant type.
    #[error("{0:?} is no grant type: authorization_code, refresh_token or client_credentials")]
    Grant(Box<str>),
    /// A client without secrets acts for itself.
    #[error("client_credentials needs a confidential client")]
    Public,
    /// A public client is given a secret.
    #[error("a public client has no secrets")]
    NoSecrets,
    /// Not an address to lead back to.
    #[error(
        "{0:?} can't be led back to: an absolute https URL, http on the loopback interface, or a private scheme with a dot; without fragment, user and wildcard"
    )]
    Uri(Box<str>),
    /// Not a web origin.
    #[error("{0:?} is no web origin such as https://app.example")]
    Origin(Box<str>),
    /// Not a key for `return_to`.
    #[error("{0:?} is no key: 1 to 32 of a-z, 0-9, - and _")]
    Key(Box<str>),
    /// Not an audience.
    #[error("{0:?} is no audience: printable, without spaces")]
    Audience(Box<str>),
    /// Not a name to show.
    #[error("a display name has 1 to 64 letters, digits, spaces, dashes, underscores and dots")]
    DisplayName,
    /// Too much of it.
    #[error("a client has at most {TEXTS_MAX} of each, of at most {TEXT_BYTES_MAX} bytes")]
    TooMuch,
}

/// Whether a text can be a client's public name: 3 to 64 letters, digits, `-`, `_` and `.`, and never a
/// UUID, so that no client is taken for a user, nor the name under which users sign in here.
#[must_use]
pub fn is_client_id(text: &str) -> bool {
    (3..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && Uuid::try_parse(text).is_err()
        && text != FIRST_PARTY
}

/// Whether everything about the client is as it may be.
pub(super) fn check(client: &Client) -> Result<(), ClientFault> {
    if !is_client_id(&client.client_id) {
        return Err(ClientFault::Id);
    }
    if !crate::identity::is_name(&client.display_name) {
        return Err(ClientFault::DisplayName);
    }
    let lists =
        [&client.grants, &client.redirect_uris, &client.logout_uris, &client.origins, &client.audiences];
    if lists.iter().any(|list| is_too_much(list.iter())) || is_too_much(client.return_to.values()) {
        return Err(ClientFault::TooMuch);
    }
    let known = |grant: &str| matches!(grant, "authorization_code" | "refresh_token" | "client_credentials");
    each(&client.grants, known, ClientFault::Grant)?;
    if !client.confidential && client.grants.iter().any(|grant| &**grant == "client_credentials") {
        return Err(ClientFault::Public);
    }
    each(client.redirect_uris.iter().chain(&client.logout_uris), leads_back, ClientFault::Uri)?;
    each(&client.origins, is_origin, ClientFault::Origin)?;
    let is_audience = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    each(&client.audiences, is_audience, ClientFault::Audience)?;
    return_to(&client.return_to)
}

fn return_to(keys: &BTreeMap<Box<str>, Box<str>>) -> Result<(), ClientFault> {
    let is_key = |key: &str| {
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        (1..=32).contains(&key.len()) && key.bytes().all(fits)
    };
    each(keys.keys(), is_key, ClientFault::Key)?;
    each(keys.values(), leads_back, ClientFault::Uri)
}

fn is_too_much<'a>(mut texts: impl ExactSizeIterator<Item = &'a Box<str>>) -> bool {
    texts.len() > TEXTS_MAX || texts.any(|text| text.len() > TEXT_BYTES_MAX)
}

fn each<'a>(
    texts: impl IntoIterator<Item = &'a Box<str>>,
    fits: impl Fn(&str) -> bool,
    fault: impl FnOnce(Box<str>) -> ClientFault,
) -> Result<(), ClientFault> {
    texts.into_iter().find(|text| !fits(text)).map_or(Ok(()), |text| Err(fault(text.clone())))
}

/// Reads a URL that has one reading only: browsers mend what others take as it is.
fn plain(text: &str) -> Option<Url> {
    let is_plain =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'*' | b'#' | b'"' | b'<' | b'>');
    let url = Url::parse(text).ok().filter(|_| text.bytes().all(is_plain))?;
    // Dot segments, upper case in the host, a default port and the like would be written otherwise.
    let is_written_so = url.as_str() == text || url.as_str().strip_suffix('/') == Some(text);
    let has_user = !url.username().is_empty() || url.password().is_some();
    (is_written_so && !has_user).then_some(url)
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))
}

/// Whether a browser may be led to this address.
fn leads_back(text: &str) -> bool {
    plain(text).is_some_and(|url| match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(&url),
        // The reverse of a domain that the app's maker has (RFC 8252), as for no scheme of a browser.
        private => private.contains('.') && !url.has_host(),
    })
}

/// Whether the text is a web origin: scheme, host and at most a port, as browsers write it.
fn is_origin(text: &str) -> bool {
    plain(text).is_some_and(|url| {
        let is_web = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
        is_web && url.origin().ascii_serialization() == text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_short_plain_and_no_uuid() {
        for id in ["chat-api-service", "svc_k5", "a.b", &"x".repeat(64)] {
            assert!(is_client_id(id), "{id}");
        }
        let uuids = ["3ce927d5-0a4b-4f7c-b1d8-7e45c1b03f03", "3CE927D50A4B4F7CB1D87E45C1B03F03"];
        for other in ["", "ab", "a b", "a/b", "ä-b", "a:b", &"x".repeat(65)].into_iter().chain(uuids) {
            assert!(!is_client_id(other), "{other:?}");
        }
    }

    #[test]
    fn a_browser_is_led_back_only_to_plain_addresses() {
        for uri in [
            "https://app.example/callback",
            "https://app.example",
            "https://app.example:8443/cb?x=1",
            "http://127.0.0.1:8123/cb",
            "http://[::1]/cb",
            "http://localhost:3000/cb",
            "com.example.app:/callback",
        ] {
            assert!(leads_back(uri), "{uri}");
        }
        for other in [
            "",
            "/callback",
            "//app.example/cb",
            "app.example/cb",
            "http://app.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://localhost@evil.example/cb",
            "https://user@app.example/cb",
            "https://user:secret@app.example/cb",
            "https://app.example/cb#fragment",
            "https://*.app.example/cb",
            "https://app.example\\@evil.example/cb",
            "https://app.example/a/../cb",
            "https://APP.example/cb",
            "https://app.example:443/cb",
            "https:app.example/cb",
            "https:///cb",
            " https://app.example/cb",
            "https://app.example/c b",
            "https://äpp.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "myapp:/cb",
            "com.example.app://host/cb",
        ] {
            assert!(!leads_back(other), "{other:?}");
        }
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for origin in ["https://app.example", "https://app.example:8443", "http://localhost:3000"] {
            assert!(is_origin(origin), "{origin}");
        }
        for other in [
            "https://app.example/",
            "https://app.example/x",
            "http://app.example",
            "app.example",
            "null",
            "*",
            "https://*",
            "https://app.example:443",
            "com.example.app:/",
        ] {
            assert!(!is_origin(other), "{other:?}");
        }
    }
}
