//! What the wallet's owner decides about it: freezing, the credit limit, caps, the threshold.

use events::{Balances, CapSet, LimitSet, Operation, Refusal, ThresholdSet, WalletFrozen, WalletUnfrozen};

use crate::{
    Freeze, Rejection, SetCap, SetLimit, SetThreshold, Unfreeze,
    decide::{Draft, Question},
    wallet::MAX_CAPS,
};

pub(crate) fn freeze(draft: &mut Draft, question: Question<'_>, ask: &Freeze) -> Result<(), Rejection> {
    if draft.open_wallet()?.frozen {
        return draft.refuse(question, Operation::Freeze, Refusal::WalletFrozen);
    }
    let (asked, reason) = (question.asked.clone(), ask.reason.clone());
    draft.record(WalletFrozen { asked, reason, wallet: Balances::default() })
}

pub(crate) fn unfreeze(draft: &mut Draft, question: Question<'_>, ask: &Unfreeze) -> Result<(), Rejection> {
    if !draft.open_wallet()?.frozen {
        return draft.refuse(question, Operation::Unfreeze, Refusal::WalletNotFrozen);
    }
    let (asked, reason) = (question.asked.clone(), ask.reason.clone());
    draft.record(WalletUnfrozen { asked, reason, wallet: Balances::default() })
}

/// Agrees on an overdraft. What is overdrawn already stays owed, whatever the new limit.
pub(crate) fn set_limit(draft: &mut Draft, question: Question<'_>, ask: SetLimit) -> Result<(), Rejection> {
    draft.open_wallet()?;
    let (asked, wallet) = (question.asked.clone(), Balances::default());
    draft.record(LimitSet { asked, limit: ask.limit, wallet })
}

/// Sets a cap, which counts from now on, or takes it away.
pub(crate) fn set_cap(draft: &mut Draft, question: Question<'_>, ask: &SetCap) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    let same = |cap: &crate::Cap| (cap.app, &cap.budget, cap.period) == (ask.app, &ask.budget, ask.period);
    if wallet.special.caps.len() >= MAX_CAPS && ask.amount.is_some() && !wallet.special.caps.iter().any(same)
    {
        return draft.refuse(question, Operation::SetCap, Refusal::TooManyCaps);
    }
    draft.record(CapSet {
        asked: question.asked.clone(),
        app: ask.app,
        budget: ask.budget.clone(),
        period: ask.period,
        amount: ask.amount,
        wallet: Balances::default(),
    })
}

pub(crate) fn set_threshold(
    draft: &mut Draft,
    question: Question<'_>,
    ask: SetThreshold,
) -> Result<(), Rejection> {
    draft.open_wallet()?;
    draft.record(ThresholdSet {
        asked: question.asked.clone(),
        threshold: ask.threshold.map(crate::Amount::credits),
        wallet: Balances::default(),
    })
}
