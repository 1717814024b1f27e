//! What each event does to a wallet: lots, holds, debt, and what its owner has ruled.

use events::{
    Credits, CreditsAdjusted, CreditsChecked, CreditsDeducted, CreditsExpired, CreditsHeld,
    DeductionRolledBack, Event, HoldCaptured, Position, Priced, PurchaseRefunded, Recorded, Slice,
};

use super::{Change, HoldRow, LotRow, caps, lots, moved::Part};
use crate::{Basis, Fault};

/// Does what the event says was done, and refuses what cannot have been.
pub(super) fn by(change: &mut Change<'_>, recorded: &Recorded) -> Result<(), Fault> {
    let position = recorded.envelope.position;
    match &recorded.event {
        Event::CreditsPurchased(e) => {
            let basis = Basis::of(&recorded.event);
            change.give(LotRow { id: position, remaining: e.amount, terms: e.lot, basis })?;
            change.expect(e.amount)?;
            change.settle(&e.settled)
        }
        Event::CreditsGranted(e) => {
            change.give(LotRow { id: position, remaining: e.amount, terms: e.lot, basis: None })?;
            change.expect(e.amount)?;
            change.settle(&e.settled)
        }
        Event::CreditsDeducted(e) => deducted(change, recorded, e),
        Event::DeductionRolledBack(e) => rolled_back(change, position, e),
        Event::CreditsExpired(e) => expired(change, recorded, e),
        Event::CreditsHeld(e) => held(change, recorded, e),
        Event::HoldCaptured(e) => captured(change, recorded, e),
        Event::HoldExtended(e) => {
            change.hold(e.hold)?.expires = e.expires;
            Ok(())
        }
        Event::HoldReleased(e) => released(change, e.hold, e.amount, &e.slices, &e.settled),
        Event::HoldExpired(e) => {
            if change.hold(e.hold)?.expires > recorded.envelope.time {
                return Err(Fault::Terms);
            }
            released(change, e.hold, e.amount, &e.slices, &e.settled)
        }
        Event::PurchaseRefunded(e) => refunded(change, e),
        Event::CreditsAdjusted(e) => adjusted(change, position, e),
        Event::CreditsChecked(e) => checked(position, e),
        Event::WalletFrozen(_)
        | Event::WalletUnfrozen(_)
        | Event::LimitSet(_)
        | Event::ThresholdSet(_)
        | Event::CapSet(_)
        | Event::BalanceLow(_) => ruled(change, recorded),
        Event::CommandRefused(_) | Event::AdjustmentProposed(_) => Ok(()),
        Event::WalletOpened(_) => Err(Fault::Opening),
        Event::PriceSet(_) | Event::PolicySet(_) | Event::Auth(_) | Event::WriterChanged(_) => {
            Err(Fault::Subject)
        }
    }
}

