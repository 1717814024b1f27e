//! Giving a deduction back to the lots it came from.

use events::{
    Balances, Class, Credits, DeductionRolledBack, ExpiryPolicy, FormedLot, LotTerms, Operation, Position,
    Refusal, ReturnedSlice, Slice,
};

use crate::{
    Deduction, Facts, MAX_LIVE_LOTS, PastLot, Rejection, RollBack, Wallet,
    decide::{Draft, Question},
    expire, settle,
};

/// The priority of the lot that gives back what had been overdrawn and was paid since.
const FORMED_PRIORITY: u8 = 100;

/// Gives back part or all of what is left of the deduction. What comes back to a lot that has
/// expired meanwhile expires again at once, unless the organization's policy lets it live.
pub(crate) fn decide(
    draft: &mut Draft,
    question: Question<'_>,
    ask: &RollBack,
    facts: &Facts,
) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    let deduction = facts.deduction.as_ref().filter(|deduction| deduction.wallet == question.wallet);
    let deduction = deduction.ok_or(Rejection::DeductionNotFound)?;
    let amount = match amount(wallet, deduction, ask) {
        Ok(amount) => amount,
        Err(refusal) => return draft.refuse(question, Operation::Rollback, refusal),
    };
    let (slices, overdrawn) = parts(wallet, question, deduction, amount);
    let unpaid = overdrawn.min(wallet.debt);
    let formed = Some(minus(overdrawn, unpaid)).filter(|amount| amount.is_positive());
    let formed = formed.map(|amount| FormedLot { amount, terms: FORMED });
    let incoming = slices.iter().map(|slice| (slice.lot, slice.amount, slice.terms));
    let incoming = incoming.chain(formed.map(|formed| (draft.next(), formed.amount, formed.terms)));
    let settled = settle::with(wallet, incoming, minus(wallet.debt, unpaid));
    let before = draft.mark();
    draft.record(DeductionRolledBack {
        asked: question.asked.clone(),
        deduction: ask.deduction,
        service: Some(deduction.service.clone()),
        spender: deduction.app,
        spent: Some(deduction.time),
        budget: deduction.budget.clone(),
        amount,
        returned: deduction.returned.checked_add(amount).unwrap_or(deduction.cost),
        slices,
        overdrawn,
        formed,
        settled,
        reason: ask.reason.clone(),
        wallet: Balances::default(),
    })?;
    expire::due(draft)?;
    // What paid debt or has expired is gone again: only what stays counts.
    if draft.open_wallet()?.live_lots() > MAX_LIVE_LOTS {
        draft.back_to(before);
        return draft.refuse(question, Operation::Rollback, Refusal::TooManyLots);
    }
    Ok(())
}

/// What was overdrawn and has been paid since comes back as given credits that never expire: the lots
/// that paid are not known any more, and nobody may be owed money for what was perhaps a gift.
const FORMED: LotTerms = LotTerms { class: Class::Promotional, priority: FORMED_PRIORITY, expires: None };

/// How much is given back.
fn amount(wallet: &Wallet, deduction: &Deduction, ask: &RollBack) -> Result<Credits, Refusal> {
    let remaining = minus(deduction.cost, deduction.returned);
    let amount = ask.amount.map_or(remaining, crate::Amount::credits);
    if amount > remaining || !amount.is_positive() {
        let requested = ask.amount.map_or(deduction.cost, crate::Amount::credits);
        return Err(Refusal::RollbackExceedsDeduction { remaining, requested });
    }
    wallet.balance.checked_add(amount).map(|_| amount).ok_or(Refusal::BalanceOverflow)
}

/// Walks the deduction backwards, what was overdrawn first, past what was given back before, for
/// `amount` more: the slices, and the part that no lot had paid.
fn parts(
    wallet: &Wallet,
    question: Question<'_>,
    deduction: &Deduction,
    amount: Credits,
) -> (Vec<ReturnedSlice>, Credits) {
    let (mut already, mut due) = (deduction.returned, amount);
    let mut next = |taken: Credits| {
        let skipped = already.min(taken);
        already = minus(already, skipped);
        let given = due.min(minus(taken, skipped));
        due = minus(due, given);
        given
    };
    let overdrawn = next(deduction.overdrawn);
    let mut slices = Vec::new();
    for (&Slice { lot, amount }, past) in deduction.slices.iter().zip(&deduction.lots).rev() {
        let amount = next(amount);
        if amount.is_positive() {
            let live = wallet.lots.get(lot).map(|live| live.terms);
            add(&mut slices, lot, amount, live.unwrap_or_else(|| revived(question, past)));
        }
    }
    (slices, overdrawn)
}

/// Adds a slice, or adds to the one of the same lot: a capture beyond its hold may name a lot twice,
/// and twice the most lots would not fit into one event.
fn add(slices: &mut Vec<ReturnedSlice>, lot: Position, amount: Credits, terms: LotTerms) {
    let same = slices.iter_mut().find(|slice| slice.lot == lot);
    match same.and_then(|slice| Some((slice.amount.checked_add(amount)?, slice))) {
        Some((sum, slice)) => slice.amount = sum,
        None => slices.push(ReturnedSlice { lot, amount, terms }),
    }
}

/// The terms with which a lot that is not live comes back.
fn revived(question: Question<'_>, past: &PastLot) -> LotTerms {
    let (now, terms) = (question.now, past.terms);
    let Some(expired) = terms.expires.filter(|expires| *expires <= now) else { return terms };
    let expires = match question.rules.policy.returned_to_expired {
        ExpiryPolicy::Original => expired,
        ExpiryPolicy::Grace { micros } => now.plus_micros(micros),
        ExpiryPolicy::Reissue => now.plus_micros(expired.micros().saturating_sub(past.made.micros())),
    };
    LotTerms { expires: Some(expires), ..terms }
}

/// The difference of two amounts of which the second is not the larger.
fn minus(larger: Credits, smaller: Credits) -> Credits {
    larger.checked_sub(smaller).unwrap_or(Credits::ZERO)
}
