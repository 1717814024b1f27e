//! Tokens that were verified a moment ago: their signature is not looked at again for a minute.

use std::{
    hash::{BuildHasherDefault, Hash, Hasher},
    sync::Arc,
};

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::{
    UnitWeighter,
    sync::{Cache, DefaultLifecycle},
};

use super::Claims;

/// The most tokens remembered, some 1 KB each.
const TOKENS_MAX: usize = 20_000;
/// How long a token is trusted without another look.
const SECONDS_MAX: i64 = 60;

/// The SHA-256 of a token: the cache cannot be asked for the tokens themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name([u8; 32]);

impl Hash for Name {
    /// It is one already. Nobody chooses where a token comes to lie: only genuine ones are kept.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

/// Takes the number that [`Name`] writes for the hash.
#[derive(Debug, Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The tokens.
#[derive(Debug)]
pub(super) struct Verified {
    tokens: Cache<Name, Entry, UnitWeighter, BuildHasherDefault<AsItIs>>,
}

#[derive(Debug, Clone)]
struct Entry {
    kid: Arc<str>,
    claims: Arc<Claims>,
    until: i64,
    since: i64,
}

impl Verified {
    pub(super) fn new() -> Self {
        let weight = u64::try_from(TOKENS_MAX).unwrap_or(u64::MAX);
        let (hasher, lifecycle) = (BuildHasherDefault::default(), DefaultLifecycle::default());
        Self { tokens: Cache::with(TOKENS_MAX, weight, UnitWeighter, hasher, lifecycle) }
    }

    pub(super) fn name(token: &str) -> Name {
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Name(name)
    }

    /// The claims of a token that was verified within the last minute, and the key that signed it.
    pub(super) fn get(&self, name: &Name, now: i64) -> Option<(Arc<str>, Arc<Claims>)> {
        let entry = self.tokens.get(name)?;
        // A clock that was set back proves nothing.
        let fresh = (entry.since..entry.until).contains(&now);
        fresh.then_some((entry.kid, entry.claims))
    }

    pub(super) fn put(&self, name: Name, kid: Arc<str>, claims: Arc<Claims>, now: i64) {
        let until = claims.exp.min(now.saturating_add(SECONDS_MAX));
        self.tokens.insert(name, Entry { kid, claims, until, since: now });
    }
}
