//! Pages of the audit.

use std::sync::Arc;

use events::{Event, Position, Recorded, Time, decode};
use futures::{StreamExt, TryStreamExt, stream};
use projections::{EntryKind, EntryRow, reference};
use sqlx::{AssertSqlSafe, SqliteConnection};
use uuid::Uuid;

use super::{
    SqliteReads, cold,
    fault::{corrupt, store},
    reads, rows,
};
use crate::{
    log::Log,
    read::{Entry, EntryPage, EntryQuery, StoreFault},
};

const NUMBER: &str = "SELECT number FROM ids WHERE id = ?";
const AT_OR_AFTER: &str = "SELECT position, time FROM entries WHERE position >= ? ORDER BY position LIMIT 1";

/// Events of a wallet that one page looks at. A page that ends there may have fewer entries than
/// asked for, and the next one goes on.
const STEPS_MAX: usize = 5_000;

/// Entries whose texts are read from the log at the same time.
const LOG_READS: usize = 4;

/// Entries and their events, newest first, and the position to go on below.
type Found = (Vec<(EntryRow, Recorded)>, Option<Position>);

/// Positions that a page may show.
#[derive(Debug, Clone, Copy)]
struct Range {
    from: Position,
    until: Position,
}

impl SqliteReads {
    pub(super) async fn entry_page(&self, query: &EntryQuery) -> Result<EntryPage, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let page = self.page_in(&mut snapshot, query).await;
        snapshot.rollback().await.map_err(store)?;
        page
    }

    async fn page_in(
        &self,
        snapshot: &mut SqliteConnection,
        query: &EntryQuery,
    ) -> Result<EntryPage, StoreFault> {
        let as_of = cold::checkpoint(snapshot).await?;
        let range = Range {
            from: bound(snapshot, query.from, Position(0), as_of).await?,
            until: bound(snapshot, query.until, as_of, as_of).await?.min(query.before.unwrap_or(as_of)),
        };
        let (found, next) = if query.wallet.is_some() {
            self.walk(snapshot, query, range).await?
        } else {
            self.select(snapshot, query, range).await?
        };
        let deductions: Vec<Position> = found
            .iter()
            .filter(|(row, _)| row.kind == EntryKind::Deduction)
            .map(|(row, _)| row.position)
            .collect();
        let returned = rows::returned(snapshot, &deductions).await?;
        let entries = found.into_iter().map(|(row, recorded)| {
            let reversed_by = returned.iter().find(|of| of.deduction == row.position).map(|of| of.last);
            entry(&row, &recorded.event, reversed_by)
        });
        Ok(EntryPage { entries: entries.collect(), next, as_of })
    }

    /// A wallet's entries: its events name each other, newest first.
    async fn walk(
        &self,
        snapshot: &mut SqliteConnection,
        query: &EntryQuery,
        range: Range,
    ) -> Result<Found, StoreFault> {
        let Some(view) = self.owned(snapshot, query).await? else {
            return Ok((Vec::new(), None));
        };
        let mut found = Vec::new();
        let mut next = Some(self.entrance(view.row.id, view.row.last, query.before).await?).flatten();
        for _ in 0..STEPS_MAX {
            let Some(position) = next.filter(|position| *position >= range.from) else {
                return Ok((found, None));
            };
            if found.len() == query.limit {
                return Ok((found, Some(position.next())));
            }
            let recorded = event(&self.0.log, position).await?;
            next = recorded.envelope.previous;
            let row =
                EntryRow::of(&recorded).ok_or_else(|| corrupt(format!("event {position} is no wallet's")))?;
            if row.position < range.until && wanted(query, &row) {
                found.push((row, recorded));
            }
        }
        Ok((found, next.map(Position::next)))
    }

    /// Where to enter the chain of a wallet's events: below the cursor when it follows an event of
    /// that wallet, as cursors of earlier pages do; otherwise at the last event.
    async fn entrance(
        &self,
        wallet: events::WalletId,
        last: Position,
        before: Option<Position>,
    ) -> Result<Option<Position>, StoreFault> {
        let Some(position) = before.and_then(|before| before.get().checked_sub(1)).map(Position) else {
            return Ok(before.is_none().then_some(last));
        };
        if position >= last {
            return Ok(Some(last));
        }
        let recorded = event(&self.0.log, position).await?;
        Ok(Some(if recorded.wallet() == Some(wallet) { position } else { last }))
    }

    async fn owned(
        &self,
        snapshot: &mut SqliteConnection,
        query: &EntryQuery,
    ) -> Result<Option<crate::read::WalletView>, StoreFault> {
        let Some(wallet) = query.wallet else {
            return Ok(None);
        };
        let view = reads::view(snapshot, wallet).await?;
        Ok(view.filter(|view| view.row.org == query.org))
    }

    /// Entries of an organization: each kind is a list in order, and the newest of all of them are
    /// the newest of each.
    async fn select(
        &self,
        snapshot: &mut SqliteConnection,
        query: &EntryQuery,
        range: Range,
    ) -> Result<Found, StoreFault> {
        let org = number(snapshot, query.org.0).await?;
        let app = match query.app {
            Some(app) => number(snapshot, app.0).await?.map(Some),
            None => Some(None),
        };
        let (Some(org), Some(app)) = (org, app) else {
            return Ok((Vec::new(), None));
        };
        let kinds = if query.kinds.is_empty() { &EntryKind::ALL[..] } else { &query.kinds };
        let sql = newest(kinds, app.is_some());
        let limit = query.limit as i64 + 1;
        let (from, until) = (range.from.get().cast_signed(), range.until.get().cast_signed());
        let select = sqlx::query(AssertSqlSafe(sql)).bind(from).bind(until).bind(limit).bind(org).bind(app);
        let found = select.fetch_all(snapshot).await.map_err(store)?;
        let mut found: Vec<EntryRow> = found.iter().map(rows::entry).collect::<Result<_, _>>()?;
        let more = found.len() > query.limit;
        found.truncate(query.limit);
        let next = found.last().filter(|_| more).map(|row| row.position);
        let log = &self.0.log;
        let read =
            |row: EntryRow| async move { event(log, row.position).await.map(|recorded| (row, recorded)) };
        let found = stream::iter(found).map(read).buffered(LOG_READS).try_collect().await?;
        Ok((found, next))
    }
}