/// What the wallet's owner has ruled, and the warning that follows from it.
fn ruled(change: &mut Change<'_>, recorded: &Recorded) -> Result<(), Fault> {
    let row = &mut *change.row;
    match &recorded.event {
        Event::WalletFrozen(_) => row.frozen = true,
        Event::WalletUnfrozen(_) => row.frozen = false,
        Event::LimitSet(e) if e.limit < Credits::ZERO => return Err(Fault::Amounts),
        Event::LimitSet(e) => row.limit = e.limit,
        Event::ThresholdSet(e) => row.threshold = e.threshold,
        Event::CapSet(e) => return caps::set(&mut row.caps, e, recorded.envelope.time),
        Event::BalanceLow(e) => {
            let low = row.threshold == Some(e.threshold) && row.available < e.threshold;
            return if low { Ok(()) } else { Err(Fault::Amounts) };
        }
        Event::WalletOpened(_)
        | Event::CreditsPurchased(_)
        | Event::CreditsGranted(_)
        | Event::CreditsChecked(_)
        | Event::CreditsDeducted(_)
        | Event::DeductionRolledBack(_)
        | Event::CreditsExpired(_)
        | Event::CommandRefused(_)
        | Event::CreditsHeld(_)
        | Event::HoldCaptured(_)
        | Event::HoldExtended(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::PurchaseRefunded(_)
        | Event::AdjustmentProposed(_)
        | Event::CreditsAdjusted(_)
        | Event::PriceSet(_)
        | Event::PolicySet(_)
        | Event::Auth(_)
        | Event::WriterChanged(_) => return Err(Fault::Subject),
    }
    Ok(())
}

fn deducted(change: &mut Change<'_>, recorded: &Recorded, e: &CreditsDeducted) -> Result<(), Fault> {
    change.take(&e.slices, Part::Own)?;
    change.owe(e.overdrawn)?;
    change.expect(negative(e.cost)?)?;
    priced(e.price.as_deref(), e.cost)?;
    let (app, time) = (recorded.envelope.app, recorded.envelope.time);
    caps::spent(&mut change.row.caps, app, e.budget.as_deref(), e.cost, time)
}

fn rolled_back(change: &mut Change<'_>, position: Position, e: &DeductionRolledBack) -> Result<(), Fault> {
    if e.deduction >= position {
        return Err(Fault::Subject);
    }
    for slice in &e.slices {
        let (id, remaining, terms) = (slice.lot, slice.amount, slice.terms);
        let basis = change.basis(id);
        change.give(LotRow { id, remaining, terms, basis })?;
    }
    let formed = e.formed.map_or(Credits::ZERO, |formed| formed.amount);
    if let Some(formed) = e.formed {
        change.give(LotRow { id: position, remaining: formed.amount, terms: formed.terms, basis: None })?;
    }
    change.forgive(e.overdrawn.checked_sub(formed).ok_or(Fault::Amounts)?)?;
    change.expect(e.amount)?;
    change.settle(&e.settled)?;
    match e.spent {
        Some(spent) => {
            caps::given_back(&mut change.row.caps, e.spender, e.budget.as_deref(), e.amount, spent)
        }
        None => Ok(()),
    }
}

/// A lot expires when it is due, and with all that is left of it.
fn expired(change: &mut Change<'_>, recorded: &Recorded, e: &CreditsExpired) -> Result<(), Fault> {
    change.take(&[Slice { lot: e.lot, amount: e.amount }], Part::Own)?;
    let left = change.row.lots.iter().any(|lot| lot.id == e.lot);
    let due = change.last_terms.and_then(|terms| terms.expires);
    let due = due.is_some_and(|due| due <= recorded.envelope.time);
    if due && !left { Ok(()) } else { Err(Fault::Terms) }
}

fn held(change: &mut Change<'_>, recorded: &Recorded, e: &CreditsHeld) -> Result<(), Fault> {
    let row = &mut *change.row;
    let slices = e.slices.iter().map(|slice| lots::take(&mut row.lots, slice.lot, slice.amount));
    let slices = slices.collect::<Result<Vec<_>, _>>()?;
    let hold = HoldRow::new(recorded.envelope.position, recorded.envelope.app, e, slices)?;
    row.reserved = row.reserved.checked_add(e.amount).ok_or(Fault::Amounts)?;
    row.holds.push(hold);
    priced(e.price.as_deref(), e.amount)
}

/// What the hold reserves goes first, its slices and then what it reserved of the credit limit, which
/// other lots may pay by now.
fn captured(change: &mut Change<'_>, recorded: &Recorded, e: &HoldCaptured) -> Result<(), Fault> {
    let hold = change.hold(e.hold)?;
    if (&hold.service, &hold.budget) != (&e.service, &e.budget) {
        return Err(Fault::Subject);
    }
    let rest = hold.rest().ok_or(Fault::Amounts)?;
    let reserved = e.amount.min(rest);
    let slices = hold.take(&e.slices)?;
    let of_slices = sum(&e.slices)?;
    let whole = hold.slices.is_empty() || of_slices == e.amount;
    let of_limit = reserved.checked_sub(of_slices).filter(|rest| *rest >= Credits::ZERO);
    hold.overdrawn = hold.overdrawn.checked_sub(of_limit.ok_or(Fault::Slice)?).ok_or(Fault::Slice)?;
    hold.captured = hold.captured.checked_add(e.amount).ok_or(Fault::Amounts)?;
    if !whole || hold.overdrawn < Credits::ZERO {
        return Err(Fault::Slice);
    }
    if hold.captured != e.captured || hold.captured > hold.cap {
        return Err(Fault::Amounts);
    }
    let (closed, app) = (hold.captured == hold.cap, hold.app);
    if closed {
        change.row.holds.retain(|open| open.id != e.hold);
    }
    change.row.reserved = change.row.reserved.checked_sub(reserved).ok_or(Fault::Amounts)?;
    for slice in slices {
        change.count_out(&slice, Part::Own)?;
    }
    change.take(&e.beyond, Part::Own)?;
    change.owe(e.overdrawn)?;
    change.expect(negative(e.amount)?)?;
    priced(e.price.as_deref(), e.amount)?;
    let time = recorded.envelope.time;
    caps::spent(&mut change.row.caps, app, e.budget.as_deref(), e.amount, time)
}

fn released(
    change: &mut Change<'_>,
    hold: Position,
    amount: Credits,
    slices: &[Slice],
    settled: &[Slice],
) -> Result<(), Fault> {
    let row = &mut *change.row;
    let at = row.holds.iter().position(|open| open.id == hold).ok_or(Fault::Subject)?;
    let open = row.holds.remove(at);
    let same = open.slices.iter().map(|slice| (slice.id, slice.remaining));
    if !same.eq(slices.iter().map(|slice| (slice.lot, slice.amount))) {
        return Err(Fault::Slice);
    }
    if open.rest() != Some(amount) {
        return Err(Fault::Amounts);
    }
    for slice in open.slices {
        lots::give(&mut row.lots, slice)?;
    }
    row.reserved = row.reserved.checked_sub(amount).ok_or(Fault::Amounts)?;
    change.settle(settled)
}

fn refunded(change: &mut Change<'_>, e: &PurchaseRefunded) -> Result<(), Fault> {
    let basis = change.basis(e.purchase);
    if !e.taken.is_zero() {
        change.take(&[Slice { lot: e.purchase, amount: e.taken }], Part::Own)?;
    }
    change.owe(e.debt)?;
    change.expect(negative(e.amount)?)?;
    if let Some(basis) = basis {
        change.moved.count_refund(&basis, e.refunded, e.amount)?;
    }
    // Debt arises only when nothing of the lot is left to take.
    if e.debt.is_positive() && change.row.lots.iter().any(|lot| lot.id == e.purchase) {
        return Err(Fault::Slice);
    }
    change.settle(&e.settled)
}

fn adjusted(change: &mut Change<'_>, position: Position, e: &CreditsAdjusted) -> Result<(), Fault> {
    if e.lot.is_some() != e.amount.is_positive() || e.lot.is_some() != e.slices.is_empty() {
        return Err(Fault::Slice);
    }
    if let Some(terms) = e.lot {
        change.give(LotRow { id: position, remaining: e.amount, terms, basis: None })?;
    }
    change.take(&e.slices, Part::Own)?;
    change.expect(e.amount)?;
    change.settle(&e.settled)
}

/// The hold of a check stands right behind it.
fn checked(position: Position, e: &CreditsChecked) -> Result<(), Fault> {
    if e.hold.is_some_and(|hold| hold != position.next() || !e.sufficient) {
        return Err(Fault::Subject);
    }
    priced(e.price.as_deref(), e.cost)
}

/// The lines of a price make its cost.
fn priced(price: Option<&Priced>, cost: Credits) -> Result<(), Fault> {
    let Some(price) = price else { return Ok(()) };
    let lines = price.lines.iter().try_fold(Credits::ZERO, |sum, line| sum.checked_add(line.cost));
    if lines == Some(cost) { Ok(()) } else { Err(Fault::Amounts) }
}

fn negative(amount: Credits) -> Result<Credits, Fault> {
    if !amount.is_positive() {
        return Err(Fault::Amounts);
    }
    Credits::ZERO.checked_sub(amount).ok_or(Fault::Amounts)
}

fn sum(slices: &[Slice]) -> Result<Credits, Fault> {
    let sum = slices.iter().try_fold(Credits::ZERO, |sum, slice| sum.checked_add(slice.amount));
    sum.ok_or(Fault::Amounts)
}
