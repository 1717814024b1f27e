//! Reserving credits for a cost that is not known yet, and spending what was reserved.

use events::{
    Balances, Credits, CreditsHeld, HoldCaptured, HoldExtended, HoldReleased, Operation, Position, Refusal,
    Slices, Time,
};

use crate::{
    Capture, Extend, Facts, Hold, HoldTerms, OpenHold, Rejection, Release, Wallet, charge,
    decide::{Draft, Question},
    expire,
    planted::{self, Bug},
    settle,
    wallet::MAX_HOLDS,
};

/// Places a hold.
pub(crate) fn place(draft: &mut Draft, question: Question<'_>, ask: &Hold) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    let (amount, price) = match charge::cost(question, &ask.service, &ask.charge) {
        Ok(priced) => priced,
        Err(refusal) => return draft.refuse(question, Operation::Hold, refusal),
    };
    let wanted = Wanted { service: &ask.service, amount, terms: ask.terms, budget: ask.budget.as_deref() };
    match reservation(wallet, question, wanted, draft.stamp())? {
        Ok(held) => draft.record(CreditsHeld {
            asked: Some(question.asked.clone()),
            price,
            metadata: ask.metadata.clone(),
            ..held
        }),
        Err(refusal) => draft.refuse(question, Operation::Hold, refusal),
    }
}

/// What is to be reserved, at the price that was found for it.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) service: &'a str,
    pub(crate) amount: Credits,
    pub(crate) terms: HoldTerms,
    pub(crate) budget: Option<&'a str>,
}

/// The event of a hold, without its question, price and metadata.
pub(crate) fn reservation(
    wallet: &Wallet,
    question: Question<'_>,
    wanted: Wanted<'_>,
    at: Time,
) -> Result<Result<CreditsHeld, Refusal>, Rejection> {
    let Wanted { service, amount, terms, budget } = wanted;
    let expires = expiry(question, terms.timeout_micros)?;
    let cap = terms.cap.map_or(amount, crate::Amount::credits);
    if cap < amount {
        return Err(Rejection::CapBelowHold);
    }
    let (slices, overdrawn) = match charge::spend(wallet, question, budget, amount, at) {
        Ok(paid) => paid,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if wallet.special.holds.len() >= MAX_HOLDS {
        return Ok(Err(Refusal::TooManyHolds));
    }
    if wallet.reserved.checked_add(amount).is_none() {
        return Ok(Err(Refusal::BalanceOverflow));
    }
    Ok(Ok(CreditsHeld {
        asked: None,
        service: service.into(),
        amount,
        cap,
        expires,
        slices,
        overdrawn,
        price: None,
        budget: budget.map(Into::into),
        metadata: None,
        wallet: Balances::default(),
    }))
}

/// When a hold that lives so long from now on expires.
fn expiry(question: Question<'_>, timeout_micros: i64) -> Result<Time, Rejection> {
    let expires = question.now.plus_micros(timeout_micros);
    if expires > question.now { Ok(expires) } else { Err(Rejection::ExpiryInPast) }
}

/// Spends from a hold; beyond what it reserves when the wallet can pay that too.
pub(crate) fn capture(
    draft: &mut Draft,
    question: Question<'_>,
    ask: &Capture,
    facts: &Facts,
) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    let event = match find(wallet, question, ask.hold, facts)? {
        Ok(hold) => captured(wallet, question, ask, hold, draft.stamp()),
        Err(refusal) => Err(refusal),
    };
    match event {
        Ok(event) => draft.record(event)?,
        Err(refusal) => return draft.refuse(question, Operation::Capture, refusal),
    }
    if ask.last { free(draft, ask.hold, None) } else { Ok(()) }
}

