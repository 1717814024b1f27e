//! A person's corrections, and the second person's approval of large ones.

use events::{
    AdjustmentProposed, Balances, Credits, CreditsAdjusted, LotTerms, Operation, ProposedLot, Refusal, Slices,
};

use crate::{
    Adjust, Approve, Facts, MAX_LIVE_LOTS, Rejection, Wallet,
    decide::{Draft, Question},
    settle,
};

/// Adjusts the wallet, or proposes to when the amount needs a second person.
pub(crate) fn decide(draft: &mut Draft, question: Question<'_>, ask: &Adjust) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    if ask.amount.is_zero() {
        return draft.refuse(question, Operation::Adjust, Refusal::CostIsZero);
    }
    let lot = ask.amount.is_positive().then_some(ask.lot);
    if lot.and_then(|lot| lot.expires_after).is_some_and(|micros| micros <= 0) {
        return Err(Rejection::ExpiryInPast);
    }
    let limit = question.rules.policy.approval_above;
    if limit.is_some_and(|limit| ask.amount.micros().unsigned_abs() > limit.micros().unsigned_abs()) {
        return draft.record(AdjustmentProposed {
            asked: question.asked.clone(),
            amount: ask.amount,
            lot,
            reason: ask.reason.clone(),
            wallet: Balances::default(),
        });
    }
    match corrected(draft, wallet, question, ask.amount, lot) {
        Ok(event) => draft.record(CreditsAdjusted { reason: ask.reason.clone(), ..event }),
        Err(refusal) => draft.refuse(question, Operation::Adjust, refusal),
    }
}

/// Approves a proposal of somebody else, once.
pub(crate) fn approve(
    draft: &mut Draft,
    question: Question<'_>,
    ask: Approve,
    facts: &Facts,
) -> Result<(), Rejection> {
    let wallet = draft.open_wallet()?;
    let proposal = facts.proposal.as_ref().filter(|proposal| proposal.wallet == question.wallet);
    let proposal = proposal.ok_or(Rejection::ProposalNotFound)?;
    let event = if proposal.approved {
        Err(Refusal::AdjustmentAlreadyApproved)
    } else if proposal.by.as_deref() == question.actor {
        Err(Refusal::ApproverIsProposer)
    } else {
        corrected(draft, wallet, question, proposal.amount, proposal.lot)
    };
    match event {
        Ok(event) => draft.record(CreditsAdjusted {
            reason: proposal.reason.clone(),
            proposal: Some(ask.proposal),
            proposed_by: proposal.by.clone(),
            ..event
        }),
        Err(refusal) => draft.refuse(question, Operation::Approve, refusal),
    }
}

/// The event without its reason, or why the wallet cannot take it.
fn corrected(
    draft: &Draft,
    wallet: &Wallet,
    question: Question<'_>,
    amount: Credits,
    lot: Option<ProposedLot>,
) -> Result<CreditsAdjusted, Refusal> {
    let mut event = CreditsAdjusted {
        asked: question.asked.clone(),
        amount,
        lot: None,
        slices: Slices::new(),
        settled: Slices::new(),
        reason: Box::default(),
        proposal: None,
        proposed_by: None,
        wallet: Balances::default(),
    };
    if let Some(ProposedLot { class, priority, expires_after }) = lot {
        if wallet.live_lots() >= MAX_LIVE_LOTS {
            return Err(Refusal::TooManyLots);
        }
        wallet.balance.checked_add(amount).ok_or(Refusal::BalanceOverflow)?;
        let terms = LotTerms {
            class,
            priority,
            expires: expires_after.map(|micros| draft.now().plus_micros(micros)),
        };
        event.lot = Some(terms);
        event.settled = settle::with(wallet, [(draft.next(), amount, terms)], wallet.debt);
        return Ok(event);
    }
    let required = Credits::ZERO.checked_sub(amount).ok_or(Refusal::BalanceOverflow)?;
    let (slices, missing) = wallet.lots.burn_down(required);
    if missing.is_positive() {
        // Only lots can be taken from, whatever is reserved of the credit limit.
        let available = required.checked_sub(missing).unwrap_or_default();
        return Err(Refusal::InsufficientCredits { available, required });
    }
    event.slices = slices;
    Ok(event)
}
