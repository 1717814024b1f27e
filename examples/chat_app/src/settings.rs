//! Settings, by the names that the environment has.

use std::collections::HashMap;

use credit_ledger_client::{
    Amqp, BadUrl,
    auth::{MissingSetting, ServiceClient},
    events::AppId,
};

/// How the app runs.
#[derive(Clone)]
pub struct Settings {
    /// Where it listens: `CHAT_LISTEN`, `127.0.0.1:8090` unless set.
    pub listen: String,
    /// Its database, a file: `CHAT_DATABASE`, `chat.db` unless set.
    pub database: String,
    /// Where the authorization server is reached: `AUTH_API_URL`.
    pub auth_url: String,
    /// What it calls itself in tokens: `AUTH_API_ISSUER`, the URL unless set.
    pub issuer: String,
    /// Whom users' tokens must be meant for: `AUTH_API_AUDIENCE`, the issuer unless set.
    pub audience: String,
    /// Who this service is: `SERVICE_CLIENT_ID` and its like.
    pub service: ServiceClient,
    /// Where credits are: `LEDGER_URL`, the authorization server unless set.
    pub ledger_url: String,
    /// This app's key there: `LEDGER_API_KEY`.
    pub ledger_key: String,
    /// What a message costs, in credits: `CHAT_MESSAGE_COST`, 1 unless set.
    pub message_cost: String,
    /// This app's id there: `LEDGER_APP`.
    pub app: AppId,
    /// Where events come from: `AMQP_URL`.
    pub events: Option<String>,
}

/// What is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// One is missing.
    #[error(transparent)]
    Missing(#[from] MissingSetting),
    /// One is none of its kind.
    #[error("LEDGER_APP is not the id of an app")]
    App,
}

impl Settings {
    /// Reads them, for instance from [`std::env::vars`].
    ///
    /// # Errors
    /// When one is missing that has no default, or wrong.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, BadSettings> {
        let vars: HashMap<String, String> = vars.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        for shared in ["JWT_SECRET", "JWT_SECRET_KEY"].iter().filter(|name| vars.contains_key(**name)) {
            tracing::warn!("{shared} is ignored: tokens are verified by the keys that the issuer publishes");
        }
        let url = |name: &str| vars.get(name).map(|url| url.trim_end_matches('/').to_owned());
        let given = |name: &str, default: &str| vars.get(name).map_or(default, String::as_str).to_owned();
        let need = |name: &'static str| vars.get(name).cloned().ok_or(MissingSetting(name));
        let auth_url = url("AUTH_API_URL").ok_or(MissingSetting("AUTH_API_URL"))?;
        let issuer = given("AUTH_API_ISSUER", &auth_url);
        Ok(Self {
            listen: given("CHAT_LISTEN", "127.0.0.1:8090"),
            database: given("CHAT_DATABASE", "chat.db"),
            audience: given("AUTH_API_AUDIENCE", &issuer),
            service: ServiceClient::from_vars(vars.clone())?,
            ledger_url: url("LEDGER_URL").unwrap_or_else(|| auth_url.clone()),
            ledger_key: need("LEDGER_API_KEY")?,
            message_cost: given("CHAT_MESSAGE_COST", "1"),
            app: need("LEDGER_APP")?.parse().map_err(|_| BadSettings::App)?,
            events: vars.get("AMQP_URL").cloned(),
            auth_url,
            issuer,
        })
    }

    pub(crate) fn broker(&self) -> Result<Option<Amqp>, BadUrl> {
        self.events.as_ref().map(|url| Amqp::new(url, self.app)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of the auth service's consumer, as they were with a shared secret.
    const GIVEN: [(&str, &str); 9] = [
        ("JWT_SECRET_KEY", "dev_secret_key_change_in_production_min_32_chars_required"),
        ("AUTH_API_URL", "http://auth-api:8000/"),
        ("AUTH_API_ISSUER", "https://auth.example"),
        ("SERVICE_CLIENT_ID", "chat-api-service"),
        ("SERVICE_CLIENT_SECRET", "secret"),
        ("SERVICE_TOKEN_URL", "http://auth-api:8000/oauth/token"),
        ("SERVICE_SCOPE", "groups:read members:read"),
        ("LEDGER_API_KEY", "key"),
        ("LEDGER_APP", "3ce927d5-0a4b-4f7c-b1d8-7e45c1b03f03"),
    ];

    fn read(without: &str, with: &[(&str, &str)]) -> Result<Settings, BadSettings> {
        let given = GIVEN.iter().filter(|(name, _)| *name != without).chain(with);
        Settings::from_vars(given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn what_is_not_set_follows_from_what_is() {
        let settings = read("", &[]).expect("all that is needed");
        assert_eq!(settings.auth_url, "http://auth-api:8000");
        assert_eq!(
            (settings.issuer.as_str(), settings.audience.as_str()),
            ("https://auth.example", "https://auth.example")
        );
        assert_eq!(
            (settings.ledger_url.as_str(), settings.message_cost.as_str()),
            ("http://auth-api:8000", "1")
        );
        assert_eq!(read("AUTH_API_ISSUER", &[]).expect("a default").issuer, "http://auth-api:8000");
        assert!(settings.events.is_none());
    }

    #[test]
    fn what_is_missing_is_named() {
        for name in [
            "AUTH_API_URL",
            "SERVICE_CLIENT_ID",
            "SERVICE_CLIENT_SECRET",
            "SERVICE_TOKEN_URL",
            "LEDGER_API_KEY",
            "LEDGER_APP",
        ] {
            let missing = read(name, &[]).err();
            assert!(
                matches!(missing, Some(BadSettings::Missing(MissingSetting(missing))) if missing == name),
                "{name}"
            );
        }
        assert_eq!(read("", &[("LEDGER_APP", "chat")]).err(), Some(BadSettings::App));
    }
}
