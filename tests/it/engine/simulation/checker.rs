//! What must be true of a log and of everything that clients were told: acknowledged events stay, one
//! key has one effect, nothing is overdrawn or made from nothing, no more comes back than was taken,
//! all is in one order, and that order agrees with the order in which clients saw things happen.

use std::collections::BTreeMap;

use credit_ledger::engine::{EngineError, Receipt};
use events::{CommandId, Event, Position, Recorded, Subject, WalletId};
use ledger::{Charge, Command, Expiry, HoldTerms, Rejection};

use super::{
    Played,
    clients::is_rule,
    history::{Attempt, History},
    story, sums,
};
use crate::support::model::Nothing;

/// Each command's answer.
pub(super) type Answers<'a> = BTreeMap<CommandId, &'a Recorded>;

/// Checks all of it; returns the events.
pub(super) fn check(played: &Played) -> Vec<Recorded> {
    let Played { bytes, history, quiet } = played;
    let events: Vec<Recorded> = bytes.iter().map(|body| events::decode(body).expect("an event")).collect();
    let answers = answers(&events);
    in_one_order(&events);
    sums::hold(&events);
    story::as_the_model_decides(&events, &answers, history, *quiet);
    for attempt in &history.attempts {
        told_the_truth(attempt, &events, &answers);
    }
    written_by_someone(&answers, history);
    rules_as_set(&events, history);
    in_real_time(history);
    in_their_order(history);
    events
}

/// The code of a refusal.
pub(super) fn refusal(recorded: &Recorded) -> Option<&'static str> {
    if let Event::CommandRefused(e) = &recorded.event { Some(e.refusal.code()) } else { None }
}

/// The one answer of each command: a second would be a second effect.
fn answers(events: &[Recorded]) -> Answers<'_> {
    let mut answers = BTreeMap::new();
    for recorded in events.iter().filter(|recorded| recorded.event.asked().is_some()) {
        let twice = answers.insert(recorded.envelope.causation, recorded);
        assert!(twice.is_none(), "two answers to one command: {twice:?} and {recorded:?}");
    }
    answers
}

/// Dense positions, growing stamps, an unbroken chain for each wallet.
fn in_one_order(events: &[Recorded]) {
    let mut last: BTreeMap<WalletId, (Position, u64)> = BTreeMap::new();
    for (index, Recorded { envelope, event }) in events.iter().enumerate() {
        assert_eq!(envelope.position, Position(index as u64));
        assert!(index == 0 || events[index - 1].envelope.time < envelope.time, "{envelope:?}");
        if let Subject::Wallet(wallet) = envelope.subject {
            let before = last.get(&wallet);
            assert_eq!(envelope.previous, before.map(|(position, _)| *position), "{envelope:?}");
            let seq = before.map_or(0, |(_, seq)| *seq) + u64::from(event.changes_wallet());
            assert_eq!(envelope.account_seq, Some(seq), "{envelope:?}");
            last.insert(wallet, (envelope.position, seq));
        }
    }
}

/// Each answer agrees with the log.
fn told_the_truth(attempt: &Attempt, events: &[Recorded], answers: &Answers<'_>) {
    let Some((_, answer)) = &attempt.answer else { return };
    let stored = answers.get(&attempt.ask.id);
    match answer {
        // The story has checked it.
        Ok(receipt) if receipt.dry_run && !receipt.replayed => assert!(attempt.ask.dry_run),
        Ok(receipt) => {
            assert_eq!(receipt.dry_run, attempt.ask.dry_run);
            let there = events.get(receipt.recorded.envelope.position.get() as usize);
            assert_eq!(there, Some(&*receipt.recorded), "an answer that the log does not hold");
            assert_eq!(stored.copied(), there, "an answer that is not the command's");
            let asked = receipt.recorded.event.asked().expect("an answer");
            assert_eq!(*asked, attempt.ask.asked, "the answer to another request");
            whole(receipt, events);
        }
        Err(EngineError::KeyReused) => {
            let other =
                stored.and_then(|recorded| recorded.event.asked()).expect("the request that has the key");
            assert_ne!(other.request, attempt.ask.asked.request, "a repeated request was called another one");
        }
        Err(EngineError::Rejected(rejection)) => {
            let nothing = nothing(rejection);
            let mut heads = attempt.heads.0..=attempt.heads.1;
            let was_so = heads.any(|head| missing(attempt, &events[..head as usize]) == Some(nothing));
            assert!(was_so, "{nothing:?}: {:?}", attempt.ask);
        }
        Err(
            EngineError::Contradicted
            | EngineError::Overloaded
            | EngineError::Unavailable(_)
            | EngineError::Stopping
            | EngineError::OutcomeUnknown(_),
        ) => {}
    }
}

