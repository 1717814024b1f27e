//! Tokens that were verified a moment ago: their signature is not looked at again for a minute.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;

use super::Claims;

/// The most tokens remembered, some 1 KB each.
const TOKENS_MAX: u64 = 20_000;
/// How long a token is trusted without another look.
const SECONDS_MAX: i64 = 60;

/// By the SHA-256 of the token: the cache cannot be asked for the tokens themselves.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    tokens: Cache<[u8; 32], Entry>,
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
        Self { tokens: Cache::new(TOKENS_MAX) }
    }

    pub(super) fn name(token: &str) -> [u8; 32] {
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        name
    }

    /// The claims of a token that was verified within the last minute, and the key that signed it.
    pub(super) fn get(&self, name: &[u8; 32], now: i64) -> Option<(Arc<str>, Arc<Claims>)> {
        let entry = self.tokens.get(name)?;
        // A clock that was set back proves nothing.
        let fresh = (entry.since..entry.until).contains(&now);
        fresh.then_some((entry.kid, entry.claims))
    }

    pub(super) fn put(&self, name: [u8; 32], kid: Arc<str>, claims: Arc<Claims>, now: i64) {
        let until = claims.exp.min(now.saturating_add(SECONDS_MAX));
        self.tokens.insert(name, Entry { kid, claims, until, since: now });
    }
}
