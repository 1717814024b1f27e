//! Pages of the audit.

use std::sync::Arc;

use events::{AppId, Event, OrgId, Position, Recorded, Time};
use futures::{StreamExt, TryStreamExt, stream};
use projections::{EntryKind, EntryRow, Parts, WalletRow, reference};

use super::{
    Database, Snapshot, StoredReads, Tables, corrupt,
    entry_rows::{self, EVERY_APP, List},
    log_events::{decoded, event, unread},
};
use crate::{
    log::Log,
    read::{Entry, EntryPage, EntryQuery, StoreFault},
};

/// Events of a wallet that one page looks at. A page that ends there may have fewer entries than
/// asked for, and the next one goes on.
const STEPS_MAX: usize = 5_000;

/// Runs of events that are read from the log at the same time.
const LOG_READS: usize = 4;

/// Events further apart than this are not read at once: a read costs about as much as so many events.
const GAP: u64 = 16;

/// Entries and their events, newest first, and the position to go on below.
type Found = (Vec<(EntryRow, Recorded)>, Option<Position>);

/// Positions that a page may show.
#[derive(Debug, Clone, Copy)]
struct Range {
    from: Position,
    until: Position,
}

impl<D: Database> StoredReads<D> {
    pub(super) async fn entry_page(&self, query: &EntryQuery) -> Result<EntryPage, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let page = self.page_in(&mut snapshot, query).await;
        snapshot.end().await?;
        page
    }

    async fn page_in(&self, snapshot: &mut D::Snapshot, query: &EntryQuery) -> Result<EntryPage, StoreFault> {
        let as_of = snapshot.checkpoint().await?;
        let range = Range {
            from: bound(snapshot, query.from, Position(0), as_of).await?,
            until: bound(snapshot, query.until, as_of, as_of).await?.min(query.before.unwrap_or(as_of)),
        };
        let (found, next) = if query.wallet.is_some() {
            self.walk(snapshot, query, range).await?
        } else {
            self.select(snapshot, query, range).await?
        };
        let undoable: Vec<Position> =
            found.iter().filter(|(row, _)| may_be_undone(row.kind)).map(|(row, _)| row.position).collect();
        let returned = snapshot.returned(&undoable).await?;
        let entries = found.into_iter().map(|(row, recorded)| {
            let reversed_by = returned.iter().find(|of| of.of == row.position).map(|of| of.last);
            entry(&row, &recorded.event, reversed_by)
        });
        Ok(EntryPage { entries: entries.collect(), next, as_of })
    }

    /// A wallet's entries: its events name each other, newest first.
    async fn walk(
        &self,
        snapshot: &mut D::Snapshot,
        query: &EntryQuery,
        range: Range,
    ) -> Result<Found, StoreFault> {
        let Some(view) = self.owned(snapshot, query).await? else {
            return Ok((Vec::new(), None));
        };
        let mut found = Vec::new();
        let mut next = self.entrance(snapshot, &view.row, query.before, range.until).await?;
        for _ in 0..STEPS_MAX {
            let Some(position) = next.filter(|position| *position >= range.from) else {
                return Ok((found, None));
            };
            if found.len() == query.limit {
                return Ok((found, Some(position.next())));
            }
            let recorded = event(&self.0.log, position).await?;
            next = recorded.envelope.previous;
            let (row, recorded) = entry_of(recorded)?;
            if row.position < range.until && wanted(query, &row) {
                found.push((row, recorded));
            }
        }
        Ok((found, next.map(Position::next)))
    }

    /// Where to enter the chain of a wallet's events, at or above the last one below `until`: below the
    /// cursor when it follows an event of that wallet, as cursors of earlier pages do; otherwise at the
    /// first mark from there on, or at the last event.
    async fn entrance(
        &self,
        snapshot: &mut D::Snapshot,
        wallet: &WalletRow,
        before: Option<Position>,
        until: Position,
    ) -> Result<Option<Position>, StoreFault> {
        let Some(below) = until.get().checked_sub(1).map(Position) else {
            return Ok(None);
        };
        if below >= wallet.last {
            return Ok(Some(wallet.last));
        }
        if before == Some(until) && event(&self.0.log, below).await?.wallet() == Some(wallet.id) {
            return Ok(Some(below));
        }
        let mark = snapshot.marked_from(wallet.id, below, 1).await?;
        Ok(Some(mark.first().copied().unwrap_or(wallet.last)))
    }

    async fn owned(
        &self,
        snapshot: &mut D::Snapshot,
        query: &EntryQuery,
    ) -> Result<Option<crate::read::WalletView>, StoreFault> {
        let Some(wallet) = query.wallet else {
            return Ok(None);
        };
        let view = snapshot.wallet(wallet).await?;
        Ok(view.filter(|view| view.row.org == query.org))
    }

    /// Entries of an organization: each kind is a list in order, and the newest of all of them are
    /// the newest of each.
    async fn select(
        &self,
        snapshot: &mut D::Snapshot,
        query: &EntryQuery,
        range: Range,
    ) -> Result<Found, StoreFault> {
        let Some((org, app)) = numbers(snapshot, query.org, query.app).await? else {
            return Ok((Vec::new(), None));
        };
        let mut kinds = if query.kinds.is_empty() { EntryKind::ALL.to_vec() } else { query.kinds.clone() };
        kinds.sort_unstable();
        kinds.dedup();
        let (mut positions, range) = (Vec::new(), (range.from, range.until));
        for kind in kinds {
            List { org, app, kind }.newest(snapshot, range, query.limit + 1, &mut positions).await?;
        }
        positions.sort_unstable_by(|a, b| b.cmp(a));
        let more = positions.len() > query.limit;
        positions.truncate(query.limit);
        let next = positions.last().copied().filter(|_| more);
        // Neighbours are read from the log at once, through small gaps.
        let runs = positions.chunk_by(|later, earlier| later.get() - earlier.get() <= GAP);
        let runs: Vec<Vec<Position>> = runs.map(<[Position]>::to_vec).collect();
        let log = &self.0.log;
        let read = |run: Vec<Position>| async move { events(log, &run).await };
        let read: Vec<Vec<(EntryRow, Recorded)>> =
            stream::iter(runs).map(read).buffered(LOG_READS).try_collect().await?;
        Ok((read.into_iter().flatten().collect(), next))
    }
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

