//! The tables of `read.db`, read.

use std::{fmt::Display, ops::DerefMut, path::Path};

use events::{IdMap, OrgId, Position, Time, WalletId};
use projections::{Basis, ReturnedRow, RowKey, WalletRow};
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction, pool::PoolConnection};
use uuid::Uuid;

use super::{fault::store, open};
use crate::{
    engine::Timer,
    read::{
        Kept, PeopleQuery, WalletMark, WalletView,
        stored::{
            rows::{self, StoredKey, limited, position, signed},
            tables::{Database, ListKey, Snapshot, Stored, Tables},
            usage::StoredUsage,
        },
    },
};

/// All projections are at one position: it is written in the transaction that applies to them all.
const CHECKPOINT: &str = "SELECT position FROM checkpoints LIMIT 1";

/// The columns of a wallet.
macro_rules! wallets_where {
    ($rest:literal) => {
        concat!(
            "SELECT w.id, o.id, w.account_seq, w.last, w.events, w.state \
             FROM wallets w JOIN ids o ON o.number = w.org WHERE ",
            $rest
        )
    };
}

/// The checkpoint beside the columns of a wallet: one statement sees one snapshot.
const WALLET: &str = "SELECT (SELECT position FROM checkpoints LIMIT 1), \
     w.id, o.id, w.account_seq, w.last, w.events, w.state \
     FROM wallets w JOIN ids o ON o.number = w.org WHERE w.id = ?";
const WALLETS: &str = wallets_where!("w.id IN (SELECT unhex(value) FROM json_each(?))");
const WALLETS_AFTER: &str = wallets_where!("w.id > ? ORDER BY w.id LIMIT ?");

const TIMERS_FROM: &str = "SELECT due, wallet FROM timers WHERE due IS NOT NULL AND (due, wallet) >= (?, ?) ORDER BY due, wallet LIMIT ?";
const TIMERS_AFTER: &str = "SELECT due, wallet FROM timers WHERE due IS NOT NULL AND (due, wallet) > (?, ?) ORDER BY due, wallet LIMIT ?";

const MARK_BELOW: &str = "SELECT wallet, last, account_seq, state FROM wallet_marks \
     WHERE wallet = ? AND last < ? ORDER BY last DESC LIMIT 1";
const MARKS_AFTER: &str = "SELECT wallet, last, account_seq, state FROM wallet_marks \
     WHERE (wallet, last) > (?, ?) ORDER BY wallet, last LIMIT ?";
const MARKED_FROM: &str =
    "SELECT last FROM wallet_marks WHERE wallet = ? AND last >= ? ORDER BY last LIMIT ?";

const IDS: &str = "SELECT number, id FROM ids";
const NUMBERED: &str = "SELECT number, id FROM ids WHERE number IN (SELECT value FROM json_each(?))";
const NUMBER: &str = "SELECT number FROM ids WHERE id = ?";

const RETURNED: &str = "SELECT event, total, last FROM returned \
     WHERE event IN (SELECT value FROM json_each(?))";
const RETURNED_FROM: &str = "SELECT event, total, last FROM returned WHERE event >= ? ORDER BY event LIMIT ?";

const BASES: &str = "SELECT lot, amount, paid, currency FROM bases \
     WHERE lot IN (SELECT value FROM json_each(?))";
const BASES_FROM: &str = "SELECT lot, amount, paid, currency FROM bases WHERE lot >= ? ORDER BY lot LIMIT ?";

const ENTRY_PAGES: &str = "SELECT data FROM entries WHERE first < ?2 \
     AND first >= coalesce((SELECT max(first) FROM entries WHERE first <= ?1), ?1) ORDER BY first";
const ENTRY_PAGE: &str = "SELECT data FROM entries WHERE first = ?";
const ENTRY_PAGE_AFTER: &str = "SELECT first, time FROM entries WHERE first >= ? ORDER BY first LIMIT 1";

const LIST: &str = "SELECT first, data FROM entry_lists WHERE org = ? AND app = ? AND kind = ? AND first < ? \
     ORDER BY first DESC LIMIT ?";
const LISTS: &str = "SELECT org, app, kind, first, data FROM entry_lists \
     WHERE (org, app, kind, first) > (?, ?, ?, ?) ORDER BY org, app, kind, first LIMIT ?";

