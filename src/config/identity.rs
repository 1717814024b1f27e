//! What must hold of the settings of identity: addresses that browsers are sent to, and the senders of mail.

use std::net::IpAddr;

use super::{Config, Network, is_origin};

/// Whether browsers may be sent to this address: `https`, or `http` on this machine alone, where
/// nobody can listen in. A host, perhaps a port, and no path, query or fragment.
fn is_public_url(text: &str) -> bool {
    text != "*" && is_origin(text) && (text.starts_with("https://") || is_loopback(text))
}

/// The same with any path.
fn is_page(text: &str) -> bool {
    let path = text.find("://").and_then(|at| text[at + 3..].find('/').map(|slash| at + 3 + slash));
    let (origin, path) = text.split_at(path.unwrap_or(text.len()));
    is_public_url(origin) && !path.contains(['#', ' ', '"', '\\'])
}

/// Whether an address on `http` is on this machine.
pub(super) fn is_loopback(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

impl Config {
    /// The first setting of identity that makes no sense, and why.
    pub(super) fn complaint_of_identity(&self) -> Option<(&'static str, &'static str)> {
        let set = |text: &str| !text.is_empty();
        let google = set(&self.google_client_id);
        let has_secret =
            self.google_client_secret.get().is_some() || set_path(&self.google_client_secret_file);
        let complaints = [
            (
                set(&self.public_url) && !is_public_url(&self.public_url),
                "public_url",
                "must be https://host without a path; http:// only on this machine, such as http://localhost:8080",
            ),
            (
                !self.trusted_proxies.iter().all(|proxy| proxy.parse::<Network>().is_ok()),
                "trusted_proxies",
                "must be IP addresses or ranges such as 10.0.0.0/8",
            ),
            (
                !is_public_url(&self.google_issuer) && !is_page(&self.google_issuer),
                "google_issuer",
                "must be https://host; http:// only on this machine",
            ),
            (google && !has_secret, "google_client_id", "needs google_client_secret_file as well"),
            (
                set(&self.google_callback_url) && !is_page(&self.google_callback_url),
                "google_callback_url",
                "must be https://host/path; http:// only on this machine",
            ),
            (
                set(&self.frontend_url) && !is_page(&self.frontend_url),
                "frontend_url",
                "must be https://host/path; http:// only on this machine",
            ),
            (
                self.mail_url.is_other_than(&["smtp", "smtps", "https", "http", "file"]),
                "mail_url",
                "must be smtps://user:password@host, smtp://host (STARTTLS), https://host/path or file:///folder",
            ),
            (!self.mail_from.contains('@'), "mail_from", "must be an e-mail address"),
            (
                !(60..=3_600).contains(&self.access_token_seconds),
                "access_token_seconds",
                "must be from 60 to 3600",
            ),
            (!(1..=3_650).contains(&self.activity_days), "activity_days", "must be from 1 to 3650"),
        ];
        complaints.into_iter().find(|(wrong, ..)| *wrong).map(|(_, key, why)| (key, why))
    }
}

fn set_path(path: &std::path::Path) -> bool {
    !path.as_os_str().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_sent_to_https_or_to_this_machine() {
        for good in
            ["https://credits.example", "http://localhost:8080", "http://127.0.0.1", "http://[::1]:80"]
        {
            assert!(is_public_url(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "http://credits.example",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "https://a.example/",
            "ftp://a.example",
        ] {
            assert!(!is_public_url(bad), "{bad}");
        }
        assert!(is_page("https://a.example/signed-in?from=ledger") && is_page("http://localhost:3000/a/b"));
        assert!(!is_page("https://a.example/#x") && !is_page("http://a.example/") && !is_page("/here"));
    }
}
