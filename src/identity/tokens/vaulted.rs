//! The keys in the vault: one row for the whole ring, so that replicas cannot change it past each other.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use events::Time;
use futures::{FutureExt, future::BoxFuture};
use serde::{Deserialize, Serialize};

use super::{KeyState, KeyStore, KeyStoreError, StoredKey, StoredRing};
use crate::{
    clock::Entropy,
    identity::{
        seal::{Place, Seal},
        vault::{Change, Draft, Kept, Kind, Shelf, VaultError},
    },
};

/// The id of the ring's row.
const RING: &str = "ring";

/// Keeps the ring in a ledger's vault, the halves that sign sealed.
pub struct VaultKeys {
    shelf: Shelf,
    seal: Arc<Seal>,
    entropy: Mutex<Box<dyn Entropy>>,
}

impl VaultKeys {
    /// The ring of this vault.
    #[must_use]
    pub fn new(shelf: Shelf, seal: Arc<Seal>, entropy: Box<dyn Entropy>) -> Self {
        Self { shelf, seal, entropy: Mutex::new(entropy) }
    }

    async fn read(&self) -> Result<StoredRing, KeyStoreError> {
        // The row has no end, so that any moment will do.
        let row = self.shelf.get::<KeptRing>(RING, Time::default()).await.map_err(fault)?;
        let Some(row) = row else { return Ok(StoredRing::default()) };
        let keys = row.value.keys.into_iter().map(|key| self.open(key)).collect::<Result<_, _>>()?;
        Ok(StoredRing { version: row.version, keys })
    }

    fn open(&self, key: KeptKey) -> Result<StoredKey, KeyStoreError> {
        let public = STANDARD.decode(&*key.public).map_err(fault)?.into();
        let open = |sealed: &str| self.seal.open(place(&key.kid), sealed).map_err(fault);
        let private = key.sealed.as_deref().map(open).transpose()?;
        Ok(StoredKey { kid: key.kid, state: key.state, since: key.since, told: key.told, public, private })
    }

    fn close(&self, key: StoredKey) -> KeptKey {
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        let seal =
            |private: &zeroize::Zeroizing<Vec<u8>>| self.seal.seal(place(&key.kid), private, &mut **entropy);
        let sealed = key.private.as_ref().map(seal);
        let public = STANDARD.encode(&key.public).into();
        KeptKey { state: key.state, since: key.since, told: key.told, public, sealed, kid: key.kid }
    }
}

impl KeyStore for VaultKeys {
    fn load(&self) -> BoxFuture<'_, Result<StoredRing, KeyStoreError>> {
        self.read().boxed()
    }

    fn replace(&self, ring: StoredRing) -> BoxFuture<'_, Result<bool, KeyStoreError>> {
        async move {
            let kept = KeptRing { keys: ring.keys.into_iter().map(|key| self.close(key)).collect() };
            let draft = Draft::of(RING, None, None, &kept);
            let change = match ring.version {
                0 => Change::Insert(draft),
                version => Change::Replace(draft, version),
            };
            match self.shelf.vault().commit(vec![change], Time::default()).await {
                Ok(()) => Ok(true),
                Err(VaultError::Conflict) => Ok(false),
                Err(error) => Err(fault(error)),
            }
        }
        .boxed()
    }
}

#[derive(Serialize, Deserialize)]
struct KeptRing {
    keys: Vec<KeptKey>,
}

#[derive(Serialize, Deserialize)]
struct KeptKey {
    kid: Box<str>,
    state: KeyState,
    since: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<KeyState>,
    public: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Box<str>>,
}

impl Kept for KeptRing {
    const KIND: Kind = Kind::SigningKey;
}

/// A sealed half belongs to its key: put beside another one, it does not open.
fn place(kid: &str) -> Place<'_> {
    Place { kind: Kind::SigningKey, id: kid, field: "private" }
}

fn fault(error: impl std::fmt::Display) -> KeyStoreError {
    KeyStoreError(error.to_string().into())
}
