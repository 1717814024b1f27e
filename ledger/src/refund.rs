//! Taking a purchase back.

use events::{Balances, Credits, Operation, PurchaseRefunded, Refusal};

use crate::{
    Facts, Refund, Rejection, Wallet,
    decide::{Draft, Question},
};

/// Takes what is left of the purchase's lot first; what has left it becomes debt, which the other
/// lots pay at once. Without an amount, all that is left of the purchase; but once its lot has expired,
/// nobody knows what of it was spent and what expired, so only what is still there is taken.
pub(crate) fn decide(
    draft: &mut Draft,
    question: Question<'_>,
    ask: &Refund,
    facts: &Facts,
) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    let purchase = facts.purchase.filter(|purchase| purchase.wallet == question.wallet);
    let purchase = purchase.ok_or(Rejection::PurchaseNotFound)?;
    let remaining = purchase.amount.checked_sub(purchase.refunded).unwrap_or(Credits::ZERO);
    let expired = purchase.expires.is_some_and(|expires| expires <= draft.now());
    let all = if expired { remaining.min(wallet.left_of(ask.purchase)) } else { remaining };
    let amount = ask.amount.map_or(all, crate::Amount::credits);
    if amount > remaining || !amount.is_positive() {
        let requested = ask.amount.map_or(purchase.amount, crate::Amount::credits);
        let remaining = if ask.amount.is_some() { remaining } else { all };
        let refusal = Refusal::RefundExceedsPurchase { remaining, requested };
        return draft.refuse(question, Operation::Refund, refusal);
    }
    let Some(event) = taken_back(wallet, question, ask, amount, purchase.refunded) else {
        return draft.refuse(question, Operation::Refund, Refusal::BalanceOverflow);
    };
    draft.record(event)
}

/// The event; none when an amount leaves the range.
fn taken_back(
    wallet: &Wallet,
    question: Question<'_>,
    ask: &Refund,
    amount: Credits,
    before: Credits,
) -> Option<PurchaseRefunded> {
    let mut lots = wallet.lots.clone();
    let taken = lots.get(ask.purchase).map_or(Credits::ZERO, |lot| lot.remaining.min(amount));
    if taken.is_positive() {
        lots.take(ask.purchase, taken)?;
    }
    let debt = amount.checked_sub(taken)?;
    let owed = wallet.debt.checked_add(debt)?;
    wallet.balance.checked_sub(amount)?.checked_sub(wallet.reserved)?;
    Some(PurchaseRefunded {
        asked: question.asked.clone(),
        purchase: ask.purchase,
        cause: ask.cause,
        amount,
        refunded: before.checked_add(amount)?,
        taken,
        debt,
        settled: lots.burn_down(owed).0,
        reason: ask.reason.clone(),
        payment_reference: ask.payment_reference.clone(),
        wallet: Balances::default(),
    })
}
