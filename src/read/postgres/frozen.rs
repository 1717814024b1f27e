//! The projections as they were at one moment, however they go on.

use std::sync::Arc;

use events::{LedgerId, Position};
use sqlx::{Connection, PgConnection};
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};

use super::{
    OpenError,
    open::{self, current_build},
    tables::On,
};
use crate::read::{
    StoreFault,
    stored::{
        segments::Filters,
        tables::{Database, Snapshot, Stored},
    },
};

/// One transaction that sees one moment and changes nothing. It is idle as long as its reader is busy
/// with the log.
const BEGIN: &str = "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0; \
     BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The connection, as long as it is in use.
type Held = OwnedMappedMutexGuard<Option<PgConnection>, PgConnection>;

/// One ledger's projections in a database, all read in one transaction.
#[derive(Debug)]
pub struct Frozen {
    connection: Arc<Mutex<Option<PgConnection>>>,
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
        Ok((Self { connection: Arc::new(Mutex::new(Some(connection))), build }, filters, checkpoint))
    }

    async fn tables(&self) -> Stored<On<Held>> {
        let held = Arc::clone(&self.connection).lock_owned().await;
        match OwnedMutexGuard::try_map(held, Option::as_mut) {
            Ok(connection) => Ok(On { connection, build: self.build }),
            Err(_) => Err(StoreFault::Unavailable("it is closed".to_owned())),
        }
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
        if let Some(connection) = self.connection.lock().await.take() {
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
