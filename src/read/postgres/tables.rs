//! The tables in PostgreSQL, read.

use std::ops::DerefMut;

use events::{IdMap, OrgId, Position, Time, WalletId};
use projections::{Basis, ReturnedRow, RowKey, WalletRow};
use sqlx::PgConnection;
use uuid::Uuid;

use super::fault::store;
use crate::{
    engine::Timer,
    read::{
        Kept, PeopleQuery, StoreFault, WalletMark, WalletView,
        stored::{
            rows::{self, StoredKey, limited, position, signed},
            tables::{ListKey, Stored, Tables},
            usage::StoredUsage,
        },
    },
};

/// All projections are at one position: it is written in the transaction that applies to them all.
const CHECKPOINT: &str = "SELECT position FROM checkpoints WHERE build = $1 AND name = 'wallets'";

/// The columns of a wallet.
macro_rules! wallets_where {
    ($rest:literal) => {
        concat!(
            "SELECT w.id, o.id, w.account_seq, w.last, w.events, w.state FROM wallets w \
             JOIN ids o ON o.build = w.build AND o.number = w.org WHERE w.build = $1 AND ",
            $rest
        )
    };
}

/// One statement sees one snapshot; without a checkpoint it finds nothing, not a missing wallet.
const WALLET: &str = "SELECT c.position, w.id, o.id, w.account_seq, w.last, w.events, w.state FROM checkpoints c \
     LEFT JOIN (wallets w JOIN ids o ON o.build = w.build AND o.number = w.org) \
     ON w.build = c.build AND w.id = $2 WHERE c.build = $1 AND c.name = 'wallets'";
const WALLETS: &str = wallets_where!("w.id = ANY($2)");
const WALLETS_AFTER: &str = wallets_where!("($2::uuid IS NULL OR w.id > $2) ORDER BY w.id LIMIT $3");

const TIMERS_FROM: &str = "SELECT due, wallet FROM timers WHERE build = $1 AND due IS NOT NULL \
     AND (due, wallet) >= ($2, $3) ORDER BY due, wallet LIMIT $4";
const TIMERS_AFTER: &str = "SELECT due, wallet FROM timers WHERE build = $1 AND due IS NOT NULL \
     AND (due, wallet) > ($2, $3) ORDER BY due, wallet LIMIT $4";

const MARK_BELOW: &str = "SELECT wallet, last, account_seq, state FROM wallet_marks \
     WHERE build = $1 AND wallet = $2 AND last < $3 ORDER BY last DESC LIMIT 1";
const MARKS_AFTER: &str = "SELECT wallet, last, account_seq, state FROM wallet_marks \
     WHERE build = $1 AND (wallet, last) > ($2, $3) ORDER BY wallet, last LIMIT $4";
const MARKED_FROM: &str = "SELECT last FROM wallet_marks \
     WHERE build = $1 AND wallet = $2 AND last >= $3 ORDER BY last LIMIT $4";

const IDS: &str = "SELECT number, id FROM ids WHERE build = $1";
const NUMBERED: &str = "SELECT number, id FROM ids WHERE build = $1 AND number = ANY($2)";
const NUMBER: &str = "SELECT number FROM ids WHERE build = $1 AND id = $2";

const RETURNED: &str = "SELECT event, total, last FROM returned WHERE build = $1 AND event = ANY($2)";
const RETURNED_FROM: &str =
    "SELECT event, total, last FROM returned WHERE build = $1 AND event >= $2 ORDER BY event LIMIT $3";

const BASES: &str = "SELECT lot, amount, paid, currency FROM bases WHERE build = $1 AND lot = ANY($2)";
const BASES_FROM: &str =
    "SELECT lot, amount, paid, currency FROM bases WHERE build = $1 AND lot >= $2 ORDER BY lot LIMIT $3";

