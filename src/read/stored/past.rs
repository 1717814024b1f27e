//! Wallets as they were: a mark and the events after it, which name each other.

use std::sync::Arc;

use events::{Credits, Position, Recorded, WalletId};
use futures::{StreamExt, TryStreamExt, stream};
use projections::{Bases, Basis, WalletRow};

use super::{
    Database, Snapshot, StoredReads, Tables, corrupt,
    log_events::{self, event},
};
use crate::{
    log::Log,
    read::{Explanation, StatementPart, StatementQuery, StoreFault, WalletView, When},
    report::{Edge, Opening, OpeningLot},
};

/// Runs of a wallet's events that are read at the same time.
const LOG_READS: usize = 4;

/// Events of a wallet from one mark to the next.
const RUN: usize = 64;

/// Events of a wallet that are in memory at once while it is explained.
const EXPLAINED: usize = 4_096;

/// A wallet's events in part: from `from` up to, not including, `until`, at most `limit`.
#[derive(Debug, Clone, Copy)]
struct Part {
    wallet: WalletId,
    /// The wallet's last event.
    last: Position,
    from: Position,
    until: Position,
    limit: usize,
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
    async fn past(
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
        let (events, _) = self.wallet_events(snapshot, part).await?;
        let lots: Vec<Position> =
            events.iter().flat_map(|recorded| Basis::needed_by(&recorded.event)).collect();
        let bases: Bases = snapshot.bases(&lots).await?.into_iter().collect();
        for recorded in &events {
            let (next, _) = WalletRow::apply(row, recorded, &bases).map_err(corrupt)?;
            row = Some(next);
        }
        Ok(row)
    }

    /// A wallet's events in order, and where they go on when there are more.
    async fn wallet_events(
        &self,
        snapshot: &mut D::Snapshot,
        part: Part,
    ) -> Result<(Vec<Recorded>, Option<Position>), StoreFault> {
        let Part { wallet, last, from, until, limit } = part;
        // The first run may have one event, all others have as many as there are between two marks.
        let runs_max = limit / RUN + 2;
        let marks = snapshot.marked_from(wallet, from, runs_max).await?;
        let all = marks.len() < runs_max;
        let mut runs = Vec::with_capacity(marks.len() + 1);
        let mut low = from;
        for entry in marks.into_iter().chain(all.then_some(last)) {
            if low >= until || entry < low {
                break;
            }
            runs.push((entry, low));
            low = entry.next();
        }
        let log = &self.0.log;
        let read = |(entry, low): (Position, Position)| async move { run(log, entry, low, until).await };
        let runs: Vec<Vec<Recorded>> = stream::iter(runs).map(read).buffered(LOG_READS).try_collect().await?;
        let mut events: Vec<Recorded> = runs.into_iter().flatten().collect();
        let next = events.get(limit).map(|recorded| recorded.envelope.position);
        events.truncate(limit);
        Ok((events, next))
    }

    pub(super) async fn statement_part(
        &self,
        query: StatementQuery,
    ) -> Result<Option<StatementPart>, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let part = self.statement_in(&mut snapshot, query).await;
        snapshot.end().await?;
        part
    }

    async fn statement_in(
        &self,
        snapshot: &mut D::Snapshot,
        query: StatementQuery,
    ) -> Result<Option<StatementPart>, StoreFault> {
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
        let part = Part { wallet, last, from: from.position, until: to.position, limit: limit.max(1) };
        let (events, next) = self.wallet_events(snapshot, part).await?;
        if let Some(next) = next {
            to = log_events::edge(&self.0.log, next).await?;
        }
        let opening = opening.as_ref().map_or_else(Opening::default, opening_of);
        Ok(Some(StatementPart { org, from, to, opening, events, next, as_of }))
    }

    pub(super) async fn explained(
        &self,
        wallet: WalletId,
        when: When,
    ) -> Result<Option<Explanation>, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let explanation = self.explained_in(&mut snapshot, wallet, when).await;
        snapshot.end().await?;
        explanation
    }

    async fn explained_in(
        &self,
        snapshot: &mut D::Snapshot,
        wallet: WalletId,
        when: When,
    ) -> Result<Option<Explanation>, StoreFault> {
        let until = self.moment(snapshot, when).await?.position;
        let Some(now) = snapshot.wallet(wallet).await? else {
            return Ok(None);
        };
        let mut explanation = Explanation::new(wallet, now.row.org, until);
        let (last, mut next, mut open) = (now.row.last, Some(Position(0)), false);
        while let Some(from) = next {
            let part = Part { wallet, last, from, until, limit: EXPLAINED };
            let (events, further) = self.wallet_events(snapshot, part).await?;
            for recorded in &events {
                let position = recorded.envelope.position;
                let lost = || corrupt(format!("event {position} names a lot that the wallet never had"));
                explanation.follow(recorded).ok_or_else(lost)?;
                open = true;
            }
            next = further;
        }
        Ok(open.then_some(explanation))
    }
}

/// A wallet's events from `entry` back to `low`, in order, without those at or above `until`.
async fn run(
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
