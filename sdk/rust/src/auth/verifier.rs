//! Whose token this is.

use std::{fmt, sync::Arc};

use super::{
    claims::Claims,
    clock::{Clock, SystemClock},
    header::parts,
    keys::Keys,
};

/// How far two machines' clocks may be apart.
const LEEWAY_S: u64 = 5;

/// Why a token is not taken. All but [`Unavailable`](Self::Unavailable) are the caller's fault: 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It is no token of this form: its length, its parts, its JSON, or a header that isn't known.
    #[error("it is no access token")]
    Malformed,
    /// It is signed with another algorithm than RS256.
    #[error("its algorithm is not RS256")]
    Algorithm,
    /// It is a token for something else, such as an ID token.
    #[error("its type is not at+jwt")]
    Type,
    /// No published key has this name.
    #[error("its key is not known")]
    UnknownKey,
    /// The key didn't sign it.
    #[error("its signature is wrong")]
    Signature,
    /// Another server issued it.
    #[error("its issuer is another")]
    Issuer,
    /// It is meant for another API.
    #[error("its audience is another")]
    Audience,
    /// Its end has come.
    #[error("it is expired")]
    Expired,
    /// Its time has not come.
    #[error("it is from the future")]
    Early,
    /// It does not say clearly whom it speaks for.
    #[error("its subject is not what its principal type says")]
    Principal,
    /// The keys can't be read now, and those at hand don't do: 503.
    #[error("the authorization server's keys can't be read")]
    Unavailable,
}

/// Verifies access tokens by the keys that the authorization server publishes.
///
/// - RS256 with `typ: at+jwt` and a known `kid` only; any other header is refused.
/// - A `kid` that isn't known makes it read the keys again, at most every 30 seconds.
/// - When the server is away, the keys at hand stay good for a day.
///
/// What was revoked since is not asked here: a service that must know at once consumes
/// `auth.session_revoked` and its like, or introspects.
#[derive(Clone)]
pub struct TokenVerifier {
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    issuer: Arc<str>,
    audience: Arc<str>,
}

impl TokenVerifier {
    /// For tokens of `issuer` that are meant for `audience`. The keys are at `<issuer>/oauth/jwks`.
    #[must_use]
    pub fn new(http: reqwest::Client, issuer: &str, audience: &str) -> Self {
        let url = format!("{}/oauth/jwks", issuer.trim_end_matches('/'));
        Self::with_clock(http, issuer, audience, &url, Arc::new(SystemClock::default()))
    }

    /// The same with keys from this URL, which may be an address inside the network, and a clock. The
    /// client brings time-outs and TLS and should follow no redirects.
    #[must_use]
    pub fn with_clock(
        http: reqwest::Client,
        issuer: &str,
        audience: &str,
        jwks_url: &str,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let keys = Keys::new(http, jwks_url.to_owned(), Arc::clone(&clock));
        Self { keys, clock, issuer: issuer.into(), audience: audience.into() }
    }

    /// What the token says, if all of it is as it must be.
    ///
    /// # Errors
    /// Why it isn't.
    pub async fn verify(&self, token: &str) -> Result<Claims, TokenFault> {
        let parts = parts(token)?;
        let key = self.keys.find(&parts.kid).await?;
        key.verify_sig(parts.message, &parts.signature).map_err(|_| TokenFault::Signature)?;
        let claims: Claims = serde_json::from_slice(&parts.payload).map_err(|_| TokenFault::Malformed)?;
        self.judge(&claims)?;
        Ok(claims)
    }

    fn judge(&self, claims: &Claims) -> Result<(), TokenFault> {
        let now = self.clock.unix_s();
        if *claims.iss != *self.issuer {
            return Err(TokenFault::Issuer);
        }
        if !claims.aud.iter().any(|audience| **audience == *self.audience) {
            return Err(TokenFault::Audience);
        }
        if claims.kind != "access" {
            return Err(TokenFault::Type);
        }
        if claims.exp.saturating_add(LEEWAY_S) <= now {
            return Err(TokenFault::Expired);
        }
        if claims.iat.max(claims.nbf.unwrap_or_default()) > now.saturating_add(LEEWAY_S) {
            return Err(TokenFault::Early);
        }
        if claims.jti.is_empty() || !claims.is_consistent() {
            return Err(TokenFault::Principal);
        }
        Ok(())
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
