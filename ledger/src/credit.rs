//! Credits coming in: purchases and grants.

use events::{Balances, CreditsGranted, CreditsPurchased, LotTerms, Operation, Refusal};

use crate::{
    Amount, Grant, MAX_LIVE_LOTS, NewLot, Purchase, Rejection,
    decide::{Draft, Question},
    open,
};

pub(crate) fn purchase(draft: &mut Draft, question: Question<'_>, ask: &Purchase) -> Result<(), Rejection> {
    match admit(draft, question, ask.amount, &ask.lot)? {
        Ok((lot, wallet)) => draft.record(CreditsPurchased {
            asked: question.asked.clone(),
            amount: ask.amount.credits(),
            lot,
            payment_reference: ask.payment_reference.clone(),
            price_paid: ask.price_paid,
            wallet,
        }),
        Err(refusal) => draft.refuse(question, Operation::Purchase, refusal),
    }
}

pub(crate) fn grant(draft: &mut Draft, question: Question<'_>, ask: &Grant) -> Result<(), Rejection> {
    match admit(draft, question, ask.amount, &ask.lot)? {
        Ok((lot, wallet)) => draft.record(CreditsGranted {
            asked: question.asked.clone(),
            amount: ask.amount.credits(),
            lot,
            reason: ask.reason.clone(),
            wallet,
        }),
        Err(refusal) => draft.refuse(question, Operation::Grant, refusal),
    }
}

/// The new lot's terms and the wallet with it, or why the wallet cannot take it.
fn admit(
    draft: &mut Draft,
    question: Question<'_>,
    amount: Amount,
    lot: &NewLot,
) -> Result<Result<(LotTerms, Balances), Refusal>, Rejection> {
    let terms = lot.terms(question.now).ok_or(Rejection::ExpiryInPast)?;
    open::when_new(draft)?;
    let wallet = draft.open_wallet()?;
    if wallet.lots.len() >= MAX_LIVE_LOTS {
        return Ok(Err(Refusal::TooManyLots));
    }
    let balances = wallet.balances_after_credit(amount.credits());
    Ok(balances.map(|balances| (terms, balances)).ok_or(Refusal::BalanceOverflow))
}
