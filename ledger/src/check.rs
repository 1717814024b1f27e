//! Asking whether a cost could be paid: advisory and recorded; it changes nothing unless it also
//! places a hold.

use events::{Balances, CreditsChecked, CreditsHeld, Operation};

use crate::{
    Check, Rejection, charge,
    decide::{Draft, Question},
    hold::{self, Wanted},
};

pub(crate) fn decide(draft: &mut Draft, question: Question<'_>, ask: &Check) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    let (cost, price) = match charge::cost(question, &ask.service, &ask.charge) {
        Ok(priced) => priced,
        Err(refusal) => return draft.refuse(question, Operation::Check, refusal),
    };
    let (service, budget) = (&*ask.service, ask.budget.as_deref());
    let held = match ask.hold {
        None => charge::spend(wallet, question, budget, cost, draft.stamp()).map(|_| None),
        Some(terms) => {
            let wanted = Wanted { service, amount: cost, terms, budget };
            let held = hold::reservation(wallet, question, wanted, draft.stamp())?;
            held.map(|held| Some(CreditsHeld { price: price.clone(), ..held }))
        }
    };
    // A hold stands right behind its check.
    let position = matches!(held, Ok(Some(_))).then(|| draft.next().next());
    draft.record(CreditsChecked {
        asked: question.asked.clone(),
        service: service.into(),
        cost,
        sufficient: held.is_ok(),
        price,
        budget: budget.map(Into::into),
        hold: position,
        wallet: Balances::default(),
    })?;
    match held {
        Ok(Some(held)) => draft.record(held),
        Ok(None) | Err(_) => Ok(()),
    }
}
