//! Writing batches into PostgreSQL: rows and checkpoint in one transaction.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use events::{IdMap, LedgerId, Position};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

use super::{
    PostgresReads,
    database::{Builds, Postgres},
    fault::store,
    open,
    statements::Writing,
    tables::On,
};
use crate::{
    log::Log,
    read::{
        Batch, Found, Missing, PeopleQuery, Progress, Start, Store, StoreFault, mark_below,
        stored::{
            StoredReads, Tables, entry_rows, liability, rows,
            segments::{Filters, Segments},
        },
    },
};

/// Also a lock: who comes second waits here for the first, and then finds the checkpoint moved.
const ADVANCE: &str = "UPDATE checkpoints SET position = $3 WHERE build = $1 AND position = $2";

/// How long a batch may take, for a connection may be lost without a word.
const WRITE_MAX: Duration = Duration::from_secs(120);

/// The projections of one ledger in PostgreSQL, for the one who writes them.
pub struct PostgresStore {
    options: PgConnectOptions,
    /// None when the last one failed.
    connection: Option<PgConnection>,
    ledger: LedgerId,
    build: i32,
    checkpoint: Position,
    /// Numbers of organizations and apps.
    numbers: IdMap<Uuid, i64>,
    segments: Segments,
    filters: Arc<ArcSwap<Filters>>,
    /// A transaction failed, so memory may be ahead of the database or behind it.
    stale: bool,
}

impl PostgresStore {
    /// Takes over a connection and the build of a ledger, whose checkpoint was read.
    pub(super) async fn new(
        options: PgConnectOptions,
        mut connection: PgConnection,
        (ledger, build): (LedgerId, i32),
        checkpoint: Position,
    ) -> Result<Self, StoreFault> {
        let mut tables = On { connection: &mut connection, build };
        let numbers = tables.numbers().await?;
        let segments = Segments::load(&mut tables).await?;
        let filters = Arc::new(ArcSwap::from_pointee(segments.filters()));
        let connection = Some(connection);
        Ok(Self { options, connection, ledger, build, checkpoint, numbers, segments, filters, stale: false })
    }

    /// What reads beside this store and sees what it writes.
    #[must_use]
    pub fn reads(&self, log: Arc<dyn Log>) -> PostgresReads {
        let progress = Arc::new(Progress::at(self.checkpoint));
        let database = Postgres::new(self.options.clone(), self.ledger, Builds::Only(self.build));
        StoredReads::new(database, log, self.filters.clone(), progress)
    }

    /// A connection that works as far as is known. It is put back when its use went well; otherwise it
    /// is closed, and with it whatever transaction it is in.
    async fn connected(&mut self) -> Result<PgConnection, StoreFault> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => open::connect_to_write(&self.options, self.ledger).await.map_err(store),
        }
    }

    async fn write_all(&mut self, batch: &Batch<'_>) -> Result<(), StoreFault> {
        if batch.start != self.checkpoint {
            return Err(rows::misplaced(batch.start, self.checkpoint));
        }
        let again = self.stale;
        if again && self.reload().await? == batch.end {
            self.wrote(batch.end);
            return Ok(());
        }
        // Until the commit, whatever goes wrong leaves memory ahead of the database. So does a future
        // that is dropped.
        self.stale = true;
        let written = tokio::time::timeout(WRITE_MAX, self.write_transaction(batch)).await;
        let late = || StoreFault::Unavailable("the database took too long".to_owned());
        if let Err(fault) = written.unwrap_or_else(|_| Err(late())) {
            // The answer to an earlier commit was lost, not the commit.
            if !again || self.reload().await? != batch.end {
                return Err(fault);
            }
        }
        self.wrote(batch.end);
        Ok(())
    }

    fn wrote(&mut self, end: Position) {
        self.stale = false;
        self.checkpoint = end;
        self.filters.store(Arc::new(self.segments.filters()));
    }

    /// Reads again what memory may have wrong. Returns the checkpoint of the database.
    async fn reload(&mut self) -> Result<Position, StoreFault> {
        let mut connection = self.connected().await?;
        let mut tables = On { connection: &mut connection, build: self.build };
        let checkpoint = tables.checkpoint().await?;
        self.numbers = tables.numbers().await?;
        self.segments = Segments::load(&mut tables).await?;
        self.connection = Some(connection);
        Ok(checkpoint)
    }

    async fn write_transaction(&mut self, batch: &Batch<'_>) -> Result<(), StoreFault> {
        let mut connection = self.connected().await?;
        let Self { build, numbers, segments, .. } = self;
        let build = *build;
        let mut transaction = connection.begin().await.map_err(store)?;
        let advance = sqlx::query(ADVANCE).bind(build).bind(rows::signed(batch.start));
        let advance = advance.bind(rows::signed(batch.end)).execute(&mut *transaction).await;
        if advance.map_err(store)?.rows_affected() != projections::VERSIONS.len() as u64 {
            return Err(rows::moved(batch.start));
        }
        let new = rows::number_new_ids(numbers, batch);
        let number = |id: Uuid| numbers.get(&id).copied();
        let mut writing = Writing { connection: &mut transaction, build };
        writing.ids(&new).await?;
        writing.batch(batch, number).await?;
        segments.add(&mut On { connection: &mut *transaction, build }, batch.answers).await?;
        transaction.commit().await.map_err(store)?;
        self.connection = Some(connection);
        Ok(())
    }
}

impl Store for PostgresStore {
    fn checkpoint(&self) -> Position {
        self.checkpoint
    }

    async fn start(&mut self) -> Result<Start, StoreFault> {
        let (mut connection, checkpoint) = (self.connected().await?, self.checkpoint);
        let tables = &mut On { connection: &mut connection, build: self.build };
        let start = Start {
            checkpoint,
            identity: rows::identity(tables, PeopleQuery::ALL).await?,
            rules: rows::rules(tables, None).await?,
            marks: liability::marks(tables, true).await?,
            entries: entry_rows::between(tables, mark_below(checkpoint), checkpoint).await?,
        };
        self.connection = Some(connection);
        Ok(start)
    }

    async fn find(&mut self, missing: &Missing) -> Result<Found, StoreFault> {
        let mut connection = self.connected().await?;
        let mut tables = On { connection: &mut connection, build: self.build };
        let found = Found {
            wallets: tables.wallets(&missing.wallets).await?,
            returned: tables.returned(&missing.returned).await?,
            bases: tables.bases(&missing.bases).await?,
        };
        self.connection = Some(connection);
        Ok(found)
    }

    async fn write(&mut self, batch: &Batch<'_>) -> Result<(), StoreFault> {
        self.write_all(batch).await
    }

    async fn close(self) {
        if let Some(connection) = self.connection
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the projections didn't close cleanly");
        }
    }
}
