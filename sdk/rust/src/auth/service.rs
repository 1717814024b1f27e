//! Who this service is at the authorization server.

use std::{collections::HashMap, fmt};

/// A confidential client that gets tokens for itself (`client_credentials`, RFC 6749 section 4.4).
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceClient {
    /// Its name, such as `chat-api-service`.
    pub id: String,
    /// What proves it.
    pub secret: String,
    /// Where tokens come from, such as `https://auth.example/oauth/token`.
    pub token_url: String,
    /// The scopes to ask for, with spaces between; empty for all that the client may have.
    pub scope: String,
}

/// A setting that a service can't do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the setting {0} is missing or empty")]
pub struct MissingSetting(pub &'static str);

impl ServiceClient {
    /// The settings' names, as in the environment: `SERVICE_SCOPE` may be left out.
    pub const SETTINGS: [&'static str; 4] =
        ["SERVICE_CLIENT_ID", "SERVICE_CLIENT_SECRET", "SERVICE_TOKEN_URL", "SERVICE_SCOPE"];

    /// Reads it from settings by name, such as [`std::env::vars`]. Others are passed over.
    ///
    /// # Errors
    /// Names the first setting that is missing or empty.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, MissingSetting> {
        let mut vars: HashMap<String, String> =
            vars.into_iter().filter(|(name, _)| Self::SETTINGS.contains(&name.as_str())).collect();
        let [id, secret, token_url, scope] = Self::SETTINGS;
        let mut need = |name| vars.remove(name).filter(|value| !value.is_empty()).ok_or(MissingSetting(name));
        let (id, secret, token_url) = (need(id)?, need(secret)?, need(token_url)?);
        Ok(Self { id, secret, token_url, scope: vars.remove(scope).unwrap_or_default() })
    }
}

impl fmt::Debug for ServiceClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceClient")
            .field("id", &self.id)
            .field("token_url", &self.token_url)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(without: &str) -> impl Iterator<Item = (String, String)> {
        let all = [
            ("PATH", "/bin"),
            ("SERVICE_CLIENT_ID", "chat-api-service"),
            ("SERVICE_CLIENT_SECRET", "cls_canary"),
            ("SERVICE_TOKEN_URL", "http://auth-api:8000/oauth/token"),
            ("SERVICE_SCOPE", "groups:read members:read"),
        ];
        let kept: Vec<_> = all.into_iter().filter(|(name, _)| *name != without).collect();
        kept.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()))
    }

    #[test]
    fn the_environment_names_the_service() {
        let service = ServiceClient::from_vars(vars("")).expect("all settings");
        assert_eq!((service.id.as_str(), service.secret.as_str()), ("chat-api-service", "cls_canary"));
        assert_eq!(service.token_url, "http://auth-api:8000/oauth/token");
        assert_eq!(service.scope, "groups:read members:read");
        assert!(!format!("{service:?}").contains("canary"), "{service:?}");
    }

    #[test]
    fn what_is_missing_is_named() {
        for name in &ServiceClient::SETTINGS[..3] {
            assert_eq!(ServiceClient::from_vars(vars(name)), Err(MissingSetting(name)));
        }
        let service = ServiceClient::from_vars(vars("SERVICE_SCOPE")).expect("the scope may be left out");
        assert_eq!(service.scope, "");
    }
}
