//! Giving a deduction back to the lots it came from.

use events::{Credits, DeductionRolledBack, Operation, Refusal, ReturnedSlice, Slice};

use crate::{
    Deduction, Facts, MAX_LIVE_LOTS, Rejection, RollBack, Wallet,
    decide::{Draft, Question},
    expire,
};

/// Gives back part or all of what is left of the deduction. What comes back to a lot that has
/// expired meanwhile expires again at once.
pub(crate) fn decide(
    draft: &mut Draft,
    question: Question<'_>,
    ask: &RollBack,
    facts: &Facts,
) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    let deduction = facts.deduction.as_ref().filter(|deduction| deduction.wallet == question.wallet);
    let deduction = deduction.ok_or(Rejection::DeductionNotFound)?;
    let (slices, balances) = match give_back(wallet, deduction, ask) {
        Ok(given) => given,
        Err(refusal) => return draft.refuse(question, Operation::Rollback, refusal),
    };
    let amount = slices.iter().fold(Credits::ZERO, |sum, slice| sum.checked_add(slice.amount).unwrap_or(sum));
    draft.record(DeductionRolledBack {
        asked: question.asked.clone(),
        deduction: ask.deduction,
        amount,
        returned: deduction.returned.checked_add(amount).unwrap_or(deduction.cost),
        slices,
        reason: ask.reason.clone(),
        wallet: balances,
    })?;
    expire::due(draft, question.now)
}

fn give_back(
    wallet: &Wallet,
    deduction: &Deduction,
    ask: &RollBack,
) -> Result<(Vec<ReturnedSlice>, events::Balances), Refusal> {
    let remaining = deduction.cost.checked_sub(deduction.returned).unwrap_or(Credits::ZERO);
    let amount = ask.amount.map_or(remaining, crate::Amount::credits);
    if amount > remaining || !amount.is_positive() {
        let requested = ask.amount.map_or(deduction.cost, crate::Amount::credits);
        return Err(Refusal::RollbackExceedsDeduction { remaining, requested });
    }
    let slices = returned_slices(deduction, amount);
    let revived = slices.iter().filter(|slice| wallet.lots.get(slice.lot).is_none()).count();
    if wallet.lots.len() + revived > MAX_LIVE_LOTS {
        return Err(Refusal::TooManyLots);
    }
    let balances = wallet.balances_after_credit(amount).ok_or(Refusal::BalanceOverflow)?;
    Ok((slices, balances))
}

/// Walks the deduction's slices backwards, past what was given back before, for `amount` more.
fn returned_slices(deduction: &Deduction, amount: Credits) -> Vec<ReturnedSlice> {
    let mut already = deduction.returned;
    let mut due = amount;
    let mut slices = Vec::new();
    let backwards = deduction.slices.iter().zip(&deduction.terms).rev();
    for (&Slice { lot, amount: taken }, &terms) in backwards {
        let skipped = already.min(taken);
        already = minus(already, skipped);
        let given = due.min(minus(taken, skipped));
        due = minus(due, given);
        if given.is_positive() {
            slices.push(ReturnedSlice { lot, amount: given, terms });
        }
    }
    slices
}

/// The difference of two amounts of which the second is not the larger.
fn minus(larger: Credits, smaller: Credits) -> Credits {
    larger.checked_sub(smaller).unwrap_or(Credits::ZERO)
}