/// Whether later events may give or take back what entries of this kind record, or approve it.
const fn may_be_undone(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Deduction | EntryKind::Capture | EntryKind::Purchase | EntryKind::Proposal)
}

/// The event of an entry, with its row but for the parts, which no page shows.
fn entry_of(recorded: Recorded) -> Result<(EntryRow, Recorded), StoreFault> {
    let row = EntryRow::of(&recorded, Parts::default());
    let row = row.ok_or_else(|| corrupt(format!("event {} is no wallet's", recorded.envelope.position)))?;
    Ok((row, recorded))
}

/// The entries at these positions, which are near each other and newest first.
async fn events(log: &Arc<dyn Log>, positions: &[Position]) -> Result<Vec<(EntryRow, Recorded)>, StoreFault> {
    let mut found = Vec::with_capacity(positions.len());
    let mut wanted = positions.iter().rev().copied().peekable();
    // A page may hold less than was asked for.
    while let (Some(next), Some(newest)) = (wanted.peek().copied(), positions.first()) {
        let page = log.read(next, (newest.get() - next.get() + 1) as usize).await;
        let page = page.map_err(unread)?;
        if page.is_empty() {
            return Err(corrupt(format!("the log has no event {next}")));
        }
        for (position, body) in page.iter() {
            if wanted.next_if_eq(&position).is_some() {
                found.push(entry_of(decoded(position, body)?)?);
            }
        }
    }
    found.reverse();
    Ok(found)
}

/// The numbers of an organization and an app, or of every app; `None` when either has none.
pub(super) async fn numbers(
    tables: &mut impl Tables,
    org: OrgId,
    app: Option<AppId>,
) -> Result<Option<(i64, i64)>, StoreFault> {
    let org = tables.number(org.0).await?;
    let app = match app {
        Some(app) => tables.number(app.0).await?,
        None => Some(EVERY_APP),
    };
    Ok(org.zip(app))
}

/// Above every entry before `time`, and not above any other: times grow with positions, so halving
/// finds the page, and the page has the rest.
async fn bound(
    tables: &mut impl Tables,
    time: Option<Time>,
    without: Position,
    head: Position,
) -> Result<Position, StoreFault> {
    let Some(time) = time else {
        return Ok(without);
    };
    let (mut low, mut high) = (0, head.get());
    let mut page = None;
    while low < high {
        let middle = low + (high - low) / 2;
        match tables.entry_page_after(Position(middle)).await? {
            Some((first, at)) if at < time => {
                page = Some(first);
                low = first.get() + 1;
            }
            Some(_) | None => high = middle,
        }
    }
    // The last page that begins before `time` may go on after it.
    let Some(first) = page else {
        return Ok(Position(0));
    };
    let entries = entry_rows::page(tables, first).await?;
    let before = entries.iter().take_while(|entry| entry.time < time);
    Ok(before.last().map_or(first, |entry| entry.position.next()))
}
