//! A wallet's row while an event changes it.

use events::{Credits, LotTerms, Position, Slice};

use super::{
    HoldRow, LotRow, WalletRow, lots,
    moved::{Moved, Part},
};
use crate::{Bases, Basis, Fault};

/// A row, and what the event has moved so far.
pub(super) struct Change<'a> {
    pub(super) row: &'a mut WalletRow,
    pub(super) moved: Moved,
    /// Of the lot that was taken from last.
    pub(super) last_terms: Option<LotTerms>,
    bases: &'a Bases,
}

impl<'a> Change<'a> {
    pub(super) fn new(row: &'a mut WalletRow, bases: &'a Bases) -> Self {
        Self { row, moved: Moved::default(), last_terms: None, bases }
    }

    /// The open hold at this position.
    pub(super) fn hold(&mut self, id: Position) -> Result<&mut HoldRow, Fault> {
        self.row.holds.iter_mut().find(|hold| hold.id == id).ok_or(Fault::Subject)
    }

    /// What a lot cost, live or not.
    pub(super) fn basis(&self, id: Position) -> Option<Basis> {
        let held = || self.row.holds.iter().flat_map(|hold| &hold.slices).find(|lot| lot.id == id);
        match self.row.lots.iter().find(|lot| lot.id == id).or_else(held) {
            Some(live) => live.basis,
            None => self.bases.get(&id).copied(),
        }
    }

    /// Adds credits to a lot.
    pub(super) fn give(&mut self, lot: LotRow) -> Result<(), Fault> {
        let given = lots::give(&mut self.row.lots, lot)?;
        self.moved.count_in(&given, self.left(&given)?)
    }

    /// Takes slices out of free lots.
    pub(super) fn take(&mut self, slices: &[Slice], part: Part) -> Result<(), Fault> {
        for slice in slices {
            let taken = lots::take(&mut self.row.lots, slice.lot, slice.amount)?;
            self.last_terms = Some(taken.terms);
            self.count_out(&taken, part)?;
        }
        Ok(())
    }

    /// Counts what went out of a lot or a hold.
    pub(super) fn count_out(&mut self, lot: &LotRow, part: Part) -> Result<(), Fault> {
        self.moved.count_out(lot, part, self.left(lot)?)
    }

    /// What is left of a lot, free or held. Only the value of bought lots needs it.
    fn left(&self, lot: &LotRow) -> Result<Credits, Fault> {
        if lot.basis.is_none() {
            return Ok(lot.remaining);
        }
        let held = self.row.holds.iter().flat_map(|hold| &hold.slices);
        let parts = self.row.lots.iter().chain(held).filter(|part| part.id == lot.id);
        let sum = parts.map(|part| part.remaining).try_fold(Credits::ZERO, Credits::checked_add);
        sum.ok_or(Fault::Amounts)
    }

    /// Adds to the debt.
    pub(super) fn owe(&mut self, amount: Credits) -> Result<(), Fault> {
        if amount < Credits::ZERO {
            return Err(Fault::Amounts);
        }
        self.row.debt = self.row.debt.checked_add(amount).ok_or(Fault::Amounts)?;
        self.moved.count_debt(amount)
    }

    /// Takes off the debt what a rollback gives back.
    pub(super) fn forgive(&mut self, amount: Credits) -> Result<(), Fault> {
        if amount < Credits::ZERO {
            return Err(Fault::Amounts);
        }
        self.row.debt = self.row.debt.checked_sub(amount).ok_or(Fault::Amounts)?;
        self.moved.count_debt(Credits::ZERO.checked_sub(amount).ok_or(Fault::Amounts)?)
    }

    /// Pays debt with slices.
    pub(super) fn settle(&mut self, slices: &[Slice]) -> Result<(), Fault> {
        if slices.is_empty() {
            return Ok(());
        }
        self.take(slices, Part::Settling)?;
        self.row.debt = self.row.debt.checked_sub(self.moved.parts.settled).ok_or(Fault::Amounts)?;
        Ok(())
    }

    /// What was moved must change the balance by `amount`.
    pub(super) fn expect(&self, amount: Credits) -> Result<(), Fault> {
        if self.moved.amount == amount { Ok(()) } else { Err(Fault::Amounts) }
    }
}
