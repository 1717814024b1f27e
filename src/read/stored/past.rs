//! Wallets as they were: a mark and the events after it, which name each other.

use std::sync::Arc;

use events::{Credits, Position, Recorded, WalletId};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use projections::{Bases, Basis, WalletRow};

use super::{
    Database, Snapshot, StoredReads, Tables, corrupt,
    log_events::{self, event},
};
use crate::{
    log::Log,
    read::{StatementPart, StatementQuery, StoreFault, WalletView, When},
    report::{Edge, Opening, OpeningLot},
};

/// Runs of a wallet's events that are read at the same time.
const LOG_READS: usize = 4;

/// Events of a wallet from one mark to the next.
pub(super) const RUN: usize = 64;

/// A wallet's events in part: from `from` up to, not including, `until`, at most `limit`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) wallet: WalletId,
    /// The wallet's last event.
    pub(super) last: Position,
    pub(super) from: Position,
    pub(super) until: Position,
    pub(super) limit: usize,
}

/// A wallet's events from `low` up to and including its event `last`: those between two marks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    low: Position,
    last: Position,
}

impl<D: Database> StoredReads<D> {
    pub(super) async fn wallet_then(
        &self,
        wallet: WalletId,
        when: When,
    ) -> Result<Option<WalletView>, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let found = self.view_then(&mut snapshot, wallet, when).await;
        snapshot.end().await?;
        found
    }

    async fn view_then(
        &self,
        snapshot: &mut D::Snapshot,
        wallet: WalletId,
        when: When,
    ) -> Result<Option<WalletView>, StoreFault> {
        let as_of = self.moment(snapshot, when).await?.position;
        let Some(now) = snapshot.wallet(wallet).await? else {
            return Ok(None);
        };
        Ok(self.past(snapshot, now.row, as_of).await?.map(|row| WalletView { row, as_of }))
    }

    /// The edge of a moment, which is the checkpoint's at the latest.
    pub(super) async fn moment(&self, snapshot: &mut D::Snapshot, when: When) -> Result<Edge, StoreFault> {
        let (log, as_of) = (&self.0.log, snapshot.checkpoint().await?);
        match when {
            When::Position(position) => log_events::edge(log, position.min(as_of)).await,
            When::Time(time) => Ok(Edge { position: log_events::position_at(log, time, as_of).await?, time }),
        }
    }

    /// The wallet before `below`, made from what it is now, the mark before and the events since.
    pub(super) async fn past(
        &self,
        snapshot: &mut D::Snapshot,
        now: WalletRow,
        below: Position,
    ) -> Result<Option<WalletRow>, StoreFault> {
        if now.last < below {
            return Ok(Some(now));
        }
        let wallet = now.id;
        let mut row = snapshot.mark_below((wallet, now.org), below).await?;
        let from = row.as_ref().map_or(Position(0), |row| row.last.next());
        let part = Part { wallet, last: now.last, from, until: below, limit: RUN };
        let runs = runs(snapshot, part).await?;
        let (events, _) = self.events_of(runs, below, RUN).await?;
        let lots: Vec<Position> =
            events.iter().flat_map(|recorded| Basis::needed_by(&recorded.event)).collect();
        let bases: Bases = snapshot.bases(&lots).await?.into_iter().collect();
        for recorded in &events {
            let (next, _) = WalletRow::apply(row, recorded, &bases).map_err(corrupt)?;
            row = Some(next);
        }
        Ok(row)
    }

    pub(super) async fn statement_part(
        &self,
        query: StatementQuery,
    ) -> Result<Option<StatementPart>, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let found = self.statement_in(&mut snapshot, query).await;
        snapshot.end().await?;
        let Some((mut part, runs)) = found? else {
            return Ok(None);
        };
        (part.events, part.next) = self.events_of(runs, part.to.position, query.limit.max(1)).await?;
        if let Some(next) = part.next {
            part.to = log_events::edge(&self.0.log, next).await?;
        }
        Ok(Some(part))
    }

    /// A statement without its events, and where those are: the log does not change, so that nobody
    /// has to wait for a snapshot while they are read.
    async fn statement_in(
        &self,
        snapshot: &mut D::Snapshot,
        query: StatementQuery,
    ) -> Result<Option<(StatementPart, Vec<Run>)>, StoreFault> {
        let StatementQuery { wallet, from, to, limit } = query;
        let as_of = snapshot.checkpoint().await?;
        let from = self.moment(snapshot, from).await?;
        let mut to = self.moment(snapshot, to).await?;
        if to.position < from.position {
            to = from;
        }
        let Some(now) = snapshot.wallet(wallet).await? else {
            return Ok(None);
        };
        let (org, last) = (now.row.org, now.row.last);
        let opening = self.past(snapshot, now.row, from.position).await?;
        let opening = opening.as_ref().map_or_else(Opening::default, opening_of);
        let part = Part { wallet, last, from: from.position, until: to.position, limit: limit.max(1) };
        let runs = runs(snapshot, part).await?;
        let part = StatementPart { org, from, to, opening, events: Vec::new(), next: None, as_of };
        Ok(Some((part, runs)))
    }

    /// The events of these runs below `until`, at most `limit`, and where they go on when there are more.
    async fn events_of(
        &self,
        runs: Vec<Run>,
        until: Position,
        limit: usize,
    ) -> Result<(Vec<Recorded>, Option<Position>), StoreFault> {
        let runs: Vec<Vec<Recorded>> = read_runs(&self.0.log, runs, until).try_collect().await?;
        let mut events: Vec<Recorded> = runs.into_iter().flatten().collect();
        let next = events.get(limit).map(|recorded| recorded.envelope.position);
        events.truncate(limit);
        Ok((events, next))
    }
}

