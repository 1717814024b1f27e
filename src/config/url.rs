//! Addresses of servers, which may hold passwords and are never shown with them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The URL of a server, or nothing. `Debug` and `Display` show `***` for a password.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerUrl(String);

impl ServerUrl {
    /// The URL with everything in it; none when it is not set.
    #[must_use]
    pub fn get(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|url| !url.is_empty())
    }

    /// Whether it is set and begins otherwise than with one of these schemes.
    pub(super) fn is_other_than(&self, schemes: &[&str]) -> bool {
        let scheme = self.0.split_once("://").map(|(scheme, _)| scheme);
        !self.0.is_empty() && !scheme.is_some_and(|scheme| schemes.contains(&scheme))
    }
}

impl From<&str> for ServerUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&shown(&self.0), f)
    }
}

/// The URL without its passwords: those before the host, and those among the parameters.
fn shown(url: &str) -> String {
    let (main, query) = url.split_once('?').unwrap_or((url, ""));
    let mut text = match main.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((user, host)) => {
                let name = user.split(':').next().unwrap_or_default();
                let password = if user.contains(':') { ":***" } else { "" };
                format!("{scheme}://{name}{password}@{host}")
            }
            None => main.to_owned(),
        },
        None => main.to_owned(),
    };
    for (index, parameter) in query.split('&').filter(|parameter| !parameter.is_empty()).enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        match parameter.split_once('=') {
            Some((name, _)) if name.to_lowercase().contains("pass") => {
                text.push_str(name);
                text.push_str("=***");
            }
            _ => text.push_str(parameter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        let cases = [
            ("", ""),
            ("postgres://db/ledger", "postgres://db/ledger"),
            ("postgres://user@db:5432/ledger", "postgres://user@db:5432/ledger"),
            (
                "postgres://user:p@ss@db/ledger?sslmode=require",
                "postgres://user:***@db/ledger?sslmode=require",
            ),
            ("postgres://db/ledger?user=u&password=secret", "postgres://db/ledger?user=u&password=***"),
            ("amqp://guest:guest@mq/%2f", "amqp://guest:***@mq/%2f"),
            ("esdb://admin:changeit@a,b:2113?tls=true", "esdb://admin:***@a,b:2113?tls=true"),
        ];
        for (url, expected) in cases {
            assert_eq!(ServerUrl::from(url).to_string(), expected);
            assert_eq!(format!("{:?}", ServerUrl::from(url)), format!("{expected:?}"));
        }
    }
}
