//! The projections as they were at one moment, however they go on.

use std::{path::Path, sync::Arc};

use events::{LedgerId, Position};
use sqlx::SqliteConnection;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{OpenError, open, tables::On};
use crate::read::stored::{
    segments::Filters,
    tables::{Database, Snapshot, Stored},
};

/// One ledger's projections in a file, all read in one transaction.
#[derive(Debug)]
pub struct Frozen(Arc<Mutex<SqliteConnection>>);

impl Frozen {
    /// The projections of this moment, their filters and their checkpoint.
    pub(super) async fn now(file: &Path, ledger: LedgerId) -> Result<(Self, Filters, Position), OpenError> {
        let (mut connection, checkpoint) = open::freeze(file, ledger).await?;
        let filters = Filters::load(&mut On(&mut connection)).await?;
        Ok((Self(Arc::new(Mutex::new(connection))), filters, checkpoint))
    }

    async fn tables(&self) -> On<OwnedMutexGuard<SqliteConnection>> {
        On(Arc::clone(&self.0).lock_owned().await)
    }
}

impl Database for Frozen {
    type Single = On<OwnedMutexGuard<SqliteConnection>>;
    type Snapshot = On<OwnedMutexGuard<SqliteConnection>>;

    async fn single(&self) -> Stored<Self::Single> {
        Ok(self.tables().await)
    }

    async fn snapshot(&self) -> Stored<Self::Snapshot> {
        Ok(self.tables().await)
    }

    async fn engine_snapshot(&self) -> Stored<Self::Snapshot> {
        Ok(self.tables().await)
    }

    async fn close(&self) {
        // Dropping the connection ends it as well.
        let _ = sqlx::raw_sql("ROLLBACK").execute(&mut *self.0.lock().await).await;
    }
}

impl Snapshot for On<OwnedMutexGuard<SqliteConnection>> {
    async fn end(self) -> Stored<()> {
        Ok(())
    }
}
