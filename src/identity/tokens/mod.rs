//! Tokens that prove by themselves who their bearer is: access tokens (RFC 9068), ID tokens (OpenID
//! Connect Core), and the keys that sign both.
//!
//! One algorithm, RS256, with keys that are parsed once. Nothing of a token is believed before its
//! signature is checked with a key of our own ring; a header that names keys or algorithms of its own
//! is refused unread.

mod cache;
mod claims;
mod fault;
mod jws;
mod keeper;
mod ring;
mod rsa;
mod store;
#[cfg(test)]
mod tests;
mod vaulted;

pub use claims::{About, AccessGrant, Claims, IdClaims, IdGrant, PrincipalType, TokenType, Whose};
pub use events::SigningKeyState as KeyState;
pub use fault::TokenFault;
pub use jws::{TOKEN_BYTES_MAX, key_id};
pub use keeper::{KeysError, MakeKey};
pub use ring::{Lives, Ring, RingKey};
pub use rsa::{BadKey, PrivateKey, PublicKey};
pub use store::{KeyStore, KeyStoreError, MemoryKeys, StoredKey, StoredRing};
pub use vaulted::VaultKeys;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::{Time, TokenId};

use crate::clock::Entropy;
use cache::Verified;
use jws::{Kind, Unproved};
use keeper::Keeper;

/// How far the clocks of two replicas may be apart, in seconds: for so long a token is accepted beyond its time.
pub(super) const LEEWAY_S: i64 = 5;
/// How long verifiers may keep the key set: `max-age` of `/oauth/jwks`.
pub const JWKS_MAX_AGE: Duration = Duration::from_secs(300);

/// What all tokens have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// The issuer: the public URL, without a slash at its end.
    pub issuer: Box<str>,
    /// Who the ledger is as an audience of access tokens.
    pub audience: Box<str>,
    /// How long an access token lives.
    pub access_life: Duration,
}

impl TokenSettings {
    /// Of a ledger at this URL, with access tokens of 900 seconds.
    #[must_use]
    pub fn at(issuer: &str) -> Self {
        let issuer: Box<str> = issuer.trim_end_matches('/').into();
        Self { audience: issuer.clone(), issuer, access_life: Duration::from_secs(900) }
    }
}

/// Issues and verifies tokens. Clones share it.
#[derive(Clone)]
pub struct Tokens {
    shared: Arc<Shared>,
}

struct Shared {
    settings: TokenSettings,
    keeper: Keeper,
    verified: Verified,
    entropy: Mutex<Box<dyn Entropy>>,
}

impl Tokens {
    /// With the keys of this store; with a first one, when it has none.
    ///
    /// # Errors
    /// As [`KeysError`] says.
    pub async fn open(
        settings: TokenSettings,
        store: Arc<dyn KeyStore>,
        make: MakeKey,
        entropy: Box<dyn Entropy>,
        now: Time,
    ) -> Result<Self, KeysError> {
        let tail = settings.access_life + Duration::from_secs(LEEWAY_S.unsigned_abs());
        let lives = Lives { lead: JWKS_MAX_AGE * 2, tail };
        let keeper = Keeper::open(store, make, lives, now).await?;
        let (verified, entropy) = (Verified::new(), Mutex::new(entropy));
        Ok(Self { shared: Arc::new(Shared { settings, keeper, verified, entropy }) })
    }

    /// What all tokens have in common.
    #[must_use]
    pub fn settings(&self) -> &TokenSettings {
        &self.shared.settings
    }

    /// Issues an access token.
    ///
    /// # Errors
    /// [`TokenFault::UnknownKey`] when no key can sign, which a ring does not come to.
    pub fn issue_access(&self, grant: &AccessGrant, now: Time) -> Result<(String, Claims), TokenFault> {
        self.access(grant, self.random_id(now), seconds(now).saturating_add(self.access_life()))
    }

    /// Issues an access token again that was issued before: by the same name, and no longer good.
    ///
    /// # Errors
    /// As [`Self::issue_access`].
    pub fn issue_access_again(
        &self,
        grant: &AccessGrant,
        (token, until): (TokenId, i64),
    ) -> Result<(String, Claims), TokenFault> {
        self.access(grant, token, until)
    }

