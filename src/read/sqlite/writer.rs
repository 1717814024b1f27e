//! Writing batches into `read.db`: rows and checkpoint in one transaction.

use std::{path::Path, sync::Arc};

use arc_swap::ArcSwap;
use events::{IdMap, LedgerId, Position};
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use super::{
    READ_FILE, SqliteReads,
    fault::store,
    statements::Statements,
    tables::{On, SqliteFile},
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

const ADVANCE: &str = "UPDATE checkpoints SET position = ?3 WHERE ledger = ?1 AND position = ?2";
const LAST_CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// The projections of one ledger in `read.db`, for the one who writes them.
pub struct SqliteStore {
    connection: SqliteConnection,
    ledger: LedgerId,
    checkpoint: Position,
    /// Numbers of organizations and apps.
    numbers: IdMap<Uuid, i64>,
    segments: Segments,
    filters: Arc<ArcSwap<Filters>>,
    statements: Statements,
    /// A transaction failed, so memory may be ahead of the disk.
    stale: bool,
}

impl SqliteStore {
    /// Takes over a connection to a file whose schema and ledger were checked.
    pub(super) async fn new(
        mut connection: SqliteConnection,
        ledger: LedgerId,
        checkpoint: Position,
    ) -> Result<Self, StoreFault> {
        let numbers = On(&mut connection).numbers().await?;
        let segments = Segments::load(&mut On(&mut connection)).await?;
        let filters = Arc::new(ArcSwap::from_pointee(segments.filters()));
        let statements = Statements::new();
        Ok(Self { connection, ledger, checkpoint, numbers, segments, filters, statements, stale: false })
    }

    /// What reads beside this store, which is in `directory`, and sees what it writes.
    #[must_use]
    pub fn reads(&self, directory: &Path, log: Arc<dyn Log>) -> SqliteReads {
        let progress = Arc::new(Progress::at(self.checkpoint));
        let database = SqliteFile::new(&directory.join(READ_FILE));
        StoredReads::new(database, log, self.filters.clone(), progress)
    }

    async fn write_all(&mut self, batch: &Batch<'_>) -> Result<(), StoreFault> {
        if batch.start != self.checkpoint {
            return Err(rows::misplaced(batch.start, self.checkpoint));
        }
        if self.stale {
            self.numbers = On(&mut self.connection).numbers().await?;
            self.segments = Segments::load(&mut On(&mut self.connection)).await?;
        }
        // Until the commit, whatever goes wrong leaves memory ahead of the disk.
        self.stale = true;
        if let Err(fault) = self.write_transaction(batch).await {
            // Fails when SQLite itself has rolled back already, as it does on a full disk.
            let _ = sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).await;
            return Err(fault);
        }
        self.stale = false;
        self.checkpoint = batch.end;
        self.filters.store(Arc::new(self.segments.filters()));
        Ok(())
    }

    /// Plain statements, for the driver's transactions never learn that SQLite rolled back by itself,
    /// and could begin no other.
    async fn write_transaction(&mut self, batch: &Batch<'_>) -> Result<(), StoreFault> {
        let Self { connection, ledger, numbers, segments, statements, .. } = self;
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *connection).await.map_err(store)?;
        let new = rows::number_new_ids(numbers, batch);
        statements.write_ids(connection, &new).await?;
        let number = |id: Uuid| numbers.get(&id).copied();
        statements.write(connection, batch, number).await?;
        segments.add(&mut On(&mut *connection), batch.answers).await?;
        let (start, end) = (batch.start.get().cast_signed(), batch.end.get().cast_signed());
        let advance = sqlx::query(ADVANCE).bind(ledger.0.as_bytes().as_slice()).bind(start).bind(end);
        let advanced = advance.execute(&mut *connection).await.map_err(store)?.rows_affected();
        if advanced != projections::VERSIONS.len() as u64 {
            return Err(rows::moved(batch.start));
        }
        sqlx::raw_sql("COMMIT").execute(&mut *connection).await.map_err(store)?;
        Ok(())
    }
}

impl Store for SqliteStore {
    fn checkpoint(&self) -> Position {
        self.checkpoint
    }

    async fn start(&mut self) -> Result<Start, StoreFault> {
        let (tables, checkpoint) = (&mut On(&mut self.connection), self.checkpoint);
        Ok(Start {
            checkpoint,
            identity: rows::identity(tables, PeopleQuery::ALL).await?,
            rules: rows::rules(tables, None).await?,
            marks: liability::marks(tables, true).await?,
            entries: entry_rows::between(tables, mark_below(checkpoint), checkpoint).await?,
        })
    }

    async fn find(&mut self, missing: &Missing) -> Result<Found, StoreFault> {
        let mut tables = On(&mut self.connection);
        Ok(Found {
            wallets: tables.wallets(&missing.wallets).await?,
            returned: tables.returned(&missing.returned).await?,
            bases: tables.bases(&missing.bases).await?,
        })
    }

    async fn write(&mut self, batch: &Batch<'_>) -> Result<(), StoreFault> {
        self.write_all(batch).await
    }

    async fn close(mut self) {
        if let Err(error) = sqlx::query(LAST_CHECKPOINT).execute(&mut self.connection).await {
            tracing::warn!(%error, "the projections' last checkpoint failed; the next start repeats it");
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the projections didn't close cleanly");
        }
    }
}
