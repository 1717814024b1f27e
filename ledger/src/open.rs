//! Opening a wallet.

use events::{Balances, Operation, Refusal, WalletOpened};

use crate::{
    Rejection,
    decide::{Draft, Question},
};

pub(crate) fn decide(draft: &mut Draft, question: Question<'_>) -> Result<(), Rejection> {
    if draft.wallet().is_some() {
        return draft.refuse(question, Operation::OpenWallet, Refusal::WalletAlreadyExists);
    }
    draft.record(WalletOpened { asked: Some(question.asked.clone()), wallet: Balances::default() })
}

/// Opens the wallet that a first purchase or grant needs.
pub(crate) fn when_new(draft: &mut Draft) -> Result<(), Rejection> {
    if draft.wallet().is_some() {
        return Ok(());
    }
    draft.record(WalletOpened { asked: None, wallet: Balances::default() })
}
