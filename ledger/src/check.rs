//! Asking whether a cost could be paid: advisory and recorded; it changes nothing unless it also
//! places a hold.

use events::{Balances, CreditsChecked, Operation};

use crate::{
    Check, Hold, Rejection, charge,
    decide::{Draft, Question},
    hold,
};

pub(crate) fn decide(draft: &mut Draft, question: Question<'_>, ask: &Check) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    let (cost, price) = match charge::cost(question, &ask.service, &ask.charge) {
        Ok(priced) => priced,
        Err(refusal) => return draft.refuse(question, Operation::Check, refusal),
    };
    let budget = ask.budget.clone();
    let held = ask.hold.map(|terms| Hold {
        service: ask.service.clone(),
        charge: ask.charge.clone(),
        terms,
        budget: budget.clone(),
        metadata: None,
    });
    let event = match &held {
        None => Ok(charge::spend(wallet, question, budget.as_deref(), cost, draft.stamp()).map(|_| None)),
        Some(held) => hold::reservation(wallet, question, held, draft.stamp()).map(|held| held.map(Some)),
    }?;
    // A hold stands right behind its check.
    let position = matches!(event, Ok(Some(_))).then(|| draft.next().next());
    draft.record(CreditsChecked {
        asked: question.asked.clone(),
        service: ask.service.clone(),
        cost,
        sufficient: event.is_ok(),
        price,
        budget,
        hold: position,
        wallet: Balances::default(),
    })?;
    match event {
        Ok(Some(held)) => draft.record(held),
        Ok(None) | Err(_) => Ok(()),
    }
}
