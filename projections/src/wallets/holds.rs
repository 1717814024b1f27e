//! Open holds.

use events::{AppId, Budget, Credits, CreditsHeld, Position, Slice, Time};

use super::LotRow;
use crate::Fault;

/// A hold that may still be captured from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRow {
    /// Position of the event that placed it.
    pub id: Position,
    /// The app that placed it.
    pub app: Option<AppId>,
    /// What it pays for.
    pub service: Box<str>,
    /// The budget that it counts against.
    pub budget: Option<Budget>,
    /// When it is released by itself.
    pub expires: Time,
    /// The most that may be captured in all.
    pub cap: Credits,
    /// What was captured so far.
    pub captured: Credits,
    /// What is still reserved of lots, in the order in which captures take it.
    pub slices: Vec<LotRow>,
    /// What is still reserved of the credit limit, captured after the slices.
    pub overdrawn: Credits,
}

impl HoldRow {
    pub(super) fn new(
        id: Position,
        app: Option<AppId>,
        held: &CreditsHeld,
        slices: Vec<LotRow>,
    ) -> Result<Self, Fault> {
        let hold = Self {
            id,
            app,
            service: held.service.clone(),
            budget: held.budget.clone(),
            expires: held.expires,
            cap: held.cap,
            captured: Credits::ZERO,
            slices,
            overdrawn: held.overdrawn,
        };
        let stated = hold.rest() == Some(held.amount) && held.amount.is_positive() && held.cap >= held.amount;
        if stated && held.overdrawn >= Credits::ZERO { Ok(hold) } else { Err(Fault::Amounts) }
    }

    /// What is still reserved; none beyond the range.
    #[must_use]
    pub fn rest(&self) -> Option<Credits> {
        self.slices.iter().try_fold(self.overdrawn, |sum, slice| sum.checked_add(slice.remaining))
    }

    /// Takes exactly these slices off its front; all of them but the last must be whole.
    pub(super) fn take(&mut self, slices: &[Slice]) -> Result<Vec<LotRow>, Fault> {
        let mut taken = Vec::with_capacity(slices.len());
        for slice in slices {
            let first = self.slices.first_mut().filter(|first| first.id == slice.lot).ok_or(Fault::Slice)?;
            let left = first.remaining.checked_sub(slice.amount).ok_or(Fault::Slice)?;
            if left < Credits::ZERO || !slice.amount.is_positive() {
                return Err(Fault::Slice);
            }
            taken.push(LotRow { remaining: slice.amount, ..*first });
            if left.is_zero() {
                self.slices.remove(0);
            } else {
                first.remaining = left;
            }
        }
        Ok(taken)
    }
}