/// The newest entries of some kinds; `?1` and `?2` bound the positions, `?3` is how many, `?4` the
/// organization, `?5` the app.
fn newest(kinds: &[EntryKind], by_app: bool) -> String {
    let mut distinct = kinds.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let app = if by_app { "AND app = ?5 " } else { "" };
    let lists: Vec<String> = distinct
        .iter()
        .map(|kind| {
            let kind = kind.code();
            format!(
                "SELECT * FROM (SELECT position FROM entries WHERE org = ?4 {app}AND kind = {kind} \
                 AND position >= ?1 AND position < ?2 ORDER BY position DESC LIMIT ?3)"
            )
        })
        .collect();
    format!(
        "SELECT {} FROM (SELECT position FROM ({}) ORDER BY position DESC LIMIT ?3) p \
         JOIN entries e ON e.position = p.position {} ORDER BY e.position DESC",
        rows::entry_columns!(),
        lists.join(" UNION ALL "),
        rows::entry_joins!(),
    )
}

fn wanted(query: &EntryQuery, row: &EntryRow) -> bool {
    let kind = query.kinds.is_empty() || query.kinds.contains(&row.kind);
    kind && query.app.is_none_or(|app| row.app == Some(app))
}

fn entry(row: &EntryRow, event: &Event, reversed_by: Option<Position>) -> Entry {
    Entry {
        position: row.position,
        time: row.time,
        wallet: row.wallet,
        app: row.app,
        kind: row.kind,
        amount: row.amount,
        balance: row.balance,
        reference: reference(event),
        key: event.asked().and_then(|asked| asked.key.as_deref()).map(str::to_owned),
        reversed_by,
    }
}

/// The stored event at a position.
async fn event(log: &Arc<dyn Log>, position: Position) -> Result<Recorded, StoreFault> {
    let page = log.read(position, 1).await.map_err(|error| StoreFault::Unavailable(error.to_string()))?;
    let body =
        page.bodies.iter().next().ok_or_else(|| corrupt(format!("the log has no event {position}")))?;
    decode(body).map_err(|error| corrupt(format!("event {position}: {error}")))
}

async fn number(connection: &mut SqliteConnection, id: Uuid) -> Result<Option<i64>, StoreFault> {
    sqlx::query_scalar(NUMBER).bind(id.into_bytes().to_vec()).fetch_optional(connection).await.map_err(store)
}

/// The position of the first entry at or after `time`; times grow with positions, so halving finds it.
async fn bound(
    connection: &mut SqliteConnection,
    time: Option<Time>,
    without: Position,
    head: Position,
) -> Result<Position, StoreFault> {
    let Some(time) = time else {
        return Ok(without);
    };
    let (mut low, mut high) = (0, head.get().cast_signed());
    while low < high {
        let middle = low + (high - low) / 2;
        let probe = sqlx::query_as(AT_OR_AFTER).bind(middle).fetch_optional(&mut *connection);
        let found: Option<(i64, i64)> = probe.await.map_err(store)?;
        match found {
            Some((position, at)) if at < time.micros() => low = position + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok(rows::position(low))
}
