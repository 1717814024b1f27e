//! The keys that sign tokens, and their lives: published → active → retained → revoked.
//!
//! A key is published before it signs, for as long as verifiers may hold on to an old key set, and
//! retained after that until the last token it signed has run out. Pure: time and new keys come in.

use std::{sync::Arc, time::Duration};

use events::Time;
use serde_json::json;

use super::{BadKey, KeyState, PrivateKey, PublicKey, StoredKey};

/// How long keys stay in their states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lives {
    /// From being published to signing: twice as long as verifiers keep the key set.
    pub lead: Duration,
    /// From the last signature to the end: as long as a token is accepted.
    pub tail: Duration,
}

/// One key of the ring.
#[derive(Debug, Clone)]
pub struct RingKey {
    /// Its name: the thumbprint of RFC 7638.
    pub kid: Arc<str>,
    /// What it is for.
    pub state: KeyState,
    /// Since when.
    pub since: Time,
    /// Which of its states is a fact in the log; none at first.
    pub told: Option<KeyState>,
    pub(super) public: PublicKey,
    /// Dropped when it signs no more.
    pub(super) private: Option<Arc<PrivateKey>>,
}

/// All keys.
#[derive(Debug, Clone, Default)]
pub struct Ring {
    keys: Vec<RingKey>,
}

impl Ring {
    /// The keys, oldest first.
    #[must_use]
    pub fn keys(&self) -> &[RingKey] {
        &self.keys
    }

    /// The key that signs.
    #[must_use]
    pub fn signer(&self) -> Option<(&Arc<str>, &PrivateKey)> {
        let active = self.keys.iter().rev().filter(|key| key.state == KeyState::Active);
        active.into_iter().find_map(|key| Some((&key.kid, &**key.private.as_ref()?)))
    }

    /// The key of this name, if what it signed is accepted. That of a published key is, because another
    /// replica may know already that it is active.
    #[must_use]
    pub fn accepted(&self, kid: &str) -> Option<&RingKey> {
        self.keys.iter().find(|key| *key.kid == *kid && key.state != KeyState::Revoked)
    }

    /// Adds a key. The only one signs at once; that the first one ever does is no news.
    pub fn publish(&mut self, key: Arc<PrivateKey>, now: Time) -> Arc<str> {
        let state = if self.signer().is_some() { KeyState::Published } else { KeyState::Active };
        let public = key.public().clone();
        let kid: Arc<str> = public.thumbprint().into();
        let (name, private) = (kid.clone(), Some(key));
        let told = self.keys.is_empty().then_some(state);
        self.keys.push(RingKey { kid: name, state, since: now, told, public, private });
        kid
    }

    /// The key that waits to sign.
    #[must_use]
    pub fn published(&self) -> Option<&RingKey> {
        self.keys.iter().find(|key| key.state == KeyState::Published)
    }

    /// Moves keys on whose time has come; whether any did.
    pub fn advance(&mut self, lives: Lives, now: Time) -> bool {
        let before = self.keys.len();
        self.keys.retain(|key| key.state != KeyState::Revoked || key.told != Some(KeyState::Revoked));
        let mut changed = self.keys.len() != before;
        for index in 0..self.keys.len() {
            let key = &mut self.keys[index];
            let age = now.micros().saturating_sub(key.since.micros());
            let lasted = |life: Duration| i64::try_from(life.as_micros()).is_ok_and(|life| age >= life);
            match key.state {
                KeyState::Published if lasted(lives.lead) => self.activate(index, now),
                KeyState::Retained if lasted(lives.tail) => self.enter(index, KeyState::Revoked, now),
                KeyState::Published | KeyState::Active | KeyState::Retained | KeyState::Revoked => continue,
            }
            changed = true;
        }
        changed
    }

    /// Ends a key at once, with everything it signed. If it signed, the one that waits does now. Whether
    /// there was such a key.
    pub fn revoke(&mut self, kid: &str, now: Time) -> bool {
        let Some(index) = self.keys.iter().position(|key| *key.kid == *kid) else { return false };
        if self.keys[index].state != KeyState::Revoked {
            self.enter(index, KeyState::Revoked, now);
        }
        if self.signer().is_none()
            && let Some(next) = self.keys.iter().position(|key| key.state == KeyState::Published)
        {
            self.activate(next, now);
        }
        true
    }

    /// States that are no facts yet, oldest key first.
    pub fn untold(&self) -> impl Iterator<Item = (&Arc<str>, KeyState)> {
        self.keys.iter().filter(|key| key.told != Some(key.state)).map(|key| (&key.kid, key.state))
    }

    /// Notes that a state is a fact.
    pub fn told(&mut self, kid: &str, state: KeyState) -> bool {
        let key = self.keys.iter_mut().find(|key| *key.kid == *kid && key.told != Some(state));
        key.map(|key| key.told = Some(state)).is_some()
    }

    /// The JSON web key set (RFC 7517) that verifiers read.
    #[must_use]
    pub fn jwks(&self) -> String {
        let accepted = self.keys.iter().filter(|key| key.state != KeyState::Revoked);
        let keys = accepted.map(|key| {
            let (n, e) = (key.public.modulus(), key.public.exponent());
            json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": *key.kid, "n": n, "e": e })
        });
        json!({ "keys": keys.collect::<Vec<_>>() }).to_string()
    }

    fn activate(&mut self, index: usize, now: Time) {
        for other in 0..self.keys.len() {
            if self.keys[other].state == KeyState::Active {
                self.enter(other, KeyState::Retained, now);
            }
        }
        self.enter(index, KeyState::Active, now);
    }

    fn enter(&mut self, index: usize, state: KeyState, now: Time) {
        let key = &mut self.keys[index];
        (key.state, key.since) = (state, now);
        if matches!(state, KeyState::Retained | KeyState::Revoked) {
            key.private = None;
        }
    }

    /// The ring as it was stored. Keys that `known` has need not be parsed again.
    pub(super) fn from_stored(stored: &[StoredKey], known: &Self) -> Result<Self, BadKey> {
        let read = |row: &StoredKey| {
            let before = known.keys.iter().find(|key| *key.kid == *row.kid);
            let public =
                before.map_or_else(|| PublicKey::from_der(&row.public), |key| Ok(key.public.clone()))?;
            let private = match (&row.private, before.and_then(|key| key.private.clone())) {
                (None, _) => None,
                (Some(_), Some(parsed)) => Some(parsed),
                (Some(der), None) => Some(Arc::new(PrivateKey::from_pkcs8(der)?)),
            };
            let (kid, state, since, told) = (row.kid.clone().into(), row.state, row.since, row.told);
            Ok(RingKey { kid, state, since, told, public, private })
        };
        Ok(Self { keys: stored.iter().map(read).collect::<Result<_, _>>()? })
    }

    pub(super) fn to_stored(&self) -> Result<Vec<StoredKey>, BadKey> {
        let write = |key: &RingKey| {
            let private = key.private.as_ref().map(|private| private.to_pkcs8()).transpose()?;
            let (kid, public) = ((*key.kid).into(), key.public.der().into());
            Ok(StoredKey { kid, state: key.state, since: key.since, told: key.told, public, private })
        };
        self.keys.iter().map(write).collect()
    }
}
