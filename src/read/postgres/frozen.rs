//! The projections as they were at one moment, however they go on.

use std::sync::Arc;

use events::{LedgerId, Position};
use sqlx::PgConnection;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{
    OpenError,
    open::{self, current_build},
    tables::On,
};
use crate::read::stored::{
    segments::Filters,
    tables::{Database, Snapshot, Stored},
};

/// One transaction that sees one moment and changes nothing. It is idle as long as its reader is busy
/// with the log.
const BEGIN: &str = "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0; \
     BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// One ledger's projections in a database, all read in one transaction.
#[derive(Debug)]
pub struct Frozen {
    connection: Arc<Mutex<PgConnection>>,
    build: i32,
}

impl Frozen {
    /// The projections of this moment, their filters and their checkpoint.
    pub(super) async fn now(url: &str, ledger: LedgerId) -> Result<(Self, Filters, Position), OpenError> {
        let mut connection = open::connect(&open::options(url)?).await?;
        sqlx::raw_sql(BEGIN).execute(&mut connection).await?;
        let found = current_build(&mut connection, ledger).await?;
        let (build, checkpoint) = found.ok_or(OpenError::NotCurrent)?;
        let filters = Filters::load(&mut On { connection: &mut connection, build }).await?;
        Ok((Self { connection: Arc::new(Mutex::new(connection)), build }, filters, checkpoint))
    }

    async fn tables(&self) -> On<OwnedMutexGuard<PgConnection>> {
        On { connection: Arc::clone(&self.connection).lock_owned().await, build: self.build }
    }
}

impl Database for Frozen {
    type Single = On<OwnedMutexGuard<PgConnection>>;
    type Snapshot = On<OwnedMutexGuard<PgConnection>>;

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
        let _ = sqlx::raw_sql("ROLLBACK").execute(&mut *self.connection.lock().await).await;
    }
}

impl Snapshot for On<OwnedMutexGuard<PgConnection>> {
    async fn end(self) -> Stored<()> {
        Ok(())
    }
}
