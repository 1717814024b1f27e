//! What was given back or taken back of earlier events.

use events::{Credits, Event, Position, Recorded};

use crate::{Fault, Poison};

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 2;

/// An earlier event of which something was undone: a deduction or capture of which something was
/// given back, a purchase of which something was taken back, or a proposal that was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnedRow {
    /// The deduction, capture, purchase or proposal.
    pub of: Position,
    /// All that was given back, taken back, or, by size, approved.
    pub total: Credits,
    /// The last event that did so.
    pub last: Position,
}

/// What one event undoes.
struct Undone {
    of: Position,
    amount: Credits,
    /// All that was undone so far, as the event says.
    total: Credits,
}

impl Undone {
    fn by(event: &Event) -> Option<Self> {
        match event {
            Event::DeductionRolledBack(e) => {
                Some(Self { of: e.deduction, amount: e.amount, total: e.returned })
            }
            Event::PurchaseRefunded(e) => Some(Self { of: e.purchase, amount: e.amount, total: e.refunded }),
            Event::CreditsAdjusted(e) => {
                // The smallest amount of all has no positive counterpart; no wallet can lose that much.
                let negative = Credits::ZERO.checked_sub(e.amount).unwrap_or(Credits::MAX);
                let amount = e.amount.max(negative);
                e.proposal.map(|of| Self { of, amount, total: amount })
            }
            Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::CreditsChecked(_)
            | Event::CreditsDeducted(_)
            | Event::CreditsExpired(_)
            | Event::CommandRefused(_)
            | Event::CreditsHeld(_)
            | Event::HoldCaptured(_)
            | Event::HoldExtended(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::AdjustmentProposed(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_)
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::Auth(_)
            | Event::WriterChanged(_) => None,
        }
    }
}

impl ReturnedRow {
    /// The earlier event that this one undoes in part or as a whole, if it does.
    #[must_use]
    pub fn undone_by(event: &Event) -> Option<Position> {
        Undone::by(event).map(|undone| undone.of)
    }

    /// The row of the earlier event after this one; unchanged when it undoes nothing.
    ///
    /// # Errors
    /// When the total that the event states is not the sum, or a proposal is approved again.
    pub fn apply(row: Option<Self>, recorded: &Recorded) -> Result<Option<Self>, Poison> {
        let Some(Undone { of, amount, total }) = Undone::by(&recorded.event) else {
            return Ok(row);
        };
        let position = recorded.envelope.position;
        if row.is_some_and(|row| row.of != of) || of >= position {
            return Err(Fault::Subject.at(position));
        }
        let before = row.map_or(Credits::ZERO, |row| row.total);
        if before.checked_add(amount) != Some(total) {
            return Err(Fault::Amounts.at(position));
        }
        Ok(Some(Self { of, total, last: position }))
    }
}

#[cfg(test)]
mod tests;
