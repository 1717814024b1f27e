//! What was given back of each deduction.

use events::{Credits, Event, Position, Recorded};

use crate::{Fault, Poison};

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 1;

/// A deduction of which something was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnedRow {
    /// The deduction.
    pub deduction: Position,
    /// All that was given back.
    pub total: Credits,
    /// The last rollback.
    pub last: Position,
}

impl ReturnedRow {
    /// The deduction that this event gives back, if it is a rollback.
    #[must_use]
    pub const fn deduction_of(event: &Event) -> Option<Position> {
        match event {
            Event::DeductionRolledBack(e) => Some(e.deduction),
            Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::CreditsChecked(_)
            | Event::CreditsDeducted(_)
            | Event::CreditsExpired(_)
            | Event::CommandRefused(_)
            | Event::OrganizationRegistered(_)
            | Event::AppRegistered(_)
            | Event::ApiKeyIssued(_)
            | Event::ApiKeyRevoked(_)
            | Event::WriterChanged(_) => None,
        }
    }

    /// The row of a deduction after a rollback of it; `None` when the event is no rollback.
    ///
    /// # Errors
    /// When the total that the rollback states is not the sum of all rollbacks.
    pub fn apply(row: Option<Self>, recorded: &Recorded) -> Result<Option<Self>, Poison> {
        let Event::DeductionRolledBack(rollback) = &recorded.event else {
            return Ok(row);
        };
        let position = recorded.envelope.position;
        let deduction = rollback.deduction;
        if row.is_some_and(|row| row.deduction != deduction) || deduction >= position {
            return Err(Fault::Subject.at(position));
        }
        let before = row.map_or(Credits::ZERO, |row| row.total);
        let total = before.checked_add(rollback.amount).filter(|total| *total == rollback.returned);
        let total = total.ok_or(Fault::Amounts.at(position))?;
        Ok(Some(Self { deduction, total, last: position }))
    }
}

#[cfg(test)]
mod tests;