/// Where a wallet's events are: at least one more than `limit` of them, when there are so many.
pub(super) async fn runs(snapshot: &mut impl Tables, part: Part) -> Result<Vec<Run>, StoreFault> {
    let Part { wallet, last, from, until, limit } = part;
    // The first run may have one event, all others have as many as there are between two marks.
    let runs_max = limit / RUN + 2;
    let marks = snapshot.marked_from(wallet, from, runs_max).await?;
    let all = marks.len() < runs_max;
    let mut runs = Vec::with_capacity(marks.len() + 1);
    let mut low = from;
    for last in marks.into_iter().chain(all.then_some(last)) {
        if low >= until || last < low {
            break;
        }
        runs.push(Run { low, last });
        low = last.next();
    }
    Ok(runs)
}

/// Reads runs, several at once, in order, without events at or above `until`.
pub(super) fn read_runs(
    log: &Arc<dyn Log>,
    runs: Vec<Run>,
    until: Position,
) -> impl Stream<Item = Result<Vec<Recorded>, StoreFault>> + Send + Unpin {
    let read = move |of: Run| {
        let log = log.clone();
        async move { run(&log, of.last, of.low, until).await }
    };
    Box::pin(stream::iter(runs).map(read).buffered(LOG_READS))
}

/// A wallet's events from `entry` back to `low`, in order, without those at or above `until`.
pub(super) async fn run(
    log: &Arc<dyn Log>,
    entry: Position,
    low: Position,
    until: Position,
) -> Result<Vec<Recorded>, StoreFault> {
    let mut events = Vec::with_capacity(RUN);
    let mut next = Some(entry);
    while let Some(position) = next.filter(|position| *position >= low) {
        let recorded = event(log, position).await?;
        next = recorded.envelope.previous;
        if position < until {
            events.push(recorded);
        }
    }
    events.reverse();
    Ok(events)
}

/// What a statement must know of a wallet before its first event.
fn opening_of(row: &WalletRow) -> Opening {
    let (id, zero) = (|lot: &projections::LotRow| (lot.id, lot.terms.class), Credits::ZERO);
    let free = row.lots.iter().map(|part| {
        let (lot, class) = id(part);
        OpeningLot { lot, class, free: part.remaining, held: zero }
    });
    let held = row.holds.iter().flat_map(|hold| &hold.slices).map(|part| {
        let (lot, class) = id(part);
        OpeningLot { lot, class, free: zero, held: part.remaining }
    });
    let balances =
        events::Balances { balance: row.balance, available: row.available, reserved: row.reserved };
    Opening { balances, debt: row.debt, lots: free.chain(held).collect() }
}
