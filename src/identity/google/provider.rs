//! What is known of the provider: its addresses (OpenID Connect Discovery) and its keys, kept for a while,
//! and longer when it cannot be asked.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::Url;
use serde::Deserialize;

use super::{GoogleError, KeySet, fetch::Fetch, is_safe};

/// How long what was learned is taken as new.
const FRESH: Duration = Duration::from_secs(3_600);
/// How long to wait after an attempt before another one: of a provider that is away, or for a key that
/// nobody knows.
const COOLDOWN: Duration = Duration::from_secs(30);

/// The provider's addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Where browsers go.
    pub authorization_endpoint: Url,
    /// Where codes are redeemed.
    pub token_endpoint: Url,
    /// Where its keys are.
    pub jwks_uri: Url,
    /// Whether its answers say `iss` (RFC 9207).
    pub says_iss: bool,
    /// Whether it wants the client secret in the form rather than in a header.
    pub secret_in_form: bool,
}

#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// A document and when it was asked for.
#[derive(Debug)]
struct Known<T> {
    value: Option<Arc<T>>,
    /// When it was learned.
    at: Duration,
    /// When it was last asked for, successfully or not.
    asked: Option<Duration>,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self { value: None, at: Duration::ZERO, asked: None }
    }
}

/// What is known of one provider.
#[derive(Debug)]
pub(super) struct Provider {
    issuer: Box<str>,
    metadata: Mutex<Known<Metadata>>,
    keys: Mutex<Known<KeySet>>,
    /// Held while the provider is asked, so that many who want the same ask once.
    asking: tokio::sync::Mutex<()>,
}

impl Provider {
    pub(super) fn new(issuer: Box<str>) -> Self {
        let (metadata, keys, asking) = (Mutex::default(), Mutex::default(), tokio::sync::Mutex::default());
        Self { issuer, metadata, keys, asking }
    }

    /// The provider's addresses.
    pub(super) async fn metadata(&self, fetch: &Fetch, now: Duration) -> Result<Arc<Metadata>, GoogleError> {
        let enough = |_: &Metadata| true;
        self.known(&self.metadata, enough, now, async || self.discover(fetch).await).await
    }

    /// The provider's keys, with this one among them if it has it at all.
    pub(super) async fn keys(
        &self,
        fetch: &Fetch,
        metadata: &Metadata,
        kid: &str,
        now: Duration,
    ) -> Result<Arc<KeySet>, GoogleError> {
        let enough = |keys: &KeySet| keys.find(kid).is_some();
        self.known(&self.keys, enough, now, async || fetch.document(&metadata.jwks_uri).await).await
    }

    /// What is known, asked for again when it is old or not enough; what is old does when the provider
    /// cannot be asked.
    async fn known<T>(
        &self,
        place: &Mutex<Known<T>>,
        enough: impl Fn(&T) -> bool,
        now: Duration,
        ask: impl AsyncFnOnce() -> Result<T, GoogleError>,
    ) -> Result<Arc<T>, GoogleError> {
        if let Some(value) = Self::look(place, &enough, now) {
            return value;
        }
        let _asking = self.asking.lock().await;
        // Another one may have asked meanwhile.
        if let Some(value) = Self::look(place, &enough, now) {
            return value;
        }
        let asked = ask().await;
        let mut known = lock(place);
        known.asked = Some(now);
        match (asked, &known.value) {
            (Ok(value), _) => {
                let value = Arc::new(value);
                *known = Known { value: Some(value.clone()), at: now, asked: Some(now) };
                Ok(value)
            }
            (Err(error), Some(old)) => {
                tracing::warn!(%error, issuer = &*self.issuer, "what was known of the provider is used on");
                Ok(old.clone())
            }
            (Err(error), None) => Err(error),
        }
    }

    /// What is known, if the provider need not or may not be asked.
    fn look<T>(
        place: &Mutex<Known<T>>,
        enough: &impl Fn(&T) -> bool,
        now: Duration,
    ) -> Option<Result<Arc<T>, GoogleError>> {
        let known = lock(place);
        let cooling = known.asked.is_some_and(|asked| now < asked + COOLDOWN);
        match &known.value {
            Some(value) if cooling || (now < known.at + FRESH && enough(value)) => Some(Ok(value.clone())),
            None if cooling => Some(Err(GoogleError::Unavailable("it was away a moment ago".into()))),
            Some(_) | None => None,
        }
    }

    async fn discover(&self, fetch: &Fetch) -> Result<Metadata, GoogleError> {
        let unfit = |why: &str| GoogleError::Unavailable(format!("discovery: {why}"));
        let base = self.issuer.trim_end_matches('/');
        let url = Url::parse(&format!("{base}/.well-known/openid-configuration"));
        let url = url.map_err(|_| unfit("the issuer is no URL"))?;
        let found: Discovered = fetch.document(&url).await?;
        // OpenID Connect Discovery, 4.3: or anybody's document could name anybody's keys.
        if found.issuer != *self.issuer {
            return Err(unfit("it is of another issuer"));
        }
        let address = |text: &str| {
            let url = Url::parse(text).ok().filter(is_safe);
            url.ok_or_else(|| unfit("an address is neither https nor on this machine"))
        };
        // Without a word on it, the header is meant (OpenID Connect Discovery, 3).
        let methods = found.token_endpoint_auth_methods_supported;
        let secret_in_form = methods.is_some_and(|methods| {
            !methods.iter().any(|method| method == "client_secret_basic")
                && methods.iter().any(|method| method == "client_secret_post")
        });
        Ok(Metadata {
            authorization_endpoint: address(&found.authorization_endpoint)?,
            token_endpoint: address(&found.token_endpoint)?,
            jwks_uri: address(&found.jwks_uri)?,
            says_iss: found.authorization_response_iss_parameter_supported,
            secret_in_form,
        })
    }
}

fn lock<T>(place: &Mutex<Known<T>>) -> std::sync::MutexGuard<'_, Known<T>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
