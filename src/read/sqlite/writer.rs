//! Writing batches into `read.db`: rows and checkpoint in one transaction.

use std::{path::Path, sync::Arc};

use arc_swap::ArcSwap;
use events::{LedgerId, Position, WalletId};
use projections::{IdMap, Identity, ReturnedRow, WalletRow, pack_lots};
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use super::{
    READ_FILE, Shared, SqliteReads,
    bulk::{Bulk, Row},
    entry_rows::EntryStatements,
    fault::{corrupt, store},
    identity, open, rows,
    segments::{Filters, Segments},
};
use crate::{
    log::Log,
    read::{Batch, Progress, Store, StoreFault},
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
    wallets: Bulk,
    entries: EntryStatements,
    returned: Bulk,
}

impl Statements {
    fn new() -> Self {
        Self {
            ids: Bulk::new("INSERT INTO ids (number, id)", 2),
            wallets: Bulk::new(
                "REPLACE INTO wallets (id, org, balance, reserved, account_seq, last, lots)",
                7,
            ),
            entries: EntryStatements::new(),
            returned: Bulk::new("REPLACE INTO returned (deduction, total, last_rollback)", 3),
        }
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
        let (pool, filters) = (open::readers(&directory.join(READ_FILE)), self.filters.clone());
        SqliteReads(Arc::new(Shared { pool, log, filters, progress }))
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
        let Self { connection, ledger, numbers, segments, statements, .. } = self;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(store)?;
        number_new_ids(&mut transaction, statements, numbers, batch).await?;
        let number = |id: Uuid| numbers.get(&id).copied();
        write_wallets(&mut transaction, statements, &batch.wallets, number).await.map_err(store)?;
        statements.entries.write(&mut transaction, batch.entries, number).await?;
        write_returned(&mut transaction, statements, &batch.returned).await.map_err(store)?;
        for changed in batch.identity_changes {
            identity::write(&mut transaction, batch.identity, *changed).await.map_err(store)?;
        }
        segments.add(&mut transaction, batch.answers).await?;
        let (start, end) = (batch.start.get().cast_signed(), batch.end.get().cast_signed());
        let advance = sqlx::query(ADVANCE).bind(ledger.0.as_bytes().as_slice()).bind(start).bind(end);
        let advanced = advance.execute(&mut *transaction).await.map_err(store)?.rows_affected();
        if advanced != projections::VERSIONS.len() as u64 {
            return Err(corrupt(format!(
                "the checkpoint is not at {}, where this process left it",
                batch.start
            )));
        }
        transaction.commit().await.map_err(store)?;
        self.stale = false;
        self.checkpoint = batch.end;
        self.filters.store(Arc::new(self.segments.filters()));
        Ok(())
    }
}

impl Store for SqliteStore {
    fn checkpoint(&self) -> Position {
        self.checkpoint
    }

    async fn wallets(&mut self, wallets: &[WalletId]) -> Result<Vec<WalletRow>, StoreFault> {
        if wallets.is_empty() {
            return Ok(Vec::new());
        }
        rows::wallets(&mut self.connection, wallets).await
    }

    async fn returned(&mut self, deductions: &[Position]) -> Result<Vec<ReturnedRow>, StoreFault> {
        if deductions.is_empty() {
            return Ok(Vec::new());
        }
        rows::returned(&mut self.connection, deductions).await
    }

    async fn identity(&mut self) -> Result<Identity, StoreFault> {
        identity::read(&mut self.connection).await
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
    let orgs = batch.wallets.iter().map(|row| row.org.0);
    let of_entries = batch.entries.iter().filter_map(|entry| entry.app).map(|app| app.0);
    for id in orgs.chain(of_entries) {
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
    statements.ids.insert(connection, &new, bind).await.map_err(store)
}

async fn write_wallets(
    connection: &mut SqliteConnection,
    statements: &Statements,
    wallets: &[&WalletRow],
    number: impl Fn(Uuid) -> Option<i64> + Send + Sync,
) -> Result<(), sqlx::Error> {
    let bind = |wallet: &&WalletRow, row: &mut Row| {
        let mut lots = Vec::with_capacity(14 * wallet.lots.len());
        pack_lots(&wallet.lots, &mut lots);
        row.add(wallet.id.0.as_bytes().as_slice());
        row.add(number(wallet.org.0));
        row.add(wallet.balance.micros());
        row.add(wallet.reserved.micros());
        row.number(wallet.account_seq);
        row.number(wallet.last.get());
        row.add(lots);
    };
    statements.wallets.insert(connection, wallets, bind).await
}

async fn write_returned(
    connection: &mut SqliteConnection,
    statements: &Statements,
    returned: &[ReturnedRow],
) -> Result<(), sqlx::Error> {
    let bind = |of: &ReturnedRow, row: &mut Row| {
        row.number(of.deduction.get());
        row.add(of.total.micros());
        row.number(of.last.get());
    };
    statements.returned.insert(connection, returned, bind).await
}
