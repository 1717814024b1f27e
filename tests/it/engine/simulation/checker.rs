//! What must be true of a log and of everything that clients were told: acknowledged events stay, one
//! key has one effect, nothing is overdrawn or made from nothing, no more comes back than was taken,
//! all is in one order, and that order agrees with the order in which clients saw things happen.

use std::collections::BTreeMap;

use credit_ledger::engine::{Ask, EngineError};
use events::{CommandId, Event, Position, Recorded, Subject, WalletId};

use ledger::{Command, Expiry, Grant, Purchase};

use super::history::{Attempt, History};
use crate::support::model::{Model, Nothing, Occasion, told};

pub(super) fn check(bytes: &[Vec<u8>], history: &History) {
    let events: Vec<Recorded> = bytes.iter().map(|body| events::decode(body).expect("an event")).collect();
    let answers = answers(&events);
    in_one_order(&events);
    as_the_model_decides(&events, &answers, history);
    for attempt in &history.attempts {
        told_the_truth(attempt, &events, &answers);
    }
    written_by_someone(&answers, history);
    in_real_time(history);
}

/// The one answer of each command: a second would be a second effect.
fn answers(events: &[Recorded]) -> BTreeMap<CommandId, &Recorded> {
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

/// The model, asked in the order of the log, tells the same story.
fn as_the_model_decides(events: &[Recorded], answers: &BTreeMap<CommandId, &Recorded>, history: &History) {
    let mut model = Model::default();
    let mut asked: BTreeMap<CommandId, &Ask> = BTreeMap::new();
    for attempt in &history.attempts {
        let stored = answers.get(&attempt.ask.id).and_then(|recorded| recorded.event.asked());
        if stored.is_some_and(|stored| stored.request == attempt.ask.asked.request) {
            asked.insert(attempt.ask.id, &attempt.ask);
        }
    }
    for command in events.chunk_by(|one, next| one.envelope.causation == next.envelope.causation) {
        let first = &command[0];
        let Subject::Wallet(wallet) = first.envelope.subject else { continue };
        let on =
            |org| Occasion { wallet, org, first: first.envelope.position, now: first.envelope.time.micros() };
        let seen: Vec<_> = command.iter().filter_map(told).collect();
        if command.iter().all(|recorded| recorded.event.asked().is_none()) {
            // A timer rang.
            assert_eq!(model.expire(on(first.envelope.org.expect("an organization"))), seen, "{first:?}");
            continue;
        }
        let ask =
            asked.get(&first.envelope.causation).unwrap_or_else(|| panic!("nobody asked for {first:?}"));
        assert_eq!((ask.wallet, Some(ask.org), ask.app), (wallet, first.envelope.org, first.envelope.app));
        assert_eq!(model.decide(&ask.command, on(ask.org)), Ok(seen), "{ask:?}");
        assert!(model.balance(wallet).is_some_and(|balance| balance >= 0));
    }
    same_wallets(&model, events);
}

/// What `ledger` folds the log to is what the model holds.
fn same_wallets(model: &Model, events: &[Recorded]) {
    let mut folded: BTreeMap<WalletId, ledger::Wallet> = BTreeMap::new();
    for recorded in events {
        if let Some(id) = recorded.wallet() {
            let next = ledger::evolve(folded.remove(&id), recorded).expect("an event that follows");
            folded.insert(id, next);
        }
    }
    assert!(folded.keys().copied().eq(model.wallets()));
    for (id, wallet) in &folded {
        assert_eq!(model.balance(*id), Some(wallet.balance.micros()));
        let lots = wallet.lots.iter().map(|lot| (lot.id.get(), lot.remaining.micros())).collect();
        assert_eq!(model.lots(*id), lots);
    }
}

/// Each answer agrees with the log.
fn told_the_truth(attempt: &Attempt, events: &[Recorded], answers: &BTreeMap<CommandId, &Recorded>) {
    let Some((_, answer)) = &attempt.answer else { return };
    let stored = answers.get(&attempt.ask.id);
    match answer {
        Ok(receipt) => {
            let there = events.get(receipt.recorded.envelope.position.get() as usize);
            assert_eq!(there, Some(&receipt.recorded), "an answer that the log does not hold");
            assert_eq!(stored.copied(), there, "an answer that is not the command's");
            let asked = receipt.recorded.event.asked().expect("an answer");
            assert_eq!(*asked, attempt.ask.asked, "the answer to another request");
        }
        Err(EngineError::KeyReused) => {
            let other =
                stored.and_then(|recorded| recorded.event.asked()).expect("the request that has the key");
            assert_ne!(other.request, attempt.ask.asked.request, "a repeated request was called another one");
        }
        Err(EngineError::Rejected(rejection)) => {
            let nothing = match rejection {
                ledger::Rejection::WalletNotFound => Nothing::NoWallet,
                ledger::Rejection::DeductionNotFound => Nothing::NoDeduction,
                ledger::Rejection::ExpiryInPast => Nothing::ExpiryInPast,
                ledger::Rejection::HoldNotFound
                | ledger::Rejection::PurchaseNotFound
                | ledger::Rejection::ProposalNotFound
                | ledger::Rejection::CapBelowHold
                | ledger::Rejection::Broken(_) => panic!("{rejection}"),
            };
            let mut heads = attempt.heads.0..=attempt.heads.1;
            let was_so = heads.any(|head| missing(&attempt.ask, &events[..head as usize]) == Some(nothing));
            assert!(was_so, "{nothing:?}: {:?}", attempt.ask);
        }
        Err(
            EngineError::Overloaded
            | EngineError::Unavailable(_)
            | EngineError::Stopping
            | EngineError::OutcomeUnknown(_),
        ) => {}
    }
}

/// What a command misses after these events.
fn missing(ask: &Ask, before: &[Recorded]) -> Option<Nothing> {
    let mut of_wallet = before.iter().filter(|recorded| recorded.wallet() == Some(ask.wallet));
    let first = of_wallet.next();
    if first.is_some_and(|first| first.envelope.org != Some(ask.org)) {
        return Some(Nothing::NoWallet);
    }
    match &ask.command {
        Command::OpenWallet => None,
        Command::Purchase(Purchase { lot, .. }) | Command::Grant(Grant { lot, .. }) => {
            matches!(lot.expiry, Some(Expiry::After(..=0))).then_some(Nothing::ExpiryInPast)
        }
        _ if first.is_none() => Some(Nothing::NoWallet),
        Command::RollBack(ask) => {
            let named = of_wallet.find(|recorded| recorded.envelope.position == ask.deduction);
            let found = named.is_some_and(|recorded| matches!(recorded.event, Event::CreditsDeducted(_)));
            (!found).then_some(Nothing::NoDeduction)
        }
        Command::Check(_)
        | Command::Deduct(_)
        | Command::DeductBatch(_)
        | Command::Hold(_)
        | Command::Capture(_)
        | Command::Extend(_)
        | Command::Release(_)
        | Command::Refund(_)
        | Command::Adjust(_)
        | Command::Approve(_)
        | Command::Freeze(_)
        | Command::Unfreeze(_)
        | Command::SetLimit(_)
        | Command::SetCap(_)
        | Command::SetThreshold(_) => None,
    }
}

/// Behind each answer in the log is a try that was not told "nothing was written", and at most one
/// was told that it wrote.
fn written_by_someone(answers: &BTreeMap<CommandId, &Recorded>, history: &History) {
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