const USAGE: &str = "SELECT org, day, app, service, spendings, spent, spent_micros, rollbacks, returned, \
     returned_micros FROM usage ORDER BY org, day, app, service";
const USAGE_OF: &str = "SELECT org, day, app, service, spendings, spent, spent_micros, rollbacks, returned, \
     returned_micros FROM usage WHERE org = ? AND day >= ? AND day < ?";

const LAST_TOTALS: &str = "SELECT o.id, m.position, m.totals FROM ids o CROSS JOIN liability_marks m \
     ON m.org = o.number AND m.position = (SELECT max(position) FROM liability_marks WHERE org = o.number)";
const ALL_TOTALS: &str = "SELECT o.id, m.position, m.totals FROM liability_marks m \
     JOIN ids o ON o.number = m.org ORDER BY m.org, m.position";
const TOTALS: &str =
    "SELECT totals FROM liability_marks WHERE org = ? AND position <= ? ORDER BY position DESC LIMIT 1";

const PRICES: &str = "SELECT version, org, data FROM prices WHERE ?1 IS NULL OR org = ?1 ORDER BY version";
const POLICIES: &str = "SELECT version, org, data FROM policies WHERE ?1 IS NULL OR org = ?1";
const ORGANIZATIONS: &str = "SELECT id, name FROM organizations";
const APPS: &str = "SELECT id, org, name, registered FROM apps";
const KEYS: &str = "SELECT id, app, org, scopes, verifier, issued, revoked, expires FROM keys";
const PEOPLE_SINCE: &str = "SELECT data FROM people WHERE changed >= ?";
const PEOPLE_BETWEEN: &str = "SELECT data FROM people WHERE id BETWEEN ? AND ?";

const SEGMENTS: &str = "SELECT segment, entries, buckets FROM command_segments ORDER BY segment";
const FILTERS: &str = "SELECT block, data FROM command_filters ORDER BY block";
const PAGES: &str = "SELECT data FROM command_pages WHERE page IN (SELECT value FROM json_each(?))";
const PAGES_BETWEEN: &str = "SELECT data FROM command_pages WHERE page BETWEEN ? AND ? ORDER BY page";

/// Connections for everybody but the engine.
const READERS_MAX: u32 = 4;

/// Connections for the engine alone, so that no reader makes the writer wait.
const ENGINE_READERS_MAX: u32 = 2;

/// A wallet beside the checkpoint.
type FoundWallet = (i64, Uuid, Uuid, i64, i64, i64, Vec<u8>);

/// The projections in a file, read by a few connections.
#[derive(Debug)]
pub struct SqliteFile {
    readers: SqlitePool,
    engine: SqlitePool,
}

impl SqliteFile {
    pub(super) fn new(file: &Path) -> Self {
        Self { readers: open::readers(file, READERS_MAX), engine: open::readers(file, ENGINE_READERS_MAX) }
    }
}

impl Database for SqliteFile {
    type Single = On<PoolConnection<Sqlite>>;
    type Snapshot = On<Transaction<'static, Sqlite>>;

    async fn single(&self) -> Stored<Self::Single> {
        self.readers.acquire().await.map(On).map_err(store)
    }

    async fn snapshot(&self) -> Stored<Self::Snapshot> {
        self.readers.begin().await.map(On).map_err(store)
    }

    async fn engine_snapshot(&self) -> Stored<Self::Snapshot> {
        self.engine.begin().await.map(On).map_err(store)
    }

    async fn close(&self) {
        self.readers.close().await;
        self.engine.close().await;
    }
}

/// The tables, as a connection sees them.
#[derive(Debug)]
pub struct On<C>(pub(super) C);

impl Snapshot for On<Transaction<'static, Sqlite>> {
    async fn end(self) -> Stored<()> {
        self.0.rollback().await.map_err(store)
    }
}

/// Rows of a query, each as a tuple of its columns.
macro_rules! all {
    ($on:expr, $sql:expr $(, $value:expr)*) => {
        sqlx::query_as($sql)$(.bind($value))*.fetch_all(&mut *$on.0).await.map_err(store)
    };
}

/// The first column of the rows of a query.
macro_rules! column {
    ($on:expr, $fetch:ident, $sql:expr $(, $value:expr)*) => {
        sqlx::query_scalar($sql)$(.bind($value))*.$fetch(&mut *$on.0).await.map_err(store)
    };
}

