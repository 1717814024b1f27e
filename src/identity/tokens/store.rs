//! Where the keys are kept, as this module sees it.

use std::sync::Mutex;

use events::Time;
use futures::{FutureExt, future::BoxFuture};
use zeroize::Zeroizing;

use super::KeyState;

/// One key as it is stored.
#[derive(Clone)]
pub struct StoredKey {
    /// Its name.
    pub kid: Box<str>,
    /// What it is for.
    pub state: KeyState,
    /// Since when.
    pub since: Time,
    /// Which state is a fact in the log.
    pub told: Option<KeyState>,
    /// The half that verifies, as `RSAPublicKey` in DER.
    pub public: Box<[u8]>,
    /// The half that signs, as PKCS #8 in DER: to be sealed. None when it signs no more.
    pub private: Option<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredKey")
            .field("kid", &self.kid)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// All keys as they are stored.
#[derive(Debug, Clone, Default)]
pub struct StoredRing {
    /// Which version of the ring it is, to replace it; 0 when there is none yet.
    pub version: u64,
    /// Its keys, oldest first.
    pub keys: Vec<StoredKey>,
}

/// The keys could not be read or written. The text is for the log.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the signing keys cannot be read or written: {0}")]
pub struct KeyStoreError(pub Box<str>);

/// Keeps the ring for all replicas of a ledger.
pub trait KeyStore: Send + Sync + 'static {
    /// The ring as it is now.
    fn load(&self) -> BoxFuture<'_, Result<StoredRing, KeyStoreError>>;

    /// Replaces the ring if it still has this version; whether it had.
    fn replace(&self, ring: StoredRing) -> BoxFuture<'_, Result<bool, KeyStoreError>>;
}

/// Keys that are gone with the process, for tests.
#[derive(Debug, Default)]
pub struct MemoryKeys(Mutex<StoredRing>);

impl KeyStore for MemoryKeys {
    fn load(&self) -> BoxFuture<'_, Result<StoredRing, KeyStoreError>> {
        let ring = self.ring().clone();
        async { Ok(ring) }.boxed()
    }

    fn replace(&self, ring: StoredRing) -> BoxFuture<'_, Result<bool, KeyStoreError>> {
        let mut stored = self.ring();
        let current = stored.version == ring.version;
        if current {
            *stored = StoredRing { version: ring.version + 1, ..ring };
        }
        async move { Ok(current) }.boxed()
    }
}

impl MemoryKeys {
    fn ring(&self) -> std::sync::MutexGuard<'_, StoredRing> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
