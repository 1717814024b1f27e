//! Whole projections, read to be compared with a replay.

use events::{CommandId, Position, WalletId};
use projections::{EntryRow, IdSet, Identity, ReturnedRow, WalletRow, fingerprint};

use super::{
    SqliteReads, cold, entries,
    entry_rows::{self, List},
    fault::store,
    identity,
    rows::{self, wallet_columns},
    segments,
};
use crate::read::{
    Live, StoreFault,
    replay::{EntryList, ListDigest},
};

const WALLETS: &str = concat!(
    "SELECT ",
    wallet_columns!(),
    " FROM wallets w JOIN ids o ON o.number = w.org WHERE w.id > ? ORDER BY w.id LIMIT ?"
);

const RETURNED: &str = "SELECT deduction, total, last_rollback FROM returned WHERE deduction >= ? \
     ORDER BY deduction LIMIT ?";

impl Live for SqliteReads {
    async fn applied(&self) -> Result<Position, StoreFault> {
        cold::checkpoint(&mut *self.0.pool.acquire().await.map_err(store)?).await
    }

    async fn entries_are(
        &self,
        from: Position,
        to: Position,
        expected: &[EntryRow],
    ) -> Result<bool, StoreFault> {
        Ok(self.entries_between(from, to).await? == expected)
    }

    async fn entries_between(&self, from: Position, to: Position) -> Result<Vec<EntryRow>, StoreFault> {
        entry_rows::between(&mut *self.0.pool.acquire().await.map_err(store)?, from, to).await
    }

    async fn list_digests(&self) -> Result<Vec<(EntryList, ListDigest)>, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let digests = entry_rows::list_digests(&mut snapshot).await;
        snapshot.rollback().await.map_err(store)?;
        digests
    }

    async fn listed(
        &self,
        list: EntryList,
        from: Position,
        to: Position,
    ) -> Result<Vec<Position>, StoreFault> {
        let mut connection = self.0.pool.acquire().await.map_err(store)?;
        let mut positions = Vec::new();
        if let Some((org, app)) = entries::numbers(&mut connection, list.org, list.app).await? {
            let list = List { org, app, kind: list.kind };
            list.newest(&mut connection, (from, to), usize::MAX, &mut positions).await?;
        }
        Ok(positions)
    }

    async fn wallets_after(
        &self,
        after: Option<WalletId>,
        limit: usize,
    ) -> Result<Vec<WalletRow>, StoreFault> {
        let after = after.map_or_else(Vec::new, |wallet| wallet.0.into_bytes().to_vec());
        let rows = sqlx::query(WALLETS).bind(after).bind(limit as i64);
        rows.fetch_all(&self.0.pool).await.map_err(store)?.iter().map(rows::wallet).collect()
    }

    async fn returned_from(&self, from: Position, limit: usize) -> Result<Vec<ReturnedRow>, StoreFault> {
        let rows = sqlx::query_as(RETURNED).bind(signed(from)).bind(limit as i64);
        let rows: Vec<rows::Returned> = rows.fetch_all(&self.0.pool).await.map_err(store)?;
        Ok(rows.into_iter().map(rows::returned_row).collect())
    }

    async fn identity_rows(&self) -> Result<Identity, StoreFault> {
        identity::read(&mut *self.0.pool.acquire().await.map_err(store)?).await
    }

    async fn answers_digest(&self) -> Result<(u64, u128), StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let digest = segments::digest(&mut snapshot).await;
        snapshot.rollback().await.map_err(store)?;
        digest
    }

    async fn answers_missing(
        &self,
        answers: &[(CommandId, Position)],
    ) -> Result<Vec<(CommandId, Position)>, StoreFault> {
        let filters = self.0.filters.load_full();
        let known = |answer: &&(CommandId, Position)| filters.may_know(fingerprint(answer.0));
        let fingerprints: Vec<u64> =
            answers.iter().filter(known).map(|answer| fingerprint(answer.0)).collect();
        let mut snapshot = self.snapshot().await?;
        let found = segments::find(&mut snapshot, &filters, &fingerprints).await;
        snapshot.rollback().await.map_err(store)?;
        let found: IdSet<(u64, u64)> = found?.into_iter().collect();
        let missing =
            answers.iter().filter(|(id, position)| !found.contains(&(fingerprint(*id), position.get())));
        Ok(missing.copied().collect())
    }
}

fn signed(position: Position) -> i64 {
    position.get().cast_signed()
}
