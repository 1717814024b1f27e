//! The engine's cold state, read from the projections in one snapshot.

use events::{CommandId, Position};
use futures::{FutureExt, TryFutureExt, future::BoxFuture};
use ledger::{Lot, Lots, Wallet};
use projections::{WalletRow, fingerprint};
use sqlx::{Sqlite, SqliteConnection, Transaction};
use tokio::sync::watch;

use super::{SqliteReads, fault::store, rows, segments};
use crate::{
    engine::{ColdError, ColdState, Loaded, Wanted},
    read::StoreFault,
};

/// All projections are at one position: it is written in the transaction that applies to them all.
pub(super) const CHECKPOINT: &str = "SELECT position FROM checkpoints LIMIT 1";

impl ColdState for SqliteReads {
    fn may_know(&self, command: CommandId) -> bool {
        self.0.filters.load().may_know(fingerprint(command))
    }

    fn load(&self, wanted: Wanted) -> BoxFuture<'_, Result<Loaded, ColdError>> {
        let reads = self.clone();
        let loading = to_the_end(async move { reads.load_now(&wanted).await });
        loading.map_err(|fault| ColdError(fault.to_string())).boxed()
    }

    fn checkpoint(&self) -> watch::Receiver<Position> {
        self.0.progress.checkpoint()
    }
}

/// Runs a read in a task of its own, so that it ends even when its caller doesn't wait: a transaction
/// given up half-way would stay open in the pool, and its old snapshot would be read by others.
pub(super) async fn to_the_end<T: Send + 'static>(
    read: impl Future<Output = Result<T, StoreFault>> + Send + 'static,
) -> Result<T, StoreFault> {
    let ended = tokio::spawn(read).await;
    ended.unwrap_or_else(|error| Err(StoreFault::Unavailable(error.to_string())))
}

impl SqliteReads {
    /// A snapshot of all projections.
    pub(super) async fn snapshot(&self) -> Result<Transaction<'static, Sqlite>, StoreFault> {
        self.0.pool.begin().await.map_err(store)
    }

    async fn load_now(&self, wanted: &Wanted) -> Result<Loaded, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let loaded = self.load_from(&mut snapshot, wanted).await;
        snapshot.rollback().await.map_err(store)?;
        loaded
    }

    async fn load_from(
        &self,
        connection: &mut SqliteConnection,
        wanted: &Wanted,
    ) -> Result<Loaded, StoreFault> {
        let mut loaded = Loaded { checkpoint: checkpoint(connection).await?, ..Loaded::default() };
        if !wanted.wallets.is_empty() {
            let rows = rows::wallets(connection, &wanted.wallets).await?;
            loaded.wallets = rows.into_iter().map(|row| (row.id, wallet(row))).collect();
        }
        if !wanted.returned.is_empty() {
            let rows = rows::returned(connection, &wanted.returned).await?;
            loaded.returned = rows.into_iter().map(|row| (row.deduction, row.total)).collect();
        }
        if !wanted.commands.is_empty() {
            let fingerprints: Vec<u64> = wanted.commands.iter().copied().map(fingerprint).collect();
            let found = segments::find(connection, &self.0.filters.load(), &fingerprints).await?;
            // A fingerprint may be shared: the engine asks the event itself.
            for command in &wanted.commands {
                let of_command = found.iter().filter(|(found, _)| *found == fingerprint(*command));
                loaded.commands.extend(of_command.map(|(_, position)| (*command, Position(*position))));
            }
        }
        Ok(loaded)
    }
}

/// The number of events in the snapshot.
pub(super) async fn checkpoint(connection: &mut SqliteConnection) -> Result<Position, StoreFault> {
    sqlx::query_scalar(CHECKPOINT).fetch_one(connection).await.map(rows::position).map_err(store)
}

fn wallet(row: WalletRow) -> Wallet {
    let lot = |lot: projections::LotRow| Lot { id: lot.id, remaining: lot.remaining, terms: lot.terms };
    Wallet {
        org: row.org,
        balance: row.balance,
        reserved: row.reserved,
        account_seq: row.account_seq,
        last: row.last,
        lots: Lots::new(row.lots.into_iter().map(lot)),
    }
}