impl<C: DerefMut<Target = SqliteConnection> + Send> Tables for On<C> {
    async fn checkpoint(&mut self) -> Stored<Position> {
        column!(self, fetch_one, CHECKPOINT).map(position)
    }

    async fn wallet(&mut self, wallet: WalletId) -> Stored<Option<WalletView>> {
        let query = sqlx::query_as(WALLET).bind(wallet.0);
        let row: Option<FoundWallet> = query.fetch_optional(&mut *self.0).await.map_err(store)?;
        let Some((checkpoint, id, org, seq, last, events, state)) = row else { return Ok(None) };
        let row = rows::kept((id, org, seq, last, events, state))?.row;
        Ok(Some(WalletView { row, as_of: position(checkpoint) }))
    }

    async fn wallets(&mut self, wallets: &[WalletId]) -> Stored<Vec<Kept>> {
        if wallets.is_empty() {
            return Ok(Vec::new());
        }
        let ids = list(wallets.iter().map(|wallet| format!("\"{}\"", wallet.0.simple())));
        all!(self, WALLETS, ids)?.into_iter().map(rows::kept).collect()
    }

    async fn wallets_after(&mut self, after: Option<WalletId>, limit: usize) -> Stored<Vec<Kept>> {
        let after = after.map_or_else(Vec::new, |wallet| wallet.0.into_bytes().to_vec());
        all!(self, WALLETS_AFTER, after, limited(limit))?.into_iter().map(rows::kept).collect()
    }

    async fn timers(&mut self, (due, wallet): Timer, itself: bool, limit: usize) -> Stored<Vec<Timer>> {
        let sql = if itself { TIMERS_FROM } else { TIMERS_AFTER };
        let rows: Vec<(i64, Uuid)> = all!(self, sql, due.micros(), wallet.0, limited(limit))?;
        Ok(rows.into_iter().map(|(due, id)| (Time::from_micros(due), WalletId(id))).collect())
    }

    async fn mark_below(
        &mut self,
        (wallet, org): (WalletId, OrgId),
        below: Position,
    ) -> Stored<Option<WalletRow>> {
        let mut rows = all!(self, MARK_BELOW, wallet.0, signed(below))?;
        rows.pop().map(|row| rows::marked(org, row)).transpose()
    }

    async fn marked_from(&mut self, wallet: WalletId, from: Position, limit: usize) -> Stored<Vec<Position>> {
        let found: Vec<i64> = column!(self, fetch_all, MARKED_FROM, wallet.0, signed(from), limited(limit))?;
        Ok(found.into_iter().map(position).collect())
    }

    async fn marks_after(
        &mut self,
        after: Option<(WalletId, Position)>,
        limit: usize,
    ) -> Stored<Vec<WalletMark>> {
        let (wallet, last) = after.map_or((Uuid::nil(), -1), |(wallet, last)| (wallet.0, signed(last)));
        Ok(all!(self, MARKS_AFTER, wallet, last, limited(limit))?.into_iter().map(rows::mark).collect())
    }

