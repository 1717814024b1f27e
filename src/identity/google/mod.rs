//! Signing in with Google: this service as a client of an OpenID provider (OpenID Connect Core, code flow
//! with PKCE and nonce). The provider is configurable; Google is the usual one.
//!
//! Nothing here trusts the provider more than its signature says: what it sends is bounded, its ID token is
//! verified with keys that it publishes, and an account is known by issuer and subject, never by e-mail.

mod accounts;
mod begin;
mod code;
mod desk;
mod fetch;
mod finish;
mod id_token;
mod jwks;
mod kept;
mod provider;
#[cfg(test)]
mod tests;
mod verification;

pub use begin::{Begin, Gone, Purpose};
pub use code::{NotACode, VerificationCode};
pub use desk::{Desk, Parts, SIGN_INS_TOTAL, SignInError, VERIFICATIONS_TOTAL};
pub use finish::{Done, Outgoing, Return};
pub use id_token::{Person, TokenFault};
pub use jwks::KeySet;
pub use provider::Metadata;
pub use verification::{Exchanged, VerifiedSession};

use std::{fmt, sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::Time;
use reqwest::Url;
use zeroize::Zeroizing;

use crate::clock::Entropy;
use fetch::Fetch;
use id_token::Expected;
use provider::Provider;

/// What this service is at the provider.
#[derive(Clone)]
pub struct GoogleSettings {
    /// The provider: `https://accounts.google.com`.
    pub issuer: Box<str>,
    /// Our client id there.
    pub client_id: Box<str>,
    /// Our client secret there.
    pub client_secret: Zeroizing<String>,
    /// Where the provider sends browsers back to.
    pub callback: Box<str>,
}

impl fmt::Debug for GoogleSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoogleSettings")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Why somebody could not be signed in by the provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GoogleError {
    /// It could not be asked, or said nothing that makes sense.
    #[error("the provider cannot be used: {0}")]
    Unavailable(String),
    /// It refused the code.
    #[error("the provider refused the code: {0}")]
    Refused(String),
    /// The ID token is not one for this sign-in.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// The answer came from another provider than was asked (RFC 9207).
    #[error("the answer is of another issuer")]
    MixUp,
}

/// What a browser takes along to the provider, and what is kept of it here.
pub struct Departure {
    /// Where the browser goes.
    pub url: String,
    /// Comes back with the browser.
    pub state: Zeroizing<String>,
    /// Comes back inside the ID token.
    pub nonce: Box<str>,
    /// Proves that whoever redeems the code began the sign-in.
    pub pkce: Box<str>,
}

impl fmt::Debug for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Departure([redacted])")
    }
}

/// A client of the provider. Clones share what it has learned of it.
#[derive(Clone)]
pub struct Google(Arc<Shared>);

struct Shared {
    settings: GoogleSettings,
    fetch: Fetch,
    provider: Provider,
}

impl fmt::Debug for Google {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Google").field(&self.0.settings).finish()
    }
}

impl Google {
    /// A client with these settings. The provider is asked when it is first needed.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(settings: GoogleSettings) -> Result<Self, GoogleError> {
        let (fetch, provider) = (Fetch::new()?, Provider::new(settings.issuer.clone()));
        Ok(Self(Arc::new(Shared { settings, fetch, provider })))
    }

    /// The provider's name, as in links of accounts.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.settings.issuer
    }

    /// Sends somebody to the provider. `now` is [`crate::clock::Clock::monotonic`].
    ///
    /// # Errors
    /// When the provider's addresses cannot be learned.
    pub async fn depart(&self, entropy: &mut dyn Entropy, now: Duration) -> Result<Departure, GoogleError> {
        let drawn: [Zeroizing<String>; 3] = std::array::from_fn(|_| random(entropy));
        self.depart_with(drawn, now).await
    }

    /// The same with random texts that were drawn already: state, nonce and PKCE verifier.
    ///
    /// # Errors
    /// As [`Self::depart`].
    pub async fn depart_with(
        &self,
        [state, nonce, pkce]: [Zeroizing<String>; 3],
        now: Duration,
    ) -> Result<Departure, GoogleError> {
        let Shared { settings, fetch, provider } = &*self.0;
        let metadata = provider.metadata(fetch, now).await?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, pkce.as_bytes()));
        let mut url = metadata.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &settings.client_id)
            .append_pair("redirect_uri", &settings.callback)
            .append_pair("scope", "openid email profile")
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(Departure { url: url.into(), state, nonce: nonce.as_str().into(), pkce: pkce.as_str().into() })
    }

    /// Whether an answer with this `iss` can be the provider's (RFC 9207): it must be when there is one,
    /// and there must be one when the provider says so.
    ///
    /// # Errors
    /// [`GoogleError::MixUp`] when it cannot.
    pub async fn must_be_of(&self, iss: Option<&str>, now: Duration) -> Result<(), GoogleError> {
        let Shared { settings, fetch, provider } = &*self.0;
        let good = match iss {
            Some(iss) => *iss == *settings.issuer,
            None => !provider.metadata(fetch, now).await?.says_iss,
        };
        if good { Ok(()) } else { Err(GoogleError::MixUp) }
    }

    /// Redeems a code and says who signed in.
    ///
    /// # Errors
    /// As [`GoogleError`] says.
    pub async fn redeem(
        &self,
        code: &str,
        nonce: &str,
        pkce: &str,
        time: Time,
        now: Duration,
    ) -> Result<Person, GoogleError> {
        let Shared { settings, fetch, provider } = &*self.0;
        let metadata = provider.metadata(fetch, now).await?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &settings.callback),
            ("code_verifier", pkce),
        ];
        let credentials = (&*settings.client_id, settings.client_secret.as_str());
        let id_token = fetch.redeem(&metadata, &form, credentials).await?;
        let kid = id_token::key_id(&id_token)?;
        let keys = provider.keys(fetch, &metadata, &kid, now).await?;
        let expected = Expected { issuer: &settings.issuer, client_id: &settings.client_id, nonce, time };
        Ok(id_token::verify(&id_token, &keys, &expected)?)
    }
}

/// 256 random bits as base64url.
fn random(entropy: &mut dyn Entropy) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill(&mut *bytes);
    Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes))
}

/// Whether browsers and secrets may go to this address: `https`, or `http` on this machine.
fn is_safe(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    let here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    url.scheme() == "https" || (url.scheme() == "http" && here)
}
