//! How each event moves credits between lots, holds and debt.

use events::{
    CapSet, Credits, CreditsAdjusted, CreditsDeducted, CreditsHeld, DeductionRolledBack, Event, HoldCaptured,
    Position, PurchaseRefunded, ReturnedSlice, Slice, Time,
};

use crate::{
    Cap, OpenHold, Wallet,
    evolve::Moment,
    planted::{self, Bug},
};

/// Moves the event's credits; `None` when something does not fit.
pub(crate) fn by(wallet: &mut Wallet, event: &Event, moment: Moment) -> Option<()> {
    match event {
        Event::CreditsPurchased(e) => {
            credit(wallet, e.amount)?;
            wallet.lots.give(moment.position, e.amount, e.lot)?;
            settle(wallet, &e.settled)?;
        }
        Event::CreditsGranted(e) => {
            credit(wallet, e.amount)?;
            wallet.lots.give(moment.position, e.amount, e.lot)?;
            settle(wallet, &e.settled)?;
        }
        Event::CreditsDeducted(e) => deducted(wallet, e, moment)?,
        Event::DeductionRolledBack(e) => rolled_back(wallet, e, moment)?,
        Event::CreditsExpired(e) => {
            wallet.lots.take(e.lot, e.amount)?;
            debit(wallet, e.amount)?;
        }
        Event::CreditsHeld(e) => held(wallet, e, moment)?,
        Event::HoldCaptured(e) => captured(wallet, e, moment)?,
        Event::HoldExtended(e) => wallet.hold_mut(e.hold)?.expires = e.expires,
        Event::HoldReleased(e) => {
            let kept = wallet.hold(e.hold).filter(|_| planted::is(Bug::HoldReleasedTwice)).cloned();
            release(wallet, e.hold, e.amount, &e.slices, &e.settled)?;
            wallet.special.holds.extend(kept);
        }
        Event::HoldExpired(e) => release(wallet, e.hold, e.amount, &e.slices, &e.settled)?,
        Event::PurchaseRefunded(e) => refunded(wallet, e)?,
        Event::CreditsAdjusted(e) => adjusted(wallet, e, moment.position)?,
        Event::WalletFrozen(_) => wallet.frozen = true,
        Event::WalletUnfrozen(_) => wallet.frozen = false,
        Event::LimitSet(e) => {
            (e.limit >= Credits::ZERO).then_some(())?;
            wallet.special.limit = e.limit;
        }
        Event::ThresholdSet(e) => wallet.special.threshold = e.threshold,
        Event::CapSet(e) => cap_set(wallet, e, moment.time)?,
        Event::WalletOpened(_)
        | Event::CreditsChecked(_)
        | Event::CommandRefused(_)
        | Event::AdjustmentProposed(_)
        | Event::BalanceLow(_)
        | Event::PriceSet(_)
        | Event::PolicySet(_)
        | Event::Auth(_)
        | Event::WriterChanged(_) => {}
    }
    Some(())
}

/// A cap that is only changed goes on counting; a new one counts from now on.
fn cap_set(wallet: &mut Wallet, e: &CapSet, time: Time) -> Option<()> {
    e.amount.is_none_or(|amount| amount >= Credits::ZERO).then_some(())?;
    let same = |cap: &Cap| (cap.app, &cap.budget, cap.period) == (e.app, &e.budget, e.period);
    let at = wallet.special.caps.iter().position(same);
    match (at, e.amount) {
        (Some(at), Some(amount)) => wallet.special.caps[at].amount = amount,
        (Some(at), None) => drop(wallet.special.caps.remove(at)),
        (None, Some(amount)) => {
            let (app, budget, period) = (e.app, e.budget.clone(), e.period);
            wallet.special.caps.push(Cap { app, budget, period, amount, since: time, used: Credits::ZERO });
        }
        (None, None) => {}
    }
    Some(())
}

fn deducted(wallet: &mut Wallet, e: &CreditsDeducted, moment: Moment) -> Option<()> {
    let taken = take(wallet, &e.slices)?;
    (taken.checked_add(e.overdrawn)? == e.cost && e.cost.is_positive()).then_some(())?;
    debit(wallet, e.cost)?;
    owe(wallet, e.overdrawn)?;
    wallet.count_spending(moment.app, e.budget.as_deref(), e.cost, moment.time)
}

fn rolled_back(wallet: &mut Wallet, e: &DeductionRolledBack, moment: Moment) -> Option<()> {
    let mut given = e.overdrawn;
    for slice in &e.slices {
        wallet.lots.give(slice.lot, slice.amount, slice.terms)?;
        given = given.checked_add(slice.amount)?;
    }
    (given == e.amount && e.amount.is_positive()).then_some(())?;
    credit(wallet, e.amount)?;
    let formed = e.formed.map_or(Credits::ZERO, |formed| formed.amount);
    if let Some(formed) = e.formed {
        wallet.lots.give(moment.position, formed.amount, formed.terms)?;
    }
    pay_debt(wallet, e.overdrawn.checked_sub(formed)?)?;
    settle(wallet, &e.settled)?;
    match e.spent {
        Some(spent) => wallet.forget_spending(e.spender, e.budget.as_deref(), e.amount, spent),
        None => Some(()),
    }
}