const ENTRY_PAGES: &str = "SELECT data FROM entries WHERE build = $1 AND first < $3 AND first >= \
     coalesce((SELECT max(first) FROM entries WHERE build = $1 AND first <= $2), $2) ORDER BY first";
const ENTRY_PAGE: &str = "SELECT data FROM entries WHERE build = $1 AND first = $2";
const ENTRY_PAGE_AFTER: &str =
    "SELECT first, time FROM entries WHERE build = $1 AND first >= $2 ORDER BY first LIMIT 1";

const LIST: &str = "SELECT first, data FROM entry_lists WHERE build = $1 AND org = $2 AND app = $3 \
     AND kind = $4 AND first < $5 ORDER BY first DESC LIMIT $6";
const LISTS: &str = "SELECT org, app, kind, first, data FROM entry_lists WHERE build = $1 \
     AND (org, app, kind, first) > ($2, $3, $4, $5) ORDER BY org, app, kind, first LIMIT $6";

const USAGE: &str = "SELECT org, day, app, service, spendings, spent, spent_micros, rollbacks, returned, \
     returned_micros FROM usage WHERE build = $1 ORDER BY org, day, app, service";
const USAGE_OF: &str = "SELECT org, day, app, service, spendings, spent, spent_micros, rollbacks, returned, \
     returned_micros FROM usage WHERE build = $1 AND org = $2 AND day >= $3 AND day < $4";

const LAST_TOTALS: &str = "SELECT o.id, m.position, m.totals FROM ids o CROSS JOIN LATERAL \
     (SELECT position, totals FROM liability_marks WHERE build = o.build AND org = o.number \
     ORDER BY position DESC LIMIT 1) m WHERE o.build = $1";
const ALL_TOTALS: &str = "SELECT o.id, m.position, m.totals FROM liability_marks m \
     JOIN ids o ON o.build = m.build AND o.number = m.org WHERE m.build = $1 ORDER BY m.org, m.position";
const TOTALS: &str = "SELECT totals FROM liability_marks \
     WHERE build = $1 AND org = $2 AND position <= $3 ORDER BY position DESC LIMIT 1";

const PRICES: &str = "SELECT version, org, data FROM prices \
     WHERE build = $1 AND ($2::uuid IS NULL OR org = $2) ORDER BY version";
const POLICIES: &str =
    "SELECT version, org, data FROM policies WHERE build = $1 AND ($2::uuid IS NULL OR org = $2)";
const ORGANIZATIONS: &str = "SELECT id, name FROM organizations WHERE build = $1";
const APPS: &str = "SELECT id, org, name, registered FROM apps WHERE build = $1";
const KEYS: &str =
    "SELECT id, app, org, scopes, verifier, issued, revoked, expires FROM keys WHERE build = $1";
const PEOPLE_SINCE: &str = "SELECT data FROM people WHERE build = $1 AND changed >= $2";
const PEOPLE_BETWEEN: &str = "SELECT data FROM people WHERE build = $1 AND id BETWEEN $2 AND $3";

const SEGMENTS: &str =
    "SELECT segment, entries, buckets FROM command_segments WHERE build = $1 ORDER BY segment";
const FILTERS: &str = "SELECT block, data FROM command_filters WHERE build = $1 ORDER BY block";
const PAGES: &str = "SELECT data FROM command_pages WHERE build = $1 AND page = ANY($2)";
const PAGES_BETWEEN: &str =
    "SELECT data FROM command_pages WHERE build = $1 AND page BETWEEN $2 AND $3 ORDER BY page";

/// A wallet beside the checkpoint, where there is one.
type FoundWallet = (i64, Option<Uuid>, Option<Uuid>, Option<i64>, Option<i64>, Option<i64>, Option<Vec<u8>>);

/// The tables, as a connection sees the rows of one build.
#[derive(Debug)]
pub struct On<C> {
    pub(super) connection: C,
    pub(super) build: i32,
}

