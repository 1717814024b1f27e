//! Environment variables: `CREDIT_LEDGER_<SETTING>`, and names that deployments use already.

use std::{collections::BTreeMap, net::SocketAddr};

use figment::value::{Dict, Value};

use super::ConfigError;

const PREFIX: &str = "CREDIT_LEDGER_";

/// Names of earlier deployments for settings that are plain texts.
const ALIASES: [(&str, &str); 4] = [
    ("GOOGLE_CLIENT_ID", "google_client_id"),
    ("GOOGLE_CLIENT_SECRET", "google_client_secret"),
    ("GOOGLE_CALLBACK_URL", "google_callback_url"),
    ("FRONTEND_URL", "frontend_url"),
];
/// Variables of earlier deployments that would mean less security than was meant: an error.
const REFUSED: [&str; 3] = ["JWT_SECRET", "JWT_SECRET_KEY", "JWT_ALGORITHM"];
/// The algorithm that tokens are signed with, which a variable may name.
const ALGORITHM: &str = "RS256";

/// A variable's name, the setting it stands for, and the value.
type Variable = (String, String, Value);

/// The settings among `variables`, weakest first: an alias yields to the variable of our own name.
/// An empty variable counts as none. `PORT` changes the port of `listen` and keeps the address.
pub(super) fn layer(
    variables: &BTreeMap<String, String>,
    defaults: &Dict,
    listen: SocketAddr,
) -> Result<Vec<Variable>, ConfigError> {
    let set = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let shared = REFUSED.into_iter().find(|name| set(name).is_some_and(|value| value != ALGORITHM));
    if let Some(name) = shared {
        return Err(ConfigError::SharedSecret { name });
    }
    let mut found = Vec::new();
    let mut add = |name: &str, key: &str, value: Value| found.push((name.into(), key.into(), value));
    if let Some(port) = set("PORT") {
        let listen = SocketAddr::new(listen.ip(), number("listen", "PORT", port)?);
        add("PORT", "listen", listen.to_string().into());
    }
    if let Some(url) = set("DATABASE_URL") {
        match url.split_once("://") {
            Some(("postgres" | "postgresql", _)) => add("DATABASE_URL", "database_url", url.as_str().into()),
            _ => add("DATABASE_URL", "data_dir", folder(url)?.into()),
        }
    }
    for name in ["CORS_ORIGINS", "CORS_ORIGIN"] {
        if let Some(origins) = set(name) {
            add(name, "cors_origins", list(origins));
        }
    }
    for (name, key) in ALIASES {
        if let Some(value) = set(name) {
            add(name, key, value.as_str().into());
        }
    }
    if let Some(filter) = set("RUST_LOG") {
        add("RUST_LOG", "log_filter", filter.as_str().into());
    }
    for (key, default) in defaults {
        let name = format!("{PREFIX}{}", key.to_uppercase());
        if let Some(text) = set(&name) {
            // The kind of the default is the kind of the setting.
            let value = match default {
                Value::Array(..) => list(text),
                Value::Num(..) => number::<u64>(key, &name, text)?.into(),
                Value::String(..)
                | Value::Char(..)
                | Value::Bool(..)
                | Value::Empty(..)
                | Value::Dict(..) => text.as_str().into(),
            };
            add(&name, key, value);
        }
    }
    Ok(found)
}

/// Variables of earlier deployments that mean nothing here, and why.
pub(super) fn ignored(variables: &BTreeMap<String, String>) -> Vec<(&'static str, &'static str)> {
    let known = [("REDIS_URL", "sessions and codes are kept in the ledger's own database")];
    known.into_iter().filter(|(name, _)| variables.contains_key(*name)).collect()
}

fn list(text: &str) -> Value {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.collect::<Vec<_>>().into()
}

fn number<N: std::str::FromStr>(key: &str, name: &str, text: &str) -> Result<N, ConfigError> {
    text.trim().parse().map_err(|_| ConfigError::Value {
        key: key.into(),
        origin: format!("environment {name}"),
        detail: format!("{text:?} is no whole number in range"),
    })
}

/// The folder that a database URL names.
fn folder(url: &str) -> Result<String, ConfigError> {
    let path = match url.split_once(':') {
        Some(("sqlite", rest)) => {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            path.split('?').next().unwrap_or(path)
        }
        Some((_, rest)) if rest.starts_with("//") => return Err(ConfigError::DatabaseServer),
        Some(_) | None => url,
    };
    if path.is_empty() || path == ":memory:" { Err(ConfigError::DatabaseUrl) } else { Ok(path.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_names_a_folder() {
        let cases = [
            ("sqlite:///srv/ledger", Ok("/srv/ledger")),
            ("sqlite:///srv/ledger?mode=rwc", Ok("/srv/ledger")),
            ("sqlite://ledger", Ok("ledger")),
            ("sqlite:ledger", Ok("ledger")),
            ("/srv/ledger", Ok("/srv/ledger")),
            ("./ledger", Ok("./ledger")),
            ("mysql://user:secret@db/ledger", Err(ConfigError::DatabaseServer)),
            ("mongodb://db", Err(ConfigError::DatabaseServer)),
            ("sqlite::memory:", Err(ConfigError::DatabaseUrl)),
            ("sqlite://", Err(ConfigError::DatabaseUrl)),
        ];
        for (url, expected) in cases {
            assert_eq!(folder(url), expected.map(str::to_owned), "{url}");
        }
        assert!(!ConfigError::DatabaseServer.to_string().contains("secret"));
    }
}