fn held(wallet: &mut Wallet, e: &CreditsHeld, moment: Moment) -> Option<()> {
    let mut slices = smallvec::SmallVec::new();
    let mut sum = e.overdrawn;
    for &Slice { lot, amount } in &e.slices {
        let terms = wallet.lots.get(lot)?.terms;
        wallet.lots.take(lot, amount)?;
        slices.push(ReturnedSlice { lot, amount, terms });
        sum = sum.checked_add(amount)?;
    }
    (sum == e.amount && e.amount.is_positive() && e.cap >= e.amount).then_some(())?;
    (e.overdrawn >= Credits::ZERO).then_some(())?;
    wallet.reserved = wallet.reserved.checked_add(e.amount)?;
    wallet.special.holds.push(OpenHold {
        id: moment.position,
        app: moment.app,
        service: e.service.clone(),
        budget: e.budget.clone(),
        expires: e.expires,
        cap: e.cap,
        captured: Credits::ZERO,
        slices,
        overdrawn: e.overdrawn,
    });
    Some(())
}

/// What a hold reserves goes first: its slices, then what it reserved of the credit limit, which
/// other lots pay when there are any by now.
fn captured(wallet: &mut Wallet, e: &HoldCaptured, moment: Moment) -> Option<()> {
    let hold = wallet.hold_mut(e.hold)?;
    let used = e.amount.min(hold.rest());
    let of_lots = hold.take(e.amount)?;
    (of_lots == e.slices).then_some(())?;
    let from_slices = sum(&e.slices)?;
    hold.overdrawn = hold.overdrawn.checked_sub(used.checked_sub(from_slices)?)?;
    hold.captured = hold.captured.checked_add(e.amount)?;
    let within = hold.captured <= hold.cap || planted::is(Bug::CaptureAboveCap);
    (hold.captured == e.captured && within && e.amount.is_positive()).then_some(())?;
    let (closed, app, budget) = (hold.captured == hold.cap, hold.app, hold.budget.clone());
    let beyond = take(wallet, &e.beyond)?;
    (from_slices.checked_add(beyond)?.checked_add(e.overdrawn)? == e.amount).then_some(())?;
    wallet.reserved = wallet.reserved.checked_sub(used)?;
    debit(wallet, e.amount)?;
    owe(wallet, e.overdrawn)?;
    if closed {
        wallet.special.holds.retain(|hold| hold.id != e.hold);
    }
    wallet.count_spending(app, budget.as_deref(), e.amount, moment.time)
}

fn release(
    wallet: &mut Wallet,
    hold: Position,
    amount: Credits,
    slices: &[Slice],
    settled: &[Slice],
) -> Option<()> {
    let at = wallet.special.holds.iter().position(|open| open.id == hold)?;
    let open = wallet.special.holds.remove(at);
    let same = open.slices.iter().map(|slice| (slice.lot, slice.amount));
    (open.rest() == amount && same.eq(slices.iter().map(|slice| (slice.lot, slice.amount)))).then_some(())?;
    for slice in open.slices {
        wallet.lots.give(slice.lot, slice.amount, slice.terms)?;
    }
    wallet.reserved = wallet.reserved.checked_sub(amount)?;
    settle(wallet, settled)
}

fn refunded(wallet: &mut Wallet, e: &PurchaseRefunded) -> Option<()> {
    (e.taken.checked_add(e.debt)? == e.amount && e.amount.is_positive()).then_some(())?;
    if !e.taken.is_zero() {
        wallet.lots.take(e.purchase, e.taken)?;
    }
    debit(wallet, e.amount)?;
    owe(wallet, e.debt)?;
    settle(wallet, &e.settled)
}

fn adjusted(wallet: &mut Wallet, e: &CreditsAdjusted, position: Position) -> Option<()> {
    if e.amount.is_positive() {
        e.slices.is_empty().then_some(())?;
        credit(wallet, e.amount)?;
        wallet.lots.give(position, e.amount, e.lot?)?;
        return settle(wallet, &e.settled);
    }
    let taken = take(wallet, &e.slices)?;
    (taken.is_positive() && taken.checked_add(e.amount)?.is_zero() && e.lot.is_none()).then_some(())?;
    debit(wallet, taken)
}

fn credit(wallet: &mut Wallet, amount: Credits) -> Option<()> {
    wallet.balance = wallet.balance.checked_add(amount)?;
    Some(())
}

fn debit(wallet: &mut Wallet, amount: Credits) -> Option<()> {
    wallet.balance = wallet.balance.checked_sub(amount)?;
    Some(())
}

fn owe(wallet: &mut Wallet, amount: Credits) -> Option<()> {
    wallet.debt = wallet.debt.checked_add(amount).filter(|_| amount >= Credits::ZERO)?;
    Some(())
}

fn pay_debt(wallet: &mut Wallet, amount: Credits) -> Option<()> {
    wallet.debt = wallet.debt.checked_sub(amount).filter(|_| amount >= Credits::ZERO)?;
    Some(())
}

/// Takes slices out of lots and pays debt with them; the balance stays as it is.
fn settle(wallet: &mut Wallet, slices: &[Slice]) -> Option<()> {
    let paid = if planted::is(Bug::SettledNotTaken) { sum(slices)? } else { take(wallet, slices)? };
    pay_debt(wallet, paid)
}

/// Takes slices out of lots; their sum.
fn take(wallet: &mut Wallet, slices: &[Slice]) -> Option<Credits> {
    for slice in slices {
        wallet.lots.take(slice.lot, slice.amount)?;
    }
    sum(slices)
}

fn sum(slices: &[Slice]) -> Option<Credits> {
    slices.iter().try_fold(Credits::ZERO, |sum, slice| sum.checked_add(slice.amount))
}
