//! Whole projections, read to be compared with a replay.

use std::fmt::Write;

use events::{CommandId, Position, WalletId};
use projections::{EntryRow, IdMap, IdSet, Identity, ReturnedRow, WalletRow, fingerprint};
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::{
    SqliteReads, cold,
    fault::store,
    identity,
    rows::{self, entry_columns, entry_joins, wallet_columns},
    segments,
};
use crate::read::{Live, StoreFault};

/// All rows of a range as one text: reading rows one by one takes longer than computing them.
const ENTRIES_TEXT: &str = "SELECT group_concat(format('%d,%d,%s,%d,%d,%d,%d,%d,%d', \
     position, time, hex(wallet), org, app, kind, amount, balance, refers_to), ';') \
     FROM (SELECT * FROM entries WHERE position >= ? AND position < ? ORDER BY position)";

const ENTRIES: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM entries e ",
    entry_joins!(),
    " WHERE e.position >= ? AND e.position < ? ORDER BY e.position"
);

const WALLETS: &str = concat!(
    "SELECT ",
    wallet_columns!(),
    " FROM wallets w JOIN ids o ON o.number = w.org WHERE w.id > ? ORDER BY w.id LIMIT ?"
);

const RETURNED: &str = "SELECT deduction, total, last_rollback FROM returned WHERE deduction >= ? \
     ORDER BY deduction LIMIT ?";

const IDS: &str = "SELECT number, id FROM ids";

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
        let mut connection = self.0.pool.acquire().await.map_err(store)?;
        let numbers = numbers(&mut connection).await?;
        let query = sqlx::query_scalar(ENTRIES_TEXT).bind(signed(from)).bind(signed(to));
        let live: Option<String> = query.fetch_one(&mut *connection).await.map_err(store)?;
        Ok(text(expected, &numbers).is_some_and(|expected| expected == live.unwrap_or_default()))
    }

    async fn entries_between(&self, from: Position, to: Position) -> Result<Vec<EntryRow>, StoreFault> {
        let rows = sqlx::query(ENTRIES).bind(signed(from)).bind(signed(to));
        rows.fetch_all(&self.0.pool).await.map_err(store)?.iter().map(rows::entry).collect()
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

/// The text that [`ENTRIES_TEXT`] makes of these rows; `None` when an id has no number.
fn text(entries: &[EntryRow], numbers: &IdMap<Uuid, i64>) -> Option<String> {
    let mut text = String::with_capacity(96 * entries.len());
    for entry in entries {
        let separator = if text.is_empty() { "" } else { ";" };
        let (position, time) = (entry.position, entry.time.micros());
        let (amount, balance) = (entry.amount.micros(), entry.balance.micros());
        let org = numbers.get(&entry.org.0)?;
        // A null prints as 0, which is the number of no app; no event refers to the first event.
        let app = entry.app.map_or(Some(&0), |app| numbers.get(&app.0))?;
        let (kind, refers_to) = (entry.kind.code(), entry.refers_to.unwrap_or_default());
        let wallet = entry.wallet.0.simple();
        write!(
            text,
            "{separator}{position},{time},{wallet:X},{org},{app},{kind},{amount},{balance},{refers_to}"
        )
        .ok()?;
    }
    Some(text)
}

async fn numbers(connection: &mut SqliteConnection) -> Result<IdMap<Uuid, i64>, StoreFault> {
    let known = sqlx::query(IDS).fetch_all(connection).await.map_err(store)?;
    let number = |row: &sqlx::sqlite::SqliteRow| row.try_get::<i64, _>("number").map_err(store);
    known.iter().map(|row| Ok((rows::id(row, "id")?, number(row)?))).collect()
}

fn signed(position: Position) -> i64 {
    position.get().cast_signed()
}