fn captured(
    wallet: &Wallet,
    question: Question<'_>,
    ask: &Capture,
    hold: &OpenHold,
    at: Time,
) -> Result<HoldCaptured, Refusal> {
    charge::not_frozen(wallet)?;
    let (rest, remaining) = (hold.rest(), hold.capturable());
    let (amount, price) = match &ask.charge {
        Some(charge) => charge::cost(question, &hold.service, charge)?,
        None => (rest, None),
    };
    if !amount.is_positive() {
        return Err(Refusal::CostIsZero);
    }
    let exceeds = Refusal::CaptureExceedsHold { remaining, requested: amount };
    if amount > remaining && !planted::is(Bug::CaptureAboveCap) {
        return Err(exceeds);
    }
    let beyond = amount.checked_sub(rest).filter(|beyond| beyond.is_positive());
    if let Some(beyond) = beyond {
        wallet.within_caps(hold.app, hold.budget.as_deref(), beyond, at)?;
        if wallet.spendable() < beyond {
            let available = wallet.spendable();
            return Err(Refusal::InsufficientCredits { available, required: beyond });
        }
    }
    let captured = hold.captured.checked_add(amount).ok_or(exceeds)?;
    let slices = hold.clone().take(amount).ok_or(exceeds)?;
    let from_slices = slices.iter().try_fold(Credits::ZERO, |sum, s| sum.checked_add(s.amount));
    let unreserved = from_slices.and_then(|sum| amount.checked_sub(sum)).ok_or(exceeds)?;
    let (beyond, overdrawn) = wallet.lots.burn_down(unreserved);
    Ok(HoldCaptured {
        asked: question.asked.clone(),
        hold: hold.id,
        service: hold.service.clone(),
        amount,
        captured,
        slices,
        beyond,
        overdrawn,
        price,
        budget: hold.budget.clone(),
        metadata: ask.metadata.clone(),
        wallet: Balances::default(),
    })
}

/// Lets a hold live longer, or shorter.
pub(crate) fn extend(
    draft: &mut Draft,
    question: Question<'_>,
    ask: Extend,
    facts: &Facts,
) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    let open = find(wallet, question, ask.hold, facts)?;
    if let Err(refusal) = open.and_then(|_| charge::not_frozen(wallet)) {
        return draft.refuse(question, Operation::Extend, refusal);
    }
    let expires = expiry(question, ask.timeout_micros)?;
    let (asked, wallet) = (question.asked.clone(), Balances::default());
    draft.record(HoldExtended { asked, hold: ask.hold, expires, wallet })
}

/// Frees what is left of a hold.
pub(crate) fn release(
    draft: &mut Draft,
    question: Question<'_>,
    ask: Release,
    facts: &Facts,
) -> Result<(), Rejection> {
    match find(draft.open_wallet()?, question, ask.hold, facts)? {
        Ok(_) => free(draft, ask.hold, Some(question)),
        Err(refusal) => draft.refuse(question, Operation::Release, refusal),
    }
}

/// The open hold that the caller names; refuses a closed one, rejects what the caller may not know.
fn find<'w>(
    wallet: &'w Wallet,
    question: Question<'_>,
    id: Position,
    facts: &Facts,
) -> Result<Result<&'w OpenHold, Refusal>, Rejection> {
    let may = |app| question.app.is_none() || app == question.app;
    if let Some(hold) = wallet.hold(id) {
        return if may(hold.app) { Ok(Ok(hold)) } else { Err(Rejection::HoldNotFound) };
    }
    let past = facts.hold.filter(|past| past.id == id && past.wallet == question.wallet && may(past.app));
    past.map(|_| Err(Refusal::HoldClosed)).ok_or(Rejection::HoldNotFound)
}

/// Releases an open hold, pays debt with what becomes free, and lets expire what is due of it.
fn free(draft: &mut Draft, hold: Position, question: Option<Question<'_>>) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    // A capture up to the cap has closed it already.
    let Some(open) = wallet.hold(hold) else { return Ok(()) };
    let (amount, slices, settled) = freed(wallet, open);
    let asked = question.map(|question| question.asked.clone());
    draft.record(HoldReleased { asked, hold, amount, slices, settled, wallet: Balances::default() })?;
    expire::due(draft)
}

/// What becomes free when a hold ends: how much, to which lots, and what of it pays debt.
pub(crate) fn freed(wallet: &Wallet, hold: &OpenHold) -> (Credits, Slices, Slices) {
    let slices = hold.slices.iter().map(|s| events::Slice { lot: s.lot, amount: s.amount }).collect();
    let settled = settle::with(wallet, hold.slices.iter().map(|s| (s.lot, s.amount, s.terms)), wallet.debt);
    (hold.rest(), slices, settled)
}
