//! Reads of the projections.

use events::{Credits, Position, WalletId};
use futures::{FutureExt, TryFutureExt, future::BoxFuture};
use projections::WalletRow;
use sqlx::{Row, SqliteConnection};
use tokio::sync::watch;

use super::{
    SqliteReads,
    cold::{self, to_the_end},
    fault::store,
    identity, rows,
    rows::wallet_columns,
};
use crate::read::{EntryPage, EntryQuery, IdentityRows, ReadFault, Reads, StoreFault, WalletView};

/// One statement sees one snapshot: the row is as of the checkpoint beside it.
const WALLET: &str = concat!(
    "SELECT (SELECT position FROM checkpoints LIMIT 1) AS checkpoint, ",
    wallet_columns!(),
    " FROM wallets w JOIN ids o ON o.number = w.org WHERE w.id = ?"
);

const RETURNED: &str = "SELECT total, last_rollback FROM returned WHERE deduction = ?";

impl Reads for SqliteReads {
    fn wallet(&self, wallet: WalletId) -> BoxFuture<'_, Result<Option<WalletView>, ReadFault>> {
        let reads = self.clone();
        let read = async move {
            let mut connection = reads.0.pool.acquire().await.map_err(store)?;
            view(&mut connection, wallet).await
        };
        to_the_end(read).map_err(ReadFault::from).boxed()
    }

    fn entries(&self, query: EntryQuery) -> BoxFuture<'_, Result<EntryPage, ReadFault>> {
        let reads = self.clone();
        to_the_end(async move { reads.entry_page(&query).await }).map_err(ReadFault::from).boxed()
    }

    fn returned(&self, deduction: Position) -> BoxFuture<'_, Result<Option<(Credits, Position)>, ReadFault>> {
        let pool = self.0.pool.clone();
        let read = async move {
            let query = sqlx::query_as(RETURNED).bind(deduction.get().cast_signed());
            let row: Option<(i64, i64)> = query.fetch_optional(&pool).await.map_err(store)?;
            Ok(row.map(|(total, last)| (Credits::from_micros(total), rows::position(last))))
        };
        to_the_end(read).map_err(ReadFault::from).boxed()
    }

    fn identity(&self) -> BoxFuture<'_, Result<IdentityRows, ReadFault>> {
        let reads = self.clone();
        to_the_end(async move { reads.identity_now().await }).map_err(ReadFault::from).boxed()
    }

    fn checkpoint(&self) -> watch::Receiver<Position> {
        self.0.progress.checkpoint()
    }

    fn hurry(&self, position: Position) {
        self.0.progress.hurry(position);
    }
}

impl SqliteReads {
    async fn identity_now(&self) -> Result<IdentityRows, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let as_of = cold::checkpoint(&mut snapshot).await?;
        let all = identity::read(&mut snapshot).await?;
        snapshot.rollback().await.map_err(store)?;
        Ok(IdentityRows {
            organizations: all.organizations.into_values().collect(),
            apps: all.apps.into_values().collect(),
            keys: all.keys.into_values().collect(),
            as_of,
        })
    }
}

/// The wallet and the checkpoint in one snapshot.
pub(super) async fn view(
    connection: &mut SqliteConnection,
    wallet: WalletId,
) -> Result<Option<WalletView>, StoreFault> {
    let query = sqlx::query(WALLET).bind(wallet.0.into_bytes().to_vec());
    let Some(found) = query.fetch_optional(connection).await.map_err(store)? else {
        return Ok(None);
    };
    let row: WalletRow = rows::wallet(&found)?;
    let as_of = rows::position(found.try_get("checkpoint").map_err(store)?);
    Ok(Some(WalletView { row, as_of }))
}