    async fn returned(&mut self, events: &[Position]) -> Stored<Vec<ReturnedRow>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        Ok(all!(self, RETURNED, list(events))?.into_iter().map(rows::returned).collect())
    }

    async fn returned_from(&mut self, from: Position, limit: usize) -> Stored<Vec<ReturnedRow>> {
        let rows = all!(self, RETURNED_FROM, signed(from), limited(limit))?;
        Ok(rows.into_iter().map(rows::returned).collect())
    }

    async fn bases(&mut self, lots: &[Position]) -> Stored<Vec<(Position, Basis)>> {
        if lots.is_empty() {
            return Ok(Vec::new());
        }
        all!(self, BASES, list(lots))?.into_iter().map(rows::basis).collect()
    }

    async fn bases_from(&mut self, from: Position, limit: usize) -> Stored<Vec<(Position, Basis)>> {
        all!(self, BASES_FROM, signed(from), limited(limit))?.into_iter().map(rows::basis).collect()
    }

    async fn numbers(&mut self) -> Stored<IdMap<Uuid, i64>> {
        let known: Vec<(i64, Uuid)> = all!(self, IDS)?;
        Ok(known.into_iter().map(|(number, id)| (id, number)).collect())
    }

    async fn numbered(&mut self, numbers: &[i64]) -> Stored<Vec<(i64, Uuid)>> {
        all!(self, NUMBERED, list(numbers))
    }

    async fn number(&mut self, id: Uuid) -> Stored<Option<i64>> {
        column!(self, fetch_optional, NUMBER, id)
    }

    async fn entry_pages(&mut self, from: Position, to: Position) -> Stored<Vec<Vec<u8>>> {
        column!(self, fetch_all, ENTRY_PAGES, signed(from), signed(to))
    }

    async fn entry_page(&mut self, first: Position) -> Stored<Vec<u8>> {
        column!(self, fetch_one, ENTRY_PAGE, signed(first))
    }

    async fn entry_page_after(&mut self, from: Position) -> Stored<Option<(Position, Time)>> {
        let mut found: Vec<(i64, i64)> = all!(self, ENTRY_PAGE_AFTER, signed(from))?;
        Ok(found.pop().map(|(first, time)| (position(first), Time::from_micros(time))))
    }

    async fn list_below(&mut self, key: ListKey, limit: usize) -> Stored<Vec<(i64, Vec<u8>)>> {
        all!(self, LIST, key.0, key.1, key.2, key.3, limited(limit))
    }

    async fn lists_after(&mut self, key: ListKey, limit: usize) -> Stored<Vec<(ListKey, Vec<u8>)>> {
        let rows = all!(self, LISTS, key.0, key.1, key.2, key.3, limited(limit))?;
        Ok(rows.into_iter().map(|(org, app, kind, first, data)| ((org, app, kind, first), data)).collect())
    }

    async fn usage(&mut self, of: Option<(i64, i64, i64)>) -> Stored<Vec<StoredUsage>> {
        match of {
            Some((org, from, until)) => all!(self, USAGE_OF, org, from, until),
            None => all!(self, USAGE),
        }
    }

    async fn liability(&mut self, only_last: bool) -> Stored<Vec<(Uuid, i64, Vec<u8>)>> {
        all!(self, if only_last { LAST_TOTALS } else { ALL_TOTALS })
    }

    async fn totals(&mut self, org: i64, upto: Position) -> Stored<Option<Vec<u8>>> {
        column!(self, fetch_optional, TOTALS, org, signed(upto))
    }

    async fn prices(&mut self, of: Option<OrgId>) -> Stored<Vec<(i64, Uuid, String)>> {
        all!(self, PRICES, of.map(|org| org.0))
    }

    async fn policies(&mut self, of: Option<OrgId>) -> Stored<Vec<(i64, Uuid, String)>> {
        all!(self, POLICIES, of.map(|org| org.0))
    }

    async fn organizations(&mut self) -> Stored<Vec<(Uuid, String)>> {
        all!(self, ORGANIZATIONS)
    }

    async fn apps(&mut self) -> Stored<Vec<(Uuid, Uuid, String, i64)>> {
        all!(self, APPS)
    }

    async fn keys(&mut self) -> Stored<Vec<StoredKey>> {
        all!(self, KEYS)
    }

    async fn people(&mut self, of: PeopleQuery) -> Stored<Vec<String>> {
        match of {
            PeopleQuery::Since(from) => column!(self, fetch_all, PEOPLE_SINCE, signed(from)),
            PeopleQuery::GrantedTo(app) => {
                let (first, last) = RowKey::of_app(app);
                column!(self, fetch_all, PEOPLE_BETWEEN, first, last)
            }
        }
    }

    async fn segments(&mut self) -> Stored<Vec<(i64, i64, i64)>> {
        all!(self, SEGMENTS)
    }

    async fn filters(&mut self) -> Stored<Vec<(i64, Vec<u8>)>> {
        all!(self, FILTERS)
    }

    async fn pages(&mut self, pages: &[i64]) -> Stored<Vec<Vec<u8>>> {
        column!(self, fetch_all, PAGES, list(pages))
    }

    async fn pages_between(&mut self, first: i64, last: i64) -> Stored<Vec<Vec<u8>>> {
        column!(self, fetch_all, PAGES_BETWEEN, first, last)
    }
}

/// A JSON array.
fn list(items: impl IntoIterator<Item: Display>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[{}]", items.join(","))
}
