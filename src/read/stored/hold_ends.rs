//! How a hold ended. Nothing is kept for it: a hold is open in every mark of its wallet up to its end and in
//! none after it, so the end is found between two marks.

use events::{Event, Position, Recorded, WalletId};
use projections::{EntryRow, Parts, WalletRow};

use super::{Database, Snapshot, StoredReads, Tables, corrupt, past::run};
use crate::read::{HoldEnd, StoreFault};

impl<D: Database> StoredReads<D> {
    pub(super) async fn hold_ended(
        &self,
        wallet: WalletId,
        hold: Position,
    ) -> Result<Option<HoldEnd>, StoreFault> {
        let mut snapshot = self.snapshot().await?;
        let end = self.end_in(&mut snapshot, wallet, hold).await;
        snapshot.end().await?;
        end
    }

    async fn end_in(
        &self,
        snapshot: &mut D::Snapshot,
        wallet: WalletId,
        hold: Position,
    ) -> Result<Option<HoldEnd>, StoreFault> {
        let Some(now) = snapshot.wallet(wallet).await? else {
            return Ok(None);
        };
        if has(&now.row, hold) || hold >= now.row.last {
            return Ok(None);
        }
        let (open, closed) = between_marks(snapshot, &now.row, hold).await?;
        let events = run(&self.0.log, closed, open.next(), closed.next()).await?;
        let lost = || corrupt(format!("wallet {wallet} has no event that closed its hold {hold}"));
        let by = events.into_iter().rev().find(|recorded| is_about(recorded, hold)).ok_or_else(lost)?;
        let before = self.past(snapshot, now.row, by.envelope.position).await?;
        let before = before.and_then(|row| row.holds.into_iter().find(|open| open.id == hold));
        let before = before.ok_or_else(lost)?;
        let captured = if let Event::HoldCaptured(e) = &by.event { e.captured } else { before.captured };
        Ok(Some(HoldEnd { by, captured, expires: before.expires }))
    }
}

fn has(row: &WalletRow, hold: Position) -> bool {
    row.holds.iter().any(|open| open.id == hold)
}

/// Whether the event captures, extends or ends the hold. None does once it is closed.
fn is_about(recorded: &Recorded, hold: Position) -> bool {
    let entry = EntryRow::of(recorded, Parts::default());
    entry.is_some_and(|entry| entry.refers_to == Some(hold))
}

/// Two events of the wallet, one mark or less apart: after the first the closed hold was open, after the
/// second it was not.
async fn between_marks(
    snapshot: &mut impl Tables,
    now: &WalletRow,
    hold: Position,
) -> Result<(Position, Position), StoreFault> {
    // The last mark below `low` knows nothing of the end; `high` is an event after which the hold was closed.
    let (mut open, mut low, mut high) = (hold, hold.next(), now.last);
    while low < high {
        let middle = low.plus((high.get() - low.get()).div_ceil(2));
        let mark = snapshot.mark_below((now.id, now.org), middle).await?;
        match mark.filter(|mark| mark.last > open) {
            Some(mark) if !has(&mark, hold) => high = mark.last,
            mark => {
                low = middle;
                open = mark.map_or(open, |mark| mark.last);
            }
        }
    }
    Ok((open, high))
}