/// A receipt has all events of its command; that of an earlier answer has what makes it whole.
fn whole(receipt: &Receipt, events: &[Recorded]) {
    let answer = &*receipt.recorded;
    let companion = |other: &Recorded| match (&answer.event, &other.event) {
        (Event::CreditsDeducted(e), Event::CreditsDeducted(_)) => e.batch.is_some(),
        (Event::CreditsChecked(_), other) => matches!(other, Event::CreditsHeld(_)),
        (_, _) => false,
    };
    let command = events.iter().filter(|one| one.envelope.causation == answer.envelope.causation);
    let all = command.filter(|one| !receipt.replayed || *one == answer || companion(one));
    assert!(all.eq(receipt.events()), "not what happened: {receipt:?}");
}

fn nothing(rejection: &Rejection) -> Nothing {
    match rejection {
        Rejection::WalletNotFound => Nothing::NoWallet,
        Rejection::DeductionNotFound => Nothing::NoDeduction,
        Rejection::HoldNotFound => Nothing::NoHold,
        Rejection::PurchaseNotFound => Nothing::NoPurchase,
        Rejection::ProposalNotFound => Nothing::NoProposal,
        Rejection::ExpiryInPast => Nothing::ExpiryInPast,
        Rejection::CapBelowHold => Nothing::CapBelowHold,
        Rejection::Broken(_) => panic!("{rejection}"),
    }
}

/// What a command misses after these events.
fn missing(attempt: &Attempt, before: &[Recorded]) -> Option<Nothing> {
    let ask = &attempt.ask;
    let mut of_wallet = before.iter().filter(|recorded| recorded.wallet() == Some(ask.wallet));
    let first = of_wallet.next();
    if first.is_some_and(|first| first.envelope.org != Some(ask.org)) {
        return Some(Nothing::NoWallet);
    }
    if let Command::Purchase(ledger::Purchase { lot, .. }) | Command::Grant(ledger::Grant { lot, .. }) =
        &ask.command
    {
        return matches!(lot.expiry, Some(Expiry::After(..=0))).then_some(Nothing::ExpiryInPast);
    }
    if first.is_none() && !matches!(ask.command, Command::OpenWallet) {
        return Some(Nothing::NoWallet);
    }
    let late = |micros: i64| (micros <= 0).then_some(Nothing::ExpiryInPast);
    let named = of_wallet.find(|recorded| ask.command.refers_to() == Some(recorded.envelope.position));
    let event = named.map(|recorded| &recorded.event);
    let known = named.is_some_and(|named| ask.app.is_none() || named.envelope.app == ask.app);
    let hold = matches!(event, Some(Event::CreditsHeld(_))) && known;
    match &ask.command {
        Command::RollBack(_) => {
            let spent = matches!(event, Some(Event::CreditsDeducted(_) | Event::HoldCaptured(_)));
            (!spent).then_some(Nothing::NoDeduction)
        }
        Command::Capture(_) | Command::Release(_) => (!hold).then_some(Nothing::NoHold),
        Command::Extend(ask) if hold => late(ask.timeout_micros),
        Command::Extend(_) => Some(Nothing::NoHold),
        Command::Refund(_) => {
            (!matches!(event, Some(Event::CreditsPurchased(_)))).then_some(Nothing::NoPurchase)
        }
        Command::Approve(_) => {
            (!matches!(event, Some(Event::AdjustmentProposed(_)))).then_some(Nothing::NoProposal)
        }
        Command::Hold(ask) => impossible(ask.terms, &ask.charge),
        Command::Check(ask) => ask.hold.and_then(|terms| impossible(terms, &ask.charge)),
        Command::Adjust(ask) => {
            ask.amount.is_positive().then_some(ask.lot.expires_after).flatten().and_then(late)
        }
        Command::OpenWallet
        | Command::Purchase(_)
        | Command::Grant(_)
        | Command::Deduct(_)
        | Command::DeductBatch(_)
        | Command::Freeze(_)
        | Command::Unfreeze(_)
        | Command::SetLimit(_)
        | Command::SetCap(_)
        | Command::SetThreshold(_) => None,
    }
}

