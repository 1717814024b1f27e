//! Spending credits.

use events::{CreditsDeducted, Operation, Refusal};

use crate::{
    Deduct, Rejection,
    decide::{Draft, Question},
};

/// Spends the cost in burn-down order, or refuses: a wallet cannot spend what it does not hold.
pub(crate) fn decide(draft: &mut Draft, question: Question<'_>, ask: &Deduct) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    let cost = ask.cost.credits();
    let available = wallet.available();
    let paid = (available >= cost).then(|| wallet.lots.burn_down(cost)).flatten();
    let (Some(slices), Some(balances)) = (paid, wallet.balances_after_debit(cost)) else {
        let refusal = Refusal::InsufficientCredits { available, required: cost };
        return draft.refuse(question, Operation::Deduct, refusal);
    };
    draft.record(CreditsDeducted {
        asked: question.asked.clone(),
        service: ask.service.clone(),
        cost,
        slices,
        metadata: ask.metadata.clone(),
        wallet: balances,
    })
}
