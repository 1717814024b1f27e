//! When API keys were last used: noted in memory, written to the vault once a minute, for a write a
//! request would cost more than the request.

use std::sync::{Mutex, MutexGuard, PoisonError};

use events::{KeyId, Time};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::vault::{Change, Draft, Kept, Kind, Shelf, VaultError};

/// The most rows of one write.
const ROWS_MAX: usize = 500;

/// When keys were last used, since they were written down last.
#[derive(Debug, Default)]
pub struct LastUsed(Mutex<HashMap<KeyId, Time>>);

#[derive(Debug, Serialize, Deserialize)]
struct Use {
    at: Time,
}

impl Kept for Use {
    const KIND: Kind = Kind::Used;
}

impl LastUsed {
    /// Notes that a key is used now.
    pub fn note(&self, key: KeyId, now: Time) {
        self.noted().insert(key, now);
    }

    /// When a key was last used, to the minute after a restart; `None` when it never was.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn of(&self, key: KeyId, shelf: &Shelf, now: Time) -> Result<Option<Time>, VaultError> {
        if let Some(at) = self.noted().get(&key) {
            return Ok(Some(*at));
        }
        let kept = shelf.get::<Use>(&key.to_string(), now).await?;
        Ok(kept.map(|kept| kept.value.at))
    }

    /// Writes down what was noted. What cannot be written stays noted.
    ///
    /// # Errors
    /// When the vault cannot be written.
    pub async fn flush(&self, shelf: &Shelf, now: Time) -> Result<(), VaultError> {
        let noted: Vec<_> = self.noted().iter().map(|(key, at)| (*key, *at)).collect();
        for some in noted.chunks(ROWS_MAX) {
            let row = |(key, at): &(KeyId, Time)| {
                Change::Put(Draft::of(key.to_string(), None, None, &Use { at: *at }))
            };
            shelf.vault().commit(some.iter().map(row).collect(), now).await?;
            let mut noted = self.noted();
            for (key, at) in some {
                if noted.get(key) == Some(at) {
                    noted.remove(key);
                }
            }
        }
        Ok(())
    }

    fn noted(&self) -> MutexGuard<'_, HashMap<KeyId, Time>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