fn impossible(terms: HoldTerms, charge: &Charge) -> Option<Nothing> {
    let low = matches!((terms.cap, charge), (Some(cap), Charge::Cost(cost)) if cap < *cost);
    if terms.timeout_micros <= 0 { Some(Nothing::ExpiryInPast) } else { low.then_some(Nothing::CapBelowHold) }
}

/// Behind each answer in the log is a try that was not told "nothing was written", and at most one
/// was told that it wrote.
fn written_by_someone(answers: &Answers<'_>, history: &History) {
    for (id, recorded) in answers {
        let asked = recorded.event.asked().expect("an answer");
        let tries =
            history.attempts.iter().filter(|a| a.ask.id == *id && a.ask.asked.request == asked.request);
        let tries: Vec<&Attempt> = tries.collect();
        assert!(
            tries.iter().any(|a| a.may_have_written()),
            "all were told that nothing was written: {recorded:?}"
        );
        assert!(tries.iter().filter(|a| a.outcome_name() == "stored").count() <= 1, "{recorded:?}");
    }
}

/// Each price and policy in the log was set by somebody, once, who was not told otherwise; and each
/// that was acknowledged is there.
fn rules_as_set(events: &[Recorded], history: &History) {
    let mut stored: BTreeMap<CommandId, &Recorded> = BTreeMap::new();
    for recorded in events.iter().filter(|recorded| is_rule(&recorded.event)) {
        assert!(stored.insert(recorded.envelope.causation, recorded).is_none(), "twice: {recorded:?}");
    }
    for ruled in &history.rules {
        let there = stored.remove(&ruled.fact.id);
        if let Some(Ok(recorded)) = &ruled.answer {
            assert_eq!(there, Some(&**recorded));
        }
        assert!(there.is_none_or(|there| ruled.may_have_written() && there.event == ruled.fact.event));
    }
    assert!(stored.is_empty(), "nobody set these: {stored:?}");
}

/// What was answered before another was sent comes before it in the log.
fn in_real_time(history: &History) {
    let mut stored: Vec<(u64, u64, u64)> = Vec::new();
    for attempt in history.attempts.iter().filter(|attempt| attempt.outcome_name() == "stored") {
        let Some((answered, Ok(receipt))) = &attempt.answer else { continue };
        stored.push((receipt.recorded.envelope.position.get(), attempt.sent, *answered));
    }
    stored.sort_unstable();
    // Going back through the log, the earliest answer of all that come later.
    let mut earliest_answer = u64::MAX;
    for (position, sent, answered) in stored.into_iter().rev() {
        assert!(sent < earliest_answer, "the event at {position} was sent after a later one was answered");
        earliest_answer = earliest_answer.min(answered);
    }
}

/// Commands that were sent at once are decided in their order.
fn in_their_order(history: &History) {
    let stored = history.attempts.iter().filter(|attempt| attempt.outcome_name() == "stored");
    let position = |attempt: &Attempt| attempt.receipt().map(|receipt| receipt.recorded.envelope.position);
    let places: Vec<_> = stored.map(|attempt| (attempt.sent, attempt.place, position(attempt))).collect();
    for pair in places.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        assert!(pair[0].1 < pair[1].1 && pair[0].2 < pair[1].2, "{pair:?}");
    }
}
