//! Asking whether a cost could be paid: advisory, recorded, changing nothing.

use events::CreditsChecked;

use crate::{
    Check, Rejection,
    decide::{Draft, Question},
};

pub(crate) fn decide(draft: &mut Draft, question: Question<'_>, ask: &Check) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    let cost = ask.cost.credits();
    let checked = CreditsChecked {
        asked: question.asked.clone(),
        service: ask.service.clone(),
        cost,
        sufficient: wallet.available() >= cost,
        wallet: wallet.balances(),
    };
    draft.record(checked)
}
