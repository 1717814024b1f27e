//! A connection that sees one moment, whichever database it is of.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};

use super::tables::Stored;
use crate::read::StoreFault;

/// A connection in a transaction that sees one moment. One reader has it at a time.
#[derive(Debug)]
pub(in crate::read) struct Moment<C>(Arc<Mutex<Option<C>>>);

/// The connection, as long as it is in use.
pub(in crate::read) type Held<C> = OwnedMappedMutexGuard<Option<C>, C>;

impl<C> Moment<C> {
    pub(in crate::read) fn of(connection: C) -> Self {
        Self(Arc::new(Mutex::new(Some(connection))))
    }

    /// Waits for whoever reads.
    pub(in crate::read) async fn hold(&self) -> Stored<Held<C>> {
        let held = Arc::clone(&self.0).lock_owned().await;
        OwnedMutexGuard::try_map(held, Option::as_mut)
            .map_err(|_| StoreFault::Unavailable("it is closed".to_owned()))
    }

    /// The connection, to be closed; none when it was taken before. Nobody can read any more.
    pub(in crate::read) async fn take(&self) -> Option<C> {
        self.0.lock().await.take()
    }
}