    /// For how many seconds an access token is good.
    fn access_life(&self) -> i64 {
        i64::try_from(self.shared.settings.access_life.as_secs()).unwrap_or(i64::MAX)
    }

    fn access(&self, grant: &AccessGrant, jti: TokenId, exp: i64) -> Result<(String, Claims), TokenFault> {
        let Shared { settings, .. } = &*self.shared;
        let (principal_type, sub, sid, roles, auth_time) = match &grant.whose {
            Whose::User { user, session, roles, auth_time } => {
                (PrincipalType::User, user.to_string().into(), *session, roles.clone(), *auth_time)
            }
            Whose::Service => (PrincipalType::Service, grant.client_id.clone(), None, Vec::new(), None),
        };
        let own_audience = || vec![settings.audience.clone()];
        let claims = Claims {
            iss: settings.issuer.clone(),
            sub,
            aud: if grant.audience.is_empty() { own_audience() } else { grant.audience.clone() },
            exp,
            iat: exp.saturating_sub(self.access_life()),
            nbf: None,
            jti,
            client_id: grant.client_id.clone(),
            scope: grant.scopes.spaced().into(),
            org_id: grant.org,
            principal_type,
            kind: TokenType::Access,
            sid,
            roles,
            auth_time,
            app_id: grant.app,
            domain: grant.domain.clone(),
        };
        Ok((self.sign(Kind::Access, &claims)?, claims))
    }

