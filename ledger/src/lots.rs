//! The live lots of a wallet, in the order in which they burn down.

use events::{Class, Credits, LotTerms, Position, Slice, Slices, Time};
use smallvec::SmallVec;

/// The most live lots a wallet may have, so that every deduction's slices fit into one event.
pub const MAX_LIVE_LOTS: usize = 200;

/// Credits that came in together and are not yet spent or expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// Position of the purchase or grant.
    pub id: Position,
    /// What is left, above zero.
    pub remaining: Credits,
    /// Class, priority and expiry.
    pub terms: LotTerms,
}

impl Lot {
    /// Burn-down order: priority, soonest expiry, promotional before paid, oldest. Positions are
    /// unique, so the order is total.
    fn burn_down_key(&self) -> (u8, Time, Class, Position) {
        let expires = self.terms.expires.unwrap_or(Time::from_micros(i64::MAX));
        (self.terms.priority, expires, self.terms.class, self.id)
    }
}

/// Live lots in burn-down order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lots(SmallVec<[Lot; 2]>);

impl Lots {
    /// Takes lots in any order.
    #[must_use]
    pub fn new(lots: impl IntoIterator<Item = Lot>) -> Self {
        let mut sorted: SmallVec<[Lot; 2]> = lots.into_iter().collect();
        sorted.sort_unstable_by_key(Lot::burn_down_key);
        Self(sorted)
    }

    /// The lots in burn-down order.
    pub fn iter(&self) -> impl Iterator<Item = &Lot> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lot with this id, when it is live.
    #[must_use]
    pub fn get(&self, id: Position) -> Option<&Lot> {
        self.0.iter().find(|lot| lot.id == id)
    }

    /// The slices that pay `cost`, first lots first, and what all lots together lack.
    #[must_use]
    pub fn burn_down(&self, cost: Credits) -> (Slices, Credits) {
        let mut due = cost;
        let mut slices = Slices::new();
        for lot in &self.0 {
            if due.is_zero() {
                break;
            }
            let amount = due.min(lot.remaining);
            slices.push(Slice { lot: lot.id, amount });
            due = due.checked_sub(amount).unwrap_or(Credits::ZERO);
        }
        (slices, due)
    }

    /// Adds credits to a lot, which comes (back) to life when it is not live, and else keeps its terms;
    /// `None` on overflow or when the amount is not above zero.
    pub(crate) fn give(&mut self, id: Position, amount: Credits, terms: LotTerms) -> Option<()> {
        if !amount.is_positive() {
            return None;
        }
        if let Some(lot) = self.0.iter_mut().find(|lot| lot.id == id) {
            lot.remaining = lot.remaining.checked_add(amount)?;
            return Some(());
        }
        let lot = Lot { id, remaining: amount, terms };
        let at = self.0.partition_point(|other| other.burn_down_key() < lot.burn_down_key());
        self.0.insert(at, lot);
        Some(())
    }

    /// Takes credits from a live lot, which ends when nothing is left; `None` when it holds less or
    /// the amount is not above zero.
    pub(crate) fn take(&mut self, id: Position, amount: Credits) -> Option<()> {
        if !amount.is_positive() {
            return None;
        }
        let at = self.0.iter().position(|lot| lot.id == id)?;
        let left = self.0[at].remaining.checked_sub(amount)?;
        if left.is_zero() {
            self.0.remove(at);
        } else if left.is_positive() {
            self.0[at].remaining = left;
        } else {
            return None;
        }
        Some(())
    }

    /// The first lot, by expiry and then id, that is due at `now`.
    pub(crate) fn first_due(&self, now: Time) -> Option<&Lot> {
        let due = self.0.iter().filter(|lot| lot.terms.expires.is_some_and(|expires| expires <= now));
        due.min_by_key(|lot| (lot.terms.expires, lot.id))
    }
}
