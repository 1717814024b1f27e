//! How each event moves credits between lots, holds and debt, read from its slices alone.

use events::{Class, Credits, Event, Position, Slice};

use super::{LotMove, fold::Lots};

/// What one event moves; every step is done to the lots at once.
pub(super) struct Moves<'a> {
    lots: &'a mut Lots,
    /// How each lot changed, in the order in which the event names them.
    pub(super) moved: Vec<LotMove>,
    /// How the debt changed, in micro-credits.
    pub(super) debt: i64,
}

impl<'a> Moves<'a> {
    pub(super) const fn new(lots: &'a mut Lots) -> Self {
        Self { lots, moved: Vec::new(), debt: 0 }
    }

    /// What the balance gained, in micro-credits.
    pub(super) fn amount(&self) -> i128 {
        let of_lot = |m: &LotMove| i128::from(m.free.micros()) + i128::from(m.held.micros());
        self.moved.iter().map(of_lot).sum::<i128>() - i128::from(self.debt)
    }

    /// Moves the credits of an event at `position`; `None` when something does not fit.
    pub(super) fn by(&mut self, event: &Event, position: Position) -> Option<()> {
        match event {
            Event::CreditsPurchased(e) => {
                self.give(position, e.lot.class, e.amount)?;
                self.settle(&e.settled)
            }
            Event::CreditsGranted(e) => {
                self.give(position, e.lot.class, e.amount)?;
                self.settle(&e.settled)
            }
            Event::CreditsDeducted(e) => {
                self.take(&e.slices)?;
                self.owe(e.overdrawn)
            }
            Event::DeductionRolledBack(e) => {
                for slice in &e.slices {
                    self.give(slice.lot, slice.terms.class, slice.amount)?;
                }
                let mut paid = e.overdrawn;
                if let Some(formed) = e.formed {
                    self.give(position, formed.terms.class, formed.amount)?;
                    paid = paid.checked_sub(formed.amount)?;
                }
                self.owe(Credits::ZERO.checked_sub(paid)?)?;
                self.settle(&e.settled)
            }
            Event::CreditsExpired(e) => self.take(&[Slice { lot: e.lot, amount: e.amount }]),
            Event::CreditsHeld(e) => e.slices.iter().try_for_each(|slice| self.reserve(slice, 1)),
            Event::HoldCaptured(e) => {
                e.slices.iter().try_for_each(|slice| self.spend_held(slice))?;
                self.take(&e.beyond)?;
                self.owe(e.overdrawn)
            }
            Event::HoldReleased(e) => self.free(&e.slices, &e.settled),
            Event::HoldExpired(e) => self.free(&e.slices, &e.settled),
            Event::PurchaseRefunded(e) => {
                if !e.taken.is_zero() {
                    self.take(&[Slice { lot: e.purchase, amount: e.taken }])?;
                }
                self.owe(e.debt)?;
                self.settle(&e.settled)
            }
            Event::CreditsAdjusted(e) => {
                if let Some(lot) = e.lot {
                    self.give(position, lot.class, e.amount)?;
                }
                self.take(&e.slices)?;
                self.settle(&e.settled)
            }
            Event::WalletOpened(_)
            | Event::CreditsChecked(_)
            | Event::CommandRefused(_)
            | Event::HoldExtended(_)
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
            | Event::WriterChanged(_) => Some(()),
        }
    }

    fn give(&mut self, lot: Position, class: Class, amount: Credits) -> Option<()> {
        self.shift(lot, Some(class), amount.micros(), 0)
    }

    fn take(&mut self, slices: &[Slice]) -> Option<()> {
        slices
            .iter()
            .try_for_each(|slice| self.shift(slice.lot, None, slice.amount.micros().checked_neg()?, 0))
    }

    /// Moves free credits into a hold, or back when `sign` is -1.
    fn reserve(&mut self, slice: &Slice, sign: i64) -> Option<()> {
        let micros = slice.amount.micros().checked_mul(sign)?;
        self.shift(slice.lot, None, micros.checked_neg()?, micros)
    }

    fn spend_held(&mut self, slice: &Slice) -> Option<()> {
        self.shift(slice.lot, None, 0, slice.amount.micros().checked_neg()?)
    }

    fn free(&mut self, slices: &[Slice], settled: &[Slice]) -> Option<()> {
        slices.iter().try_for_each(|slice| self.reserve(slice, -1))?;
        self.settle(settled)
    }

    fn owe(&mut self, amount: Credits) -> Option<()> {
        self.debt = self.debt.checked_add(amount.micros())?;
        Some(())
    }

    /// Pays debt with slices.
    fn settle(&mut self, slices: &[Slice]) -> Option<()> {
        self.take(slices)?;
        slices.iter().try_for_each(|slice| self.owe(Credits::ZERO.checked_sub(slice.amount)?))
    }

    /// Changes a lot and notes it; an unknown lot needs its class.
    fn shift(&mut self, lot: Position, class: Option<Class>, free: i64, held: i64) -> Option<()> {
        let class = self.lots.change(lot, class, free, held)?;
        let at = self.moved.iter().position(|moved| moved.lot == lot).unwrap_or_else(|| {
            self.moved.push(LotMove { lot, class, free: Credits::ZERO, held: Credits::ZERO });
            self.moved.len() - 1
        });
        let moved = &mut self.moved[at];
        moved.free = moved.free.checked_add(Credits::from_micros(free))?;
        moved.held = moved.held.checked_add(Credits::from_micros(held))?;
        Some(())
    }
}
