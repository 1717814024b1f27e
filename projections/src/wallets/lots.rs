//! Live lots, in the order in which they burn down.

use events::{Class, Credits, LotTerms, Position, Time};

use crate::{Basis, Fault};

/// Credits that came in together and are not yet spent or expired; or the part of them that a hold
/// reserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotRow {
    /// Position of the event that made the lot.
    pub id: Position,
    /// What is left, above zero.
    pub remaining: Credits,
    /// Class, priority and expiry.
    pub terms: LotTerms,
    /// What the lot cost, when it was bought at a known price.
    pub basis: Option<Basis>,
}

impl LotRow {
    /// Priority, soonest expiry, promotional before paid, oldest.
    fn burn_down_key(&self) -> (u8, Time, Class, Position) {
        let expires = self.terms.expires.unwrap_or(Time::from_micros(i64::MAX));
        (self.terms.priority, expires, self.terms.class, self.id)
    }
}

/// Adds a lot, or adds to the live one with its id, whose terms hold then.
pub(super) fn give(lots: &mut Vec<LotRow>, lot: LotRow) -> Result<LotRow, Fault> {
    if !lot.remaining.is_positive() {
        return Err(Fault::Slice);
    }
    if let Some(live) = lots.iter_mut().find(|live| live.id == lot.id) {
        live.remaining = live.remaining.checked_add(lot.remaining).ok_or(Fault::Slice)?;
        return Ok(LotRow { remaining: lot.remaining, ..*live });
    }
    let at = lots.partition_point(|other| other.burn_down_key() < lot.burn_down_key());
    lots.insert(at, lot);
    Ok(lot)
}

/// Takes credits out of a live lot, which ends when nothing is left: the part that was taken.
pub(super) fn take(lots: &mut Vec<LotRow>, id: Position, amount: Credits) -> Result<LotRow, Fault> {
    let at = lots.iter().position(|lot| lot.id == id).ok_or(Fault::Slice)?;
    let left = lots[at].remaining.checked_sub(amount).ok_or(Fault::Slice)?;
    if !amount.is_positive() || left < Credits::ZERO {
        return Err(Fault::Slice);
    }
    if left.is_zero() {
        return Ok(lots.remove(at));
    }
    lots[at].remaining = left;
    Ok(LotRow { remaining: amount, ..lots[at] })
}
