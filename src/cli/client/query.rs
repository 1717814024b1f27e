//! Query strings and path segments.

use std::fmt::{Display, Write};

/// A path with a query string, built parameter by parameter.
#[derive(Debug, Clone)]
pub struct Query {
    text: String,
    joint: char,
}

impl Query {
    /// Starts at this path.
    #[must_use]
    pub fn of(path: impl Into<String>) -> Self {
        Self { text: path.into(), joint: '?' }
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        self.text.push(self.joint);
        self.joint = '&';
        self.text.push_str(name);
        self.text.push('=');
        self.text.push_str(&escaped(&value.to_string()));
        self
    }

    /// Adds a parameter if there is a value.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The path and query as they are sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte))
            }
            other => {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "%{other:02X}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_joined_and_escaped() {
        let query = Query::of("/v1/entries")
            .with("from", "2026-11-21T09:30:00+01:00")
            .maybe("kind", None::<&str>)
            .maybe("limit", Some(5));
        assert_eq!(query.as_str(), "/v1/entries?from=2026-11-21T09%3A30%3A00%2B01%3A00&limit=5");
        assert_eq!(escaped("../é?"), "..%2F%C3%A9%3F");
    }
}
