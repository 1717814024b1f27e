//! Credits coming in: purchases and grants.

use events::{Balances, CreditsGranted, CreditsPurchased, LotTerms, Operation, Refusal, Slices};

use crate::{
    Amount, Grant, MAX_LIVE_LOTS, NewLot, Purchase, Rejection,
    decide::{Draft, Question},
    open, settle,
};

pub(crate) fn purchase(draft: &mut Draft, question: Question<'_>, ask: &Purchase) -> Result<(), Rejection> {
    match admit(draft, question, ask.amount, &ask.lot)? {
        Ok((lot, settled)) => draft.record(CreditsPurchased {
            asked: question.asked.clone(),
            amount: ask.amount.credits(),
            lot,
            payment_reference: ask.payment_reference.clone(),
            price_paid: ask.price_paid,
            settled,
            wallet: Balances::default(),
        }),
        Err(refusal) => draft.refuse(question, Operation::Purchase, refusal),
    }
}

pub(crate) fn grant(draft: &mut Draft, question: Question<'_>, ask: &Grant) -> Result<(), Rejection> {
    match admit(draft, question, ask.amount, &ask.lot)? {
        Ok((lot, settled)) => draft.record(CreditsGranted {
            asked: question.asked.clone(),
            amount: ask.amount.credits(),
            lot,
            reason: ask.reason.clone(),
            settled,
            wallet: Balances::default(),
        }),
        Err(refusal) => draft.refuse(question, Operation::Grant, refusal),
    }
}

/// The new lot's terms and the debt that it pays at once, or why the wallet cannot take it.
fn admit(
    draft: &mut Draft,
    question: Question<'_>,
    amount: Amount,
    lot: &NewLot,
) -> Result<Result<(LotTerms, Slices), Refusal>, Rejection> {
    let terms = lot.terms(question.now).ok_or(Rejection::ExpiryInPast)?;
    open::when_new(draft)?;
    let wallet = draft.open_wallet()?;
    if wallet.live_lots() >= MAX_LIVE_LOTS {
        return Ok(Err(Refusal::TooManyLots));
    }
    let amount = amount.credits();
    if wallet.balance.checked_add(amount).is_none() {
        return Ok(Err(Refusal::BalanceOverflow));
    }
    Ok(Ok((terms, settle::with(wallet, [(draft.next(), amount, terms)], wallet.debt))))
}
