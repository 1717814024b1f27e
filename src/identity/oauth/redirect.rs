//! Where a browser may be sent back to: registered URIs, compared exactly (RFC 9700 section 2.1),
//! save that a native app on loopback chooses its port when it starts (RFC 8252 section 7.3).

/// The longest redirect URI.
pub const URI_BYTES_MAX: usize = 2_048;

/// Whether the URI of a request is this registered one.
#[must_use]
pub fn matches(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    let (Some(known), Some(other)) = (Loopback::parse(registered), Loopback::parse(asked)) else {
        return false;
    };
    known.host == other.host && known.rest == other.rest
}

/// `http://127.0.0.1:PORT/rest` or `http://[::1]:PORT/rest`, taken apart as text. Never `localhost`,
/// which a name server answers.
struct Loopback<'a> {
    host: &'static str,
    /// From the path on.
    rest: &'a str,
}

impl<'a> Loopback<'a> {
    fn parse(uri: &'a str) -> Option<Self> {
        let hosts = ["127.0.0.1", "[::1]"];
        let behind = uri.strip_prefix("http://")?;
        let (host, behind) = hosts.into_iter().find_map(|host| Some((host, behind.strip_prefix(host)?)))?;
        let Some(behind) = behind.strip_prefix(':') else {
            return behind.starts_with('/').then_some(Self { host, rest: behind });
        };
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        let (port, rest) = behind.split_at(digits);
        let one_spelling = !port.starts_with('0') && port.parse::<u16>().is_ok();
        (one_spelling && rest.starts_with('/')).then_some(Self { host, rest })
    }
}

/// Why a URI may not be registered; for humans.
pub type Unfit = &'static str;

/// Whether a URI may be registered to send browsers to: `https` anywhere, `http` on loopback, or a
/// private scheme with a dot in it (RFC 8252 section 7.1); one spelling, so that comparing texts
/// is comparing URIs.
///
/// # Errors
/// What is wrong with it.
pub fn registrable(uri: &str) -> Result<(), Unfit> {
    if uri.len() > URI_BYTES_MAX || !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a redirect URI has at most 2048 visible ASCII characters");
    }
    if uri.contains(['#', '\\', '"', '<', '>', '^', '`', '{', '|', '}', '*']) {
        return Err("a redirect URI has no fragment, wildcard or character that URIs do not have");
    }
    let (scheme, rest) = uri.split_once(':').ok_or("a redirect URI is absolute")?;
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    if !scheme.starts_with(|first: char| first.is_ascii_lowercase()) || !scheme.bytes().all(letters) {
        return Err("a redirect URI starts with a scheme in small letters");
    }
    let path = match (scheme, rest.strip_prefix("//")) {
        ("https", Some(rest)) => authority(rest, false)?,
        ("http", Some(rest)) => authority(rest, true)?,
        ("http" | "https", None) => return Err("a redirect URI has a host"),
        (private, None) if private.contains('.') => rest,
        _ => return Err("a redirect URI is https, http on loopback, or of a private scheme with a dot"),
    };
    let path = path.split('?').next().unwrap_or_default();
    let dots = |segment: &str| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..");
    if path.split('/').any(dots) || path.starts_with("//") {
        return Err("a redirect URI has no dot segments");
    }
    Ok(())
}

/// Checks `host[:port]` and gives what is behind it.
fn authority(rest: &str, loopback_only: bool) -> Result<&str, Unfit> {
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if !path.starts_with('/') {
        return Err("a redirect URI has a path, be it `/`");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if port.is_some_and(|port| port.starts_with('0') || port.parse::<u16>().is_err()) {
        return Err("the port of a redirect URI is a number");
    }
    let is_loopback = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
    let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let is_name = !host.is_empty() && host.bytes().all(name) && !host.starts_with('.');
    if loopback_only && !is_loopback {
        return Err("a redirect URI with http is on loopback");
    }
    if is_loopback || is_name {
        Ok(path)
    } else {
        Err("the host of a redirect URI is a name in small letters, without user")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_registered_uri_matches() {
        let registered = "https://app.example/cb";
        assert!(matches(registered, registered));
        for other in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example/cb#x",
            "https://app.example//cb",
            "https://app.example/x/../cb",
            "https://app.example/%2e/cb",
            "https://app.example/CB",
            "https://APP.example/cb",
            "HTTPS://app.example/cb",
            "https://app.example:443/cb",
            "https://app.example@evil.example/cb",
            "https://user@app.example/cb",
            "https://app.example.evil.example/cb",
            "https://evil.example/https://app.example/cb",
            "https:\\\\app.example\\cb",
            "https://app.example\\@evil.example/cb",
            "//app.example/cb",
            "/cb",
            " https://app.example/cb",
            "https://app.example/cb ",
            "http://app.example/cb",
            "javascript:alert(1)",
            "",
        ] {
            assert!(!matches(registered, other), "{other:?}");
        }
    }

    #[test]
    fn the_port_of_a_loopback_address_may_be_any() {
        for registered in ["http://127.0.0.1/cb", "http://127.0.0.1:4000/cb"] {
            for asked in ["http://127.0.0.1/cb", "http://127.0.0.1:4000/cb", "http://127.0.0.1:65535/cb"] {
                assert!(matches(registered, asked), "{registered} {asked}");
            }
            for other in [
                "http://127.0.0.1:0/cb",
                "http://127.0.0.1:65536/cb",
                "http://127.0.0.1:04000/cb",
                "http://127.0.0.1:/cb",
                "http://127.0.0.1:80@evil.example/cb",
                "http://127.0.0.1.evil.example/cb",
                "http://127.0.0.1:80/other",
                "http://127.0.0.1:80//cb",
                "http://127.0.0.2/cb",
                "http://[::1]:80/cb",
                "http://localhost:80/cb",
                "https://127.0.0.1:80/cb",
            ] {
                assert!(!matches(registered, other), "{registered} {other}");
            }
        }
        assert!(matches("http://[::1]/cb", "http://[::1]:9/cb"));
        assert!(!matches("http://localhost/cb", "http://localhost:9/cb"));
    }

    #[test]
    fn what_has_one_spelling_may_be_registered() {
        for good in [
            "https://app.example/cb",
            "https://app.example:8443/",
            "https://app.example/cb?tenant=1",
            "http://127.0.0.1/cb",
            "http://[::1]:3000/cb",
            "http://localhost:3000/cb",
            "com.example.app:/cb",
        ] {
            assert_eq!(registrable(good), Ok(()), "{good}");
        }
        let long = format!("https://app.example/{}", "a".repeat(2_048));
        for bad in [
            "https://app.example",
            "https://app.example/cb#f",
            "https://app.example/a/../cb",
            "https://app.example/%2E%2e/cb",
            "https://app.example//cb",
            "https://*.app.example/cb",
            "https://user@app.example/cb",
            "https://App.example/cb",
            "https://app.example:0443/cb",
            "https://app.example\\cb",
            "https:app.example/cb",
            "http://app.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "app:/cb",
            "/cb",
            "",
            "https://app.example/c b",
            long.as_str(),
        ] {
            assert!(registrable(bad).is_err(), "{bad}");
        }
    }
}
