//! Connections that read, and which build they read.

use std::sync::atomic::{AtomicI32, Ordering};

use events::{LedgerId, Position};
use sqlx::{PgPool, Postgres as Driver, Transaction, pool::PoolConnection, postgres::PgConnectOptions};

use super::{
    fault::store,
    open::{readers, versions},
    tables::{On, replaced},
};
use crate::read::{
    StoreFault,
    stored::tables::{Database, Snapshot, Stored},
};

/// Connections for everybody but the engine.
const READERS_MAX: u32 = 8;

/// Connections for the engine alone, so that no reader makes the writer wait.
const ENGINE_READERS_MAX: u32 = 2;

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The current build, where it is of these versions, and its checkpoint.
const CURRENT: &str = "SELECT b.number, c.position FROM builds b \
     JOIN checkpoints c ON c.build = b.number AND c.name = 'wallets' \
     WHERE b.ledger = $1 AND b.current AND b.versions = $2";

/// Which builds a reader reads.
#[derive(Debug)]
pub(super) enum Builds {
    /// This one alone: filters and checkpoint in memory are its own.
    Only(i32),
    /// Whichever is current; the one that was when it was last looked, 0 before.
    Current(AtomicI32),
}

/// One ledger's projections in a database, read by a few connections.
#[derive(Debug)]
pub struct Postgres {
    readers: PgPool,
    engine: PgPool,
    ledger: LedgerId,
    versions: String,
    builds: Builds,
}

impl Postgres {
    pub(super) fn new(options: PgConnectOptions, ledger: LedgerId, builds: Builds) -> Self {
        let engine = readers(options.clone(), ENGINE_READERS_MAX);
        Self { readers: readers(options, READERS_MAX), engine, ledger, versions: versions(), builds }
    }

    /// The checkpoint of the current build, which is read from now on.
    pub(super) async fn look(&self) -> Result<Position, StoreFault> {
        let mut connection = self.readers.acquire().await.map_err(store)?;
        let (build, position) = self.current(&mut connection).await?;
        if let Builds::Current(known) = &self.builds {
            known.store(build, Ordering::Relaxed);
        }
        Ok(position)
    }

    /// The build is looked up inside the snapshot: rows of one that is no more are never taken for
    /// missing ones.
    async fn snapshot_of(&self, pool: &PgPool) -> Stored<On<Transaction<'static, Driver>>> {
        let mut connection = pool.begin_with(BEGIN).await.map_err(store)?;
        let (build, _) = self.current(&mut connection).await?;
        if matches!(self.builds, Builds::Only(only) if only != build) {
            return Err(replaced());
        }
        Ok(On { connection, build })
    }

    async fn current(&self, connection: &mut sqlx::PgConnection) -> Result<(i32, Position), StoreFault> {
        let query = sqlx::query_as(CURRENT).bind(self.ledger.0).bind(&self.versions);
        let found: Option<(i32, i64)> = query.fetch_optional(connection).await.map_err(store)?;
        let (build, position) = found.ok_or_else(replaced)?;
        Ok((build, Position(position.cast_unsigned())))
    }
}

impl Database for Postgres {
    type Single = On<PoolConnection<Driver>>;
    type Snapshot = On<Transaction<'static, Driver>>;

    async fn single(&self) -> Stored<Self::Single> {
        let build = match &self.builds {
            Builds::Only(build) => *build,
            Builds::Current(known) => known.load(Ordering::Relaxed),
        };
        Ok(On { connection: self.readers.acquire().await.map_err(store)?, build })
    }

    async fn snapshot(&self) -> Stored<Self::Snapshot> {
        self.snapshot_of(&self.readers).await
    }

    async fn engine_snapshot(&self) -> Stored<Self::Snapshot> {
        self.snapshot_of(&self.engine).await
    }

    async fn close(&self) {
        self.readers.close().await;
        self.engine.close().await;
    }
}

impl Snapshot for On<Transaction<'static, Driver>> {
    async fn end(self) -> Stored<()> {
        self.connection.rollback().await.map_err(store)
    }
}
