//! The ring in memory and in its store, and the changes of its keys.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use events::Time;

use super::{BadKey, KeyState, KeyStore, KeyStoreError, Lives, PrivateKey, Ring, StoredRing};

/// How soon the store is asked again after a token with an unknown key: whoever sends thousands of made-up
/// keys causes one look.
const LOOK_AGAIN_MICROS: i64 = 30_000_000;
/// Attempts against other replicas that change the ring at the same time.
const ATTEMPTS: usize = 8;

/// Why keys could not be changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeysError {
    /// There is no such key.
    #[error("there is no such signing key")]
    NotFound,
    /// Other replicas change the keys all the time.
    #[error("the signing keys are being changed elsewhere: try again")]
    Contended,
    /// A key cannot be made or read.
    #[error("a signing key cannot be made or read")]
    BadKey(#[from] BadKey),
    /// The store does not work.
    #[error(transparent)]
    Store(#[from] KeyStoreError),
}

/// Makes new keys.
pub type MakeKey = fn() -> Result<PrivateKey, BadKey>;

/// Keeps the ring.
pub(super) struct Keeper {
    store: Arc<dyn KeyStore>,
    make: MakeKey,
    lives: Lives,
    now_held: ArcSwap<Held>,
    looked: Mutex<Option<Time>>,
    /// One reader at a time, so that no older ring replaces a newer one.
    turn: tokio::sync::Mutex<()>,
}

/// A ring, and its key set as text.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) ring: Ring,
    pub(super) jwks: Box<str>,
}

impl Keeper {
    /// The ring that is stored, with a first key when there is none.
    pub(super) async fn open(
        store: Arc<dyn KeyStore>,
        make: MakeKey,
        lives: Lives,
        now: Time,
    ) -> Result<Self, KeysError> {
        let (now_held, looked, turn) = (ArcSwap::default(), Mutex::default(), tokio::sync::Mutex::default());
        let keeper = Self { store, make, lives, now_held, looked, turn };
        keeper.tend(now).await?;
        Ok(keeper)
    }

    pub(super) fn held(&self) -> arc_swap::Guard<Arc<Held>> {
        self.now_held.load()
    }

    /// Reads the ring and moves its keys on. To be called every minute.
    pub(super) async fn tend(&self, now: Time) -> Result<(), KeysError> {
        self.change(now, |ring| Ok(ring.advance(self.lives, now))).await
    }

    /// Publishes a new key, which signs after a while; the one that waits already, if there is one.
    pub(super) async fn rotate(&self, now: Time) -> Result<Arc<str>, KeysError> {
        let next = self.fresh().await?;
        let kid = Mutex::new(None);
        self.change(now, |ring| {
            let waiting = ring.published().map(|key| key.kid.clone());
            let changed = waiting.is_none();
            let named = waiting.unwrap_or_else(|| ring.publish(next.clone(), now));
            *kid.lock().unwrap_or_else(PoisonError::into_inner) = Some(named);
            Ok(changed)
        })
        .await?;
        kid.into_inner().unwrap_or_else(PoisonError::into_inner).ok_or(KeysError::Contended)
    }

    /// Ends a key at once. Another one signs from now on.
    pub(super) async fn revoke(&self, kid: &str, now: Time) -> Result<(), KeysError> {
        self.change(now, |ring| if ring.revoke(kid, now) { Ok(true) } else { Err(KeysError::NotFound) }).await
    }

    /// Notes that these states are facts in the log.
    pub(super) async fn told(&self, told: &[(Arc<str>, KeyState)], now: Time) -> Result<(), KeysError> {
        self.change(now, |ring| {
            Ok(told.iter().fold(false, |changed, (kid, state)| ring.told(kid, *state) || changed))
        })
        .await
    }

    /// Looks for a key that is unknown here, unless that was done a moment ago; whether it was done.
    pub(super) async fn look(&self, now: Time) -> Result<bool, KeysError> {
        {
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            let recently = |at: Time| (now.micros() - at.micros()).abs() < LOOK_AGAIN_MICROS;
            if looked.is_some_and(recently) {
                return Ok(false);
            }
            *looked = Some(now);
        }
        self.change(now, |_| Ok(false)).await?;
        Ok(true)
    }

    /// Changes the stored ring and takes it for our own. A ring without a key that signs gets one.
    async fn change(
        &self,
        now: Time,
        change: impl Fn(&mut Ring) -> Result<bool, KeysError>,
    ) -> Result<(), KeysError> {
        let _turn = self.turn.lock().await;
        let mut first = None;
        for _ in 0..ATTEMPTS {
            let StoredRing { version, keys } = self.store.load().await?;
            let mut ring = Ring::from_stored(&keys, &self.held().ring)?;
            let mut changed = change(&mut ring)?;
            if ring.signer().is_none() {
                let key = match &first {
                    Some(made) => Arc::clone(made),
                    None => self.fresh().await?,
                };
                ring.publish(Arc::clone(&key), now);
                first = Some(key);
                changed = true;
            }
            if !changed || self.store.replace(StoredRing { version, keys: ring.to_stored()? }).await? {
                let jwks = ring.jwks().into();
                self.now_held.store(Arc::new(Held { ring, jwks }));
                return Ok(());
            }
        }
        Err(KeysError::Contended)
    }

    /// A new key, made beside the work of others: it takes a tenth of a second.
    async fn fresh(&self) -> Result<Arc<PrivateKey>, KeysError> {
        let made = tokio::task::spawn_blocking(self.make).await.map_err(|_| BadKey)?;
        Ok(Arc::new(made?))
    }
}
