//! The projections as they were at one moment, however they go on.

use std::{path::Path, sync::Arc};

use events::{LedgerId, Position};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};

use super::{OpenError, open, tables::On};
use crate::read::{
    StoreFault,
    stored::{
        segments::Filters,
        tables::{Database, Snapshot, Stored},
    },
};

/// The connection, as long as it is in use.
type Held = OwnedMappedMutexGuard<Option<SqliteConnection>, SqliteConnection>;

/// One ledger's projections in a file, all read in one transaction.
#[derive(Debug)]
pub struct Frozen(Arc<Mutex<Option<SqliteConnection>>>);

impl Frozen {
    /// The projections of this moment, their filters and their checkpoint.
    pub(super) async fn now(file: &Path, ledger: LedgerId) -> Result<(Self, Filters, Position), OpenError> {
        let (mut connection, checkpoint) = open::freeze(file, ledger).await?;
        let filters = Filters::load(&mut On(&mut connection)).await?;
        Ok((Self(Arc::new(Mutex::new(Some(connection)))), filters, checkpoint))
    }

    async fn tables(&self) -> Stored<On<Held>> {
        let held = Arc::clone(&self.0).lock_owned().await;
        let held = OwnedMutexGuard::try_map(held, Option::as_mut);
        held.map(On).map_err(|_| StoreFault::Unavailable("it is closed".to_owned()))
    }
}

impl Database for Frozen {
    type Single = On<Held>;
    type Snapshot = On<Held>;

    async fn single(&self) -> Stored<Self::Single> {
        self.tables().await
    }

    async fn snapshot(&self) -> Stored<Self::Snapshot> {
        self.tables().await
    }

    async fn engine_snapshot(&self) -> Stored<Self::Snapshot> {
        self.tables().await
    }

    async fn close(&self) {
        if let Some(connection) = self.0.lock().await.take() {
            // Nothing was changed that could fail to be kept.
            let _ = connection.close().await;
        }
    }
}

impl Snapshot for On<Held> {
    async fn end(self) -> Stored<()> {
        Ok(())
    }
}
