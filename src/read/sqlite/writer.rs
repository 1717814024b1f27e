//! Writing batches into `read.db`: rows and checkpoint in one transaction.

use std::{path::Path, sync::Arc};

use arc_swap::ArcSwap;
use events::{IdMap, LedgerId, Position};
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use super::{
    READ_FILE, SqliteReads,
    bulk::{Bulk, Row},
    entry_rows::{self, EntryStatements},
    fault::{corrupt, store},
    identity,
    liability_rows::{self, LiabilityStatement},
    rows, rules,
    segments::{Filters, Segments},
    usage_rows::UsageStatement,
    wallet_rows::{self, WalletStatements},
};
use crate::{
    log::Log,
    read::{Batch, Found, Missing, Progress, Start, Store, StoreFault, mark_below},
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

struct Statements {
    ids: Bulk,
    wallets: WalletStatements,
    entries: EntryStatements,
    usage: UsageStatement,
    liability: LiabilityStatement,
    rows: rows::Statements,
}

impl Statements {
    fn new() -> Self {
        Self {
            ids: Bulk::new("INSERT INTO ids (number, id)", 2),
            wallets: WalletStatements::new(),
            entries: EntryStatements::new(),
            usage: UsageStatement::new(),
            liability: LiabilityStatement::new(),
            rows: rows::Statements::new(),
        }
    }

    /// Writes all rows of a batch but the answers. `number` knows every organization and app.
    async fn write(
        &self,
        connection: &mut SqliteConnection,
        batch: &Batch<'_>,
        number: impl Fn(Uuid) -> Option<i64> + Copy + Send + Sync,
    ) -> Result<(), StoreFault> {
        self.wallets.write_wallets(connection, &batch.wallets, number).await.map_err(store)?;
        self.wallets.write_timers(connection, &batch.timers).await.map_err(store)?;
        self.wallets.write_marks(connection, batch.wallet_marks).await.map_err(store)?;
        self.entries.write(connection, batch.entries, number).await?;
        self.usage.write(connection, &batch.usage, number).await.map_err(store)?;
        self.liability.write(connection, batch.liability_marks, number).await.map_err(store)?;
        self.rows.write_returned(connection, &batch.returned).await.map_err(store)?;
        self.rows.write_bases(connection, batch.bases).await.map_err(store)?;
        for changed in batch.identity_changes {
            identity::write(connection, batch.identity, *changed).await.map_err(store)?;
        }
        for changed in batch.rule_changes {
            rules::write(connection, batch.rules, *changed).await?;
        }
        Ok(())
    }
}

impl SqliteStore {
    /// Takes over a connection to a file whose schema and ledger were checked.
    pub(super) async fn new(
        mut connection: SqliteConnection,
        ledger: LedgerId,
        checkpoint: Position,
    ) -> Result<Self, StoreFault> {
        let numbers = rows::numbers(&mut connection).await?;
        let segments = Segments::load(&mut connection).await?;
        let filters = Arc::new(ArcSwap::from_pointee(segments.filters()));
        let statements = Statements::new();
        Ok(Self { connection, ledger, checkpoint, numbers, segments, filters, statements, stale: false })
    }

    /// What reads beside this store, which is in `directory`, and sees what it writes.
    #[must_use]
    pub fn reads(&self, directory: &Path, log: Arc<dyn Log>) -> SqliteReads {
        let progress = Arc::new(Progress::at(self.checkpoint));
        SqliteReads::new(&directory.join(READ_FILE), log, self.filters.clone(), progress)
    }

    async fn write_all(&mut self, batch: &Batch<'_>) -> Result<(), StoreFault> {
        if batch.start != self.checkpoint {
            return Err(corrupt(format!(
                "a batch from {} on does not follow {}",
                batch.start, self.checkpoint
            )));
        }
        if self.stale {
            self.numbers = rows::numbers(&mut self.connection).await?;
            self.segments = Segments::load(&mut self.connection).await?;
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
        number_new_ids(connection, statements, numbers, batch).await?;
        let number = |id: Uuid| numbers.get(&id).copied();
        statements.write(connection, batch, number).await?;
        segments.add(connection, batch.answers).await?;
        let (start, end) = (batch.start.get().cast_signed(), batch.end.get().cast_signed());
        let advance = sqlx::query(ADVANCE).bind(ledger.0.as_bytes().as_slice()).bind(start).bind(end);
        let advanced = advance.execute(&mut *connection).await.map_err(store)?.rows_affected();
        if advanced != projections::VERSIONS.len() as u64 {
            return Err(corrupt(format!(
                "the checkpoint is not at {}, where this process left it",
                batch.start
            )));
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
        let (connection, checkpoint) = (&mut self.connection, self.checkpoint);
        Ok(Start {
            checkpoint,
            identity: identity::read(connection).await?,
            rules: rules::read(connection).await?,
            marks: liability_rows::last(connection).await?,
            entries: entry_rows::between(connection, mark_below(checkpoint), checkpoint).await?,
        })
    }

    async fn find(&mut self, missing: &Missing) -> Result<Found, StoreFault> {
        let connection = &mut self.connection;
        Ok(Found {
            wallets: wallet_rows::wallets(connection, &missing.wallets).await?,
            returned: rows::returned(connection, &missing.returned).await?,
            bases: rows::bases(connection, &missing.bases).await?,
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

/// Gives numbers to organizations and apps that have none.
async fn number_new_ids(
    connection: &mut SqliteConnection,
    statements: &Statements,
    numbers: &mut IdMap<Uuid, i64>,
    batch: &Batch<'_>,
) -> Result<(), StoreFault> {
    let mut new = Vec::new();
    let orgs = batch.wallets.iter().map(|row| row.row.org.0);
    let of_entries = batch.entries.iter().filter_map(|entry| entry.app).map(|app| app.0);
    // A rollback counts for an app that may have no entry yet.
    let of_usage = batch.usage.iter().filter_map(|(key, _)| key.app).map(|app| app.0);
    for id in orgs.chain(of_entries).chain(of_usage) {
        let next = numbers.len() as i64 + 1;
        numbers.entry(id).or_insert_with(|| {
            new.push((next, id));
            next
        });
    }
    let bind = |(number, id): &(i64, Uuid), row: &mut Row| {
        row.add(*number);
        row.add(id.as_bytes().as_slice());
    };
    statements.ids.execute(connection, &new, bind).await.map_err(store)
}
