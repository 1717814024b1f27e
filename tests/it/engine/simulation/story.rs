//! The log, told again by the model.

use std::collections::BTreeMap;

use credit_ledger::engine::{Ask, Receipt};
use events::{CommandId, Envelope, Recorded, Subject, WalletId};

use super::{
    checker::Answers,
    history::{Attempt, History},
    life::Quiet,
};
use crate::support::model::{Model, Occasion, told};

/// The model, asked in the order of the log, tells the same story; and dry runs were told what it says
/// of their moment.
pub(super) fn as_the_model_decides(
    events: &[Recorded],
    answers: &Answers<'_>,
    history: &History,
    quiet: Quiet,
) {
    let mut model = Model::default();
    let asked = asked(answers, history);
    let dry = dry_runs(history);
    let mut next = 0;
    for command in events.chunk_by(|one, next| one.envelope.causation == next.envelope.causation) {
        would_have(&model, dry.get(&next), answers);
        if next == quiet.head {
            assert_eq!(model.overdue(quiet.now), [], "should have run out");
        }
        next += command.len() as u64;
        assert!(quiet.head <= command[0].envelope.position.get() || next <= quiet.head);
        let Subject::Wallet(wallet) = command[0].envelope.subject else {
            model.rule(&command[0]);
            continue;
        };
        replay(&mut model, wallet, command, &asked);
    }
    would_have(&model, dry.get(&next), answers);
    assert!(dry.keys().all(|first| *first <= next), "a dry run upon what never was");
    same_wallets(&model, events);
}

fn replay(model: &mut Model, wallet: WalletId, command: &[Recorded], asked: &BTreeMap<CommandId, &Ask>) {
    let first = &command[0].envelope;
    let seen: Vec<_> = command.iter().filter_map(told).collect();
    let answer = command.iter().position(|recorded| recorded.event.asked().is_some());
    let by = answer.map_or(first, |at| &command[at].envelope);
    for expired in command[..answer.unwrap_or(0)].iter().filter(|one| one.event.is_of_time()) {
        let Envelope { app, actor, correlation, traceparent, .. } = &expired.envelope;
        assert_eq!((app, actor, correlation, traceparent), (&None, &None, &None, &None), "nobody did it");
    }
    let on = Occasion {
        wallet,
        org: first.org.expect("an organization"),
        app: by.app,
        actor: by.actor.as_deref(),
        first: first.position.get(),
        now: first.time.micros(),
    };
    if answer.is_none() {
        // A timer rang.
        assert_eq!(model.expire(on), seen, "{first:?}");
        return;
    }
    let ask = asked.get(&first.causation).unwrap_or_else(|| panic!("nobody asked for {first:?}"));
    assert_eq!((ask.wallet, ask.org, ask.app, ask.actor.as_deref()), (wallet, on.org, on.app, on.actor));
    assert_eq!(model.decide(&ask.command, on), Ok(seen), "{ask:?}");
}

/// Who asked what the log answers.
fn asked<'a>(answers: &Answers<'_>, history: &'a History) -> BTreeMap<CommandId, &'a Ask> {
    let mut asked: BTreeMap<CommandId, &Ask> = BTreeMap::new();
    for attempt in history.attempts.iter().filter(|attempt| !attempt.ask.dry_run) {
        let same = |stored: &&&Recorded| {
            let request = stored.event.asked().map(|asked| asked.request);
            (request, &stored.envelope.actor) == (Some(attempt.ask.asked.request), &attempt.ask.actor)
        };
        if answers.get(&attempt.ask.id).filter(same).is_some() {
            asked.insert(attempt.ask.id, &attempt.ask);
        }
    }
    asked
}

/// Dry runs by the position at which they were decided.
fn dry_runs(history: &History) -> BTreeMap<u64, Vec<(&Attempt, &Receipt)>> {
    let mut dry: BTreeMap<u64, Vec<(&Attempt, &Receipt)>> = BTreeMap::new();
    for attempt in history.attempts.iter().filter(|attempt| attempt.outcome_name() == "dry") {
        let receipt = attempt.receipt().expect("a receipt");
        let first = receipt.events().next().expect("an event").envelope.position.get();
        dry.entry(first).or_default().push((attempt, receipt));
    }
    dry
}

fn would_have(model: &Model, dry: Option<&Vec<(&Attempt, &Receipt)>>, answers: &Answers<'_>) {
    for (attempt, receipt) in dry.into_iter().flatten() {
        let (ask, seen) = (&attempt.ask, receipt.events().filter_map(told).collect());
        let first = &receipt.events().next().expect("an event").envelope;
        let before = answers.get(&ask.id).is_some_and(|answer| answer.envelope.position < first.position);
        assert!(!before, "a dry run did not look at its key: {ask:?}");
        let on = Occasion {
            wallet: ask.wallet,
            org: ask.org,
            app: ask.app,
            actor: ask.actor.as_deref(),
            first: first.position.get(),
            now: first.time.micros(),
        };
        assert_eq!(model.would(&ask.command, on), Ok(seen), "a dry run: {ask:?}");
    }
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
        let lots = wallet.lots.iter().map(|lot| (lot.id.get(), lot.remaining.micros())).collect();
        let amounts = [wallet.balance, wallet.reserved, wallet.debt].map(events::Credits::micros);
        assert_eq!(model.state(*id), Some((amounts, lots)));
    }
}
