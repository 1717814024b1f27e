//! What an event moved, by class, debt and cost basis.

use events::{Class, Credits, Currency};

use super::LotRow;
use crate::{Basis, Fault};

/// The parts of an event's movement. Its own movement changes the balance; settling afterwards takes
/// credits out of lots to pay debt, and leaves the balance as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// What promotional lots gained, below zero what they lost. The rest of the change of the balance
    /// is of paid lots and of debt.
    pub promotional: Credits,
    /// What debt gained, below zero what it lost.
    pub debt: Credits,
    /// What was taken out of lots to pay debt, zero or more.
    pub settled: Credits,
    /// The part of `settled` that is of promotional lots.
    pub settled_promotional: Credits,
    /// Changes of deferred revenue, one for each currency.
    pub values: Vec<Value>,
}

/// What an event has moved so far.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// What the balance gained, below zero what it lost: what lots gained less what debt gained.
    pub(super) amount: Credits,
    pub(super) parts: Parts,
}

/// How deferred revenue changed, in millionths of the currency's main unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// The currency.
    pub currency: Currency,
    /// By the event's own movement.
    pub change: i64,
    /// By settling: zero or less.
    pub settled: i64,
    /// What a refund gave back for credits that had left their lot, at their price: revenue that had
    /// been earned. What rounding leaves of the refund as a whole is in it.
    pub reversed: i64,
}

/// The two movements of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Own,
    Settling,
}

impl Moved {
    /// Counts what went into a lot, of which `total` is left now, free or held.
    pub(super) fn count_in(&mut self, lot: &LotRow, total: Credits) -> Result<(), Fault> {
        self.amount = self.amount.checked_add(lot.remaining).ok_or(Fault::Amounts)?;
        if lot.terms.class == Class::Promotional {
            self.parts.promotional =
                self.parts.promotional.checked_add(lot.remaining).ok_or(Fault::Amounts)?;
        }
        self.revalue(lot, Part::Own, total.checked_sub(lot.remaining), total)
    }

    /// Counts what went out of a lot, of which `total` is left now, free or held.
    pub(super) fn count_out(&mut self, lot: &LotRow, part: Part, total: Credits) -> Result<(), Fault> {
        let promotional = if lot.terms.class == Class::Promotional { lot.remaining } else { Credits::ZERO };
        match part {
            Part::Own => {
                self.amount = self.amount.checked_sub(lot.remaining).ok_or(Fault::Amounts)?;
                self.parts.promotional =
                    self.parts.promotional.checked_sub(promotional).ok_or(Fault::Amounts)?;
            }
            Part::Settling => {
                self.parts.settled = self.parts.settled.checked_add(lot.remaining).ok_or(Fault::Amounts)?;
                self.parts.settled_promotional =
                    self.parts.settled_promotional.checked_add(promotional).ok_or(Fault::Amounts)?;
            }
        }
        self.revalue(lot, part, total.checked_add(lot.remaining), total)
    }

    /// Counts what debt gained, or, below zero, lost without settling.
    pub(super) fn count_debt(&mut self, amount: Credits) -> Result<(), Fault> {
        self.amount = self.amount.checked_sub(amount).ok_or(Fault::Amounts)?;
        self.parts.debt = self.parts.debt.checked_add(amount).ok_or(Fault::Amounts)?;
        Ok(())
    }

    /// A lot without a price has no value, and nobody asks what was left of it.
    fn revalue(
        &mut self,
        lot: &LotRow,
        part: Part,
        before: Option<Credits>,
        after: Credits,
    ) -> Result<(), Fault> {
        let Some(basis) = &lot.basis else { return Ok(()) };
        let before = before.ok_or(Fault::Amounts)?;
        let change = basis.value(after).checked_sub(basis.value(before)).ok_or(Fault::Amounts)?;
        let value = self.value(basis.currency);
        let sum = match part {
            Part::Own => &mut value.change,
            Part::Settling => &mut value.settled,
        };
        *sum = sum.checked_add(change).ok_or(Fault::Amounts)?;
        Ok(())
    }

    /// Counts a refund after which `refunded` of the purchase are taken back, `amount` by this one: what
    /// it gives back in money, less what of that had not been earned, was earned.
    pub(super) fn count_refund(
        &mut self,
        basis: &Basis,
        refunded: Credits,
        amount: Credits,
    ) -> Result<(), Fault> {
        let before = refunded.checked_sub(amount).ok_or(Fault::Amounts)?;
        let money = basis.value(refunded).checked_sub(basis.value(before)).ok_or(Fault::Amounts)?;
        let value = self.value(basis.currency);
        value.reversed = money.checked_add(value.change).ok_or(Fault::Amounts)?;
        Ok(())
    }

    fn value(&mut self, currency: Currency) -> &mut Value {
        let values = &mut self.parts.values;
        let known = values.iter().position(|value| value.currency == currency);
        let at = known.unwrap_or_else(|| {
            values.reserve_exact(1);
            values.push(Value { currency, change: 0, settled: 0, reversed: 0 });
            values.len() - 1
        });
        &mut values[at]
    }
}