/// Rows of a query, each as a tuple of its columns. The build is the first parameter of each.
macro_rules! all {
    ($on:expr, $sql:expr $(, $value:expr)*) => {
        sqlx::query_as($sql).bind($on.build)$(.bind($value))*
            .fetch_all(&mut *$on.connection).await.map_err(store)
    };
}

/// The first column of the rows of a query.
macro_rules! column {
    ($on:expr, $fetch:ident, $sql:expr $(, $value:expr)*) => {
        sqlx::query_scalar($sql).bind($on.build)$(.bind($value))*
            .$fetch(&mut *$on.connection).await.map_err(store)
    };
}

impl<C: DerefMut<Target = PgConnection> + Send> Tables for On<C> {
    async fn checkpoint(&mut self) -> Stored<Position> {
        let found = column!(self, fetch_optional, CHECKPOINT)?;
        found.map(position).ok_or_else(replaced)
    }

    async fn wallet(&mut self, wallet: WalletId) -> Stored<Option<WalletView>> {
        let query = sqlx::query_as(WALLET).bind(self.build).bind(wallet.0);
        let row: Option<FoundWallet> = query.fetch_optional(&mut *self.connection).await.map_err(store)?;
        let (checkpoint, id, org, seq, last, events, state) = row.ok_or_else(replaced)?;
        let (Some(id), Some(org), Some(seq), Some(last), Some(events), Some(state)) =
            (id, org, seq, last, events, state)
        else {
            return Ok(None);
        };
        let row = rows::kept((id, org, seq, last, events, state))?.row;
        Ok(Some(WalletView { row, as_of: position(checkpoint) }))
    }

    async fn wallets(&mut self, wallets: &[WalletId]) -> Stored<Vec<Kept>> {
        if wallets.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = wallets.iter().map(|wallet| wallet.0).collect();
        all!(self, WALLETS, ids)?.into_iter().map(rows::kept).collect()
    }

    async fn wallets_after(&mut self, after: Option<WalletId>, limit: usize) -> Stored<Vec<Kept>> {
        let after = after.map(|wallet| wallet.0);
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
        Ok(all!(self, RETURNED, numbers(events))?.into_iter().map(rows::returned).collect())
    }

    async fn returned_from(&mut self, from: Position, limit: usize) -> Stored<Vec<ReturnedRow>> {
        let rows = all!(self, RETURNED_FROM, signed(from), limited(limit))?;
        Ok(rows.into_iter().map(rows::returned).collect())
    }

    async fn bases(&mut self, lots: &[Position]) -> Stored<Vec<(Position, Basis)>> {
        if lots.is_empty() {
            return Ok(Vec::new());
        }
        all!(self, BASES, numbers(lots))?.into_iter().map(rows::basis).collect()
    }

    async fn bases_from(&mut self, from: Position, limit: usize) -> Stored<Vec<(Position, Basis)>> {
        all!(self, BASES_FROM, signed(from), limited(limit))?.into_iter().map(rows::basis).collect()
    }

    async fn numbers(&mut self) -> Stored<IdMap<Uuid, i64>> {
        let known: Vec<(i64, Uuid)> = all!(self, IDS)?;
        Ok(known.into_iter().map(|(number, id)| (id, number)).collect())
    }

    async fn numbered(&mut self, numbers: &[i64]) -> Stored<Vec<(i64, Uuid)>> {
        all!(self, NUMBERED, numbers)
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
        column!(self, fetch_all, PAGES, pages)
    }

    async fn pages_between(&mut self, first: i64, last: i64) -> Stored<Vec<Vec<u8>>> {
        column!(self, fetch_all, PAGES_BETWEEN, first, last)
    }
}

fn numbers(positions: &[Position]) -> Vec<i64> {
    positions.iter().copied().map(signed).collect()
}

/// The build that was read is no more, or is not there yet.
pub(super) fn replaced() -> StoreFault {
    StoreFault::Unavailable("there are no projections of this version, or others took their place".to_owned())
}
