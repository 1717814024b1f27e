//! Spending credits.

use events::{Balances, BatchItem, CreditsDeducted, Operation, Refusal};

use crate::{
    Deduct, Rejection, charge,
    decide::{Draft, Question},
    planted::{self, Bug},
};

/// Spends the cost in burn-down order, or refuses: a wallet cannot spend what it does not hold.
pub(crate) fn decide(draft: &mut Draft, question: Question<'_>, ask: &Deduct) -> Result<(), Rejection> {
    match deduction(draft, question, ask)? {
        Ok(event) => draft.record(CreditsDeducted { asked: Some(question.asked.clone()), ..event }),
        Err(refusal) => draft.refuse(question, Operation::Deduct, refusal),
    }
}

/// Spends every cost, or, when one of them is refused, none.
pub(crate) fn all_or_none(
    draft: &mut Draft,
    question: Question<'_>,
    asks: &[Deduct],
) -> Result<(), Rejection> {
    let before = draft.mark();
    let size = u16::try_from(asks.len()).unwrap_or(u16::MAX);
    for (index, ask) in (0..size).zip(asks) {
        match deduction(draft, question, ask)? {
            Ok(event) => {
                let asked = (index + 1 == size).then(|| question.asked.clone());
                draft.record(CreditsDeducted { asked, batch: Some(BatchItem { index, size }), ..event })?;
            }
            Err(refusal) => {
                if !planted::is(Bug::BatchLeavesPart) {
                    draft.back_to(before);
                }
                return draft.refuse_item(question, Operation::DeductBatch, refusal, Some(index));
            }
        }
    }
    Ok(())
}

/// The event of one deduction, without its question.
fn deduction(
    draft: &Draft,
    question: Question<'_>,
    ask: &Deduct,
) -> Result<Result<CreditsDeducted, Refusal>, Rejection> {
    let wallet = draft.open_wallet()?;
    let paid = charge::cost(question, &ask.service, &ask.charge).and_then(|(cost, price)| {
        let (slices, overdrawn) =
            charge::spend(wallet, question, ask.budget.as_deref(), cost, draft.stamp())?;
        Ok((cost, price, slices, overdrawn))
    });
    Ok(paid.map(|(cost, price, slices, overdrawn)| CreditsDeducted {
        asked: None,
        service: ask.service.clone(),
        cost,
        slices,
        overdrawn,
        price,
        budget: ask.budget.clone(),
        batch: None,
        metadata: ask.metadata.clone(),
        wallet: Balances::default(),
    }))
}