    /// Issues an ID token.
    ///
    /// # Errors
    /// As [`Self::issue_access`].
    pub fn issue_id(&self, grant: &IdGrant<'_>, now: Time) -> Result<String, TokenFault> {
        let Shared { settings, .. } = &*self.shared;
        let iat = seconds(now);
        let at_hash = |token: &str| {
            let hash = digest(&SHA256, token.as_bytes());
            URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]).into()
        };
        let claims = IdClaims {
            iss: settings.issuer.clone(),
            sub: grant.user,
            aud: grant.client_id.into(),
            exp: iat.saturating_add(self.access_life()),
            iat,
            nonce: grant.nonce.map(Box::from),
            auth_time: grant.auth_time,
            sid: grant.session,
            at_hash: grant.access_token.map(at_hash),
            name: grant.about.name.clone(),
            email: grant.about.email.clone(),
            email_verified: grant.about.email_verified,
        };
        self.sign(Kind::Id, &claims)
    }

    /// The claims of an access token that the ledger issued for itself and that is valid now. Whether it
    /// has been revoked is for the directory to say.
    ///
    /// # Errors
    /// As [`TokenFault`] says.
    pub fn verify_access(&self, token: &str, now: Time) -> Result<Arc<Claims>, TokenFault> {
        let claims = self.verify_issued(token, now)?;
        let meant = claims.aud.contains(&self.shared.settings.audience);
        if meant { Ok(claims) } else { Err(TokenFault::Audience) }
    }

    /// The same for a token that may be meant for another audience: for introspection and revocation.
    ///
    /// # Errors
    /// As [`TokenFault`] says.
    pub fn verify_issued(&self, token: &str, now: Time) -> Result<Arc<Claims>, TokenFault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::TooLong);
        }
        let Shared { keeper, verified, .. } = &*self.shared;
        let (name, held, now) = (Verified::name(token), keeper.held(), seconds(now));
        if let Some((kid, claims)) = verified.get(&name, now)
            && held.ring.accepted(&kid).is_some()
        {
            return Ok(claims);
        }
        let unproved = Unproved::parse(token, Kind::Access)?;
        let key = held.ring.accepted(&unproved.kid).ok_or(TokenFault::UnknownKey)?;
        let claims: Arc<Claims> = Arc::new(unproved.proved(&key.public)?);
        self.in_time(&claims.iss, claims.iat.max(claims.nbf.unwrap_or(i64::MIN)), claims.exp, now)?;
        verified.put(name, key.kid.clone(), claims.clone(), now);
        Ok(claims)
    }

    /// The claims of an ID token that the ledger issued, expired or not: it says who signs out, and is no
    /// credential.
    ///
    /// # Errors
    /// As [`TokenFault`] says.
    pub fn read_id(&self, token: &str) -> Result<IdClaims, TokenFault> {
        let unproved = Unproved::parse(token, Kind::Id)?;
        let held = self.shared.keeper.held();
        let key = held.ring.accepted(&unproved.kid).ok_or(TokenFault::UnknownKey)?;
        let claims: IdClaims = unproved.proved(&key.public)?;
        if claims.iss == self.shared.settings.issuer { Ok(claims) } else { Err(TokenFault::Issuer) }
    }

    /// Looks for the key of a token that [`Self::verify_access`] found unknown, at most once in 30 seconds;
    /// whether it looked, so that another try makes sense.
    ///
    /// # Errors
    /// As [`KeysError`] says.
    pub async fn look_for_key(&self, now: Time) -> Result<bool, KeysError> {
        self.shared.keeper.look(now).await
    }

    /// Whether a token says that it is signed with a key of this ring: which of several ledgers it is for.
    #[must_use]
    pub fn knows(&self, token: &str) -> bool {
        key_id(token).is_some_and(|kid| self.shared.keeper.held().ring.accepted(&kid).is_some())
    }

    /// The JSON web key set, as text.
    #[must_use]
    pub fn jwks(&self) -> Box<str> {
        self.shared.keeper.held().jwks.clone()
    }

    /// The keys, oldest first.
    #[must_use]
    pub fn keys(&self) -> Vec<RingKey> {
        self.shared.keeper.held().ring.keys().to_vec()
    }

    /// Publishes a new key, which signs after twice [`JWKS_MAX_AGE`]; the one that waits already, if
    /// there is one. Its name.
    ///
    /// # Errors
    /// As [`KeysError`] says.
    pub async fn rotate(&self, now: Time) -> Result<Arc<str>, KeysError> {
        self.shared.keeper.rotate(now).await
    }

    /// Ends a key, and every token that it signed, at once.
    ///
    /// # Errors
    /// As [`KeysError`] says.
    pub async fn revoke_key(&self, kid: &str, now: Time) -> Result<(), KeysError> {
        self.shared.keeper.revoke(kid, now).await
    }

    /// Takes in what other replicas changed and moves keys on whose time has come. To be called every
    /// minute, and when a key was changed elsewhere.
    ///
    /// # Errors
    /// As [`KeysError`] says.
    pub async fn tend(&self, now: Time) -> Result<(), KeysError> {
        self.shared.keeper.tend(now).await
    }

    /// Key states that are no facts yet: to be recorded, then [`Self::told`].
    #[must_use]
    pub fn untold(&self) -> Vec<(Arc<str>, KeyState)> {
        let held = self.shared.keeper.held();
        held.ring.untold().map(|(kid, state)| (kid.clone(), state)).collect()
    }

    /// Notes that these states are facts in the log.
    ///
    /// # Errors
    /// As [`KeysError`] says.
    pub async fn told(&self, told: &[(Arc<str>, KeyState)], now: Time) -> Result<(), KeysError> {
        self.shared.keeper.told(told, now).await
    }

    fn sign(&self, kind: Kind, claims: &impl serde::Serialize) -> Result<String, TokenFault> {
        let held = self.shared.keeper.held();
        let (kid, key) = held.ring.signer().ok_or(TokenFault::UnknownKey)?;
        jws::sign(kind, kid, key, claims)
    }

    fn in_time(&self, issuer: &str, from: i64, until: i64, now: i64) -> Result<(), TokenFault> {
        if *issuer != *self.shared.settings.issuer {
            Err(TokenFault::Issuer)
        } else if now.saturating_sub(LEEWAY_S) >= until {
            Err(TokenFault::Expired)
        } else if now.saturating_add(LEEWAY_S) < from {
            Err(TokenFault::NotYetValid)
        } else {
            Ok(())
        }
    }

    /// A UUIDv7, whose millisecond says which of the ends of a second came before the token.
    fn random_id(&self, now: Time) -> TokenId {
        let mut entropy = self.shared.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        let mut random = [0; 10];
        entropy.fill(&mut random);
        let millis = u64::try_from(now.micros() / 1_000).unwrap_or_default();
        TokenId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

/// Whole seconds since 1970.
fn seconds(now: Time) -> i64 {
    now.micros().div_euclid(1_000_000)
}
