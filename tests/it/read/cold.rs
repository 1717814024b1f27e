//! What the engine loads is what the decisions had made.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test may look for one kind of event")]

use std::collections::HashMap;

use credit_ledger::{
    engine::{ColdState, Timer, Wanted},
    read::Reads,
};
use events::{CommandId, Credits, Event, Position, Time, WalletId};
use uuid::Uuid;

use super::place::{Place, on_every_store};
use super::{end, everything, log_of, recorded};

on_every_store!(
    a_cold_load_equals_what_was_decided,
    rules_and_timers_are_those_of_the_decisions,
    what_is_not_there_is_left_out,
);

async fn a_cold_load_equals_what_was_decided<P: Place>() {
    let (history, bodies) = everything(11, 25, 6_000);
    let place = P::new().await;
    let reads = place.project(history.ledger, log_of(&bodies).await).await;
    let events = recorded(&bodies);

    let mut returned: HashMap<Position, Credits> = HashMap::new();
    for event in &events {
        match &event.event {
            Event::DeductionRolledBack(e) => returned.insert(e.deduction, e.returned),
            Event::PurchaseRefunded(e) => returned.insert(e.purchase, e.refunded),
            Event::CreditsAdjusted(e) => {
                let size = Credits::from_micros(e.amount.micros().abs());
                e.proposal.and_then(|proposal| returned.insert(proposal, size))
            }
            _ => None,
        };
    }
    let answers: Vec<(CommandId, Position)> = events
        .iter()
        .filter(|event| event.event.asked().is_some())
        .map(|event| (event.envelope.causation, event.envelope.position))
        .collect();
    assert!(returned.len() > 20 && answers.len() > 1_000, "the history is too dull");

    let wanted = Wanted {
        wallets: history.wallets.iter().map(|(id, ..)| *id).collect(),
        commands: answers.iter().map(|(command, _)| *command).collect(),
        returned: returned.keys().copied().chain([Position(0)]).collect(),
    };
    let loaded = reads.load(wanted).await.expect("a load");
    assert_eq!(loaded.checkpoint, end(&bodies));
    let wallets: HashMap<_, _> = loaded.wallets.into_iter().collect();
    for (id, _, wallet) in &history.wallets {
        assert_eq!(wallets.get(id), wallet.as_ref(), "{id}");
    }
    assert_eq!(loaded.returned.into_iter().collect::<HashMap<_, _>>(), returned);
    assert_eq!(loaded.commands, answers);
    assert!(answers.iter().all(|(command, _)| reads.may_know(*command)));
    let held = history.wallets.iter().flat_map(|(.., wallet)| wallet);
    assert!(
        held.clone().any(|wallet| !wallet.special.holds.is_empty())
            && held.clone().any(|w| !w.special.caps.is_empty())
    );
    assert!(held.clone().any(|wallet| wallet.special.limit.is_positive()), "the history is too dull");
    reads.close().await;
}

async fn rules_and_timers_are_those_of_the_decisions<P: Place>() {
    let (history, bodies) = everything(13, 60, 4_000);
    let place = P::new().await;
    let reads = place.project(history.ledger, log_of(&bodies).await).await;

    let loaded = ColdState::rules(&reads).await.expect("rules");
    let rules: HashMap<_, _> = loaded.rules.into_iter().collect();
    assert_eq!((loaded.checkpoint, rules), (end(&bodies), history.rules.iter().cloned().collect()));
    for (org, rules) in &history.rules {
        assert_eq!(*Reads::rules(&reads, *org).await.expect("rules"), *rules);
    }

    let due = |(id, _, wallet): &(WalletId, _, Option<ledger::Wallet>)| Some((wallet.as_ref()?.due()?, *id));
    let mut expected: Vec<Timer> = history.wallets.iter().filter_map(due).collect();
    expected.sort_unstable();
    assert!(expected.len() > 10, "the history is too dull");
    let (mut found, mut from) = (Vec::<Timer>::new(), (Time::from_micros(i64::MIN), WalletId(Uuid::nil())));
    loop {
        // Each page begins with the last timer of the one before.
        let page = reads.timers(from, 3).await.expect("timers");
        assert_eq!(page.checkpoint, end(&bodies));
        found.extend(&page.timers);
        found.dedup();
        from = match page.timers.as_slice() {
            [_, _, last] => *last,
            _ => break,
        };
    }
    assert_eq!(found, expected);
    reads.close().await;
}

async fn what_is_not_there_is_left_out<P: Place>() {
    let (history, bodies) = everything(12, 3, 100);
    let place = P::new().await;
    let reads = place.project(history.ledger, log_of(&bodies).await).await;
    let unknown = Uuid::from_u128(7);
    let wanted = Wanted {
        wallets: vec![events::WalletId(unknown)],
        commands: vec![CommandId(unknown)],
        returned: vec![Position(1_000_000)],
    };
    let loaded = reads.load(wanted).await.expect("a load");
    assert!(loaded.wallets.is_empty() && loaded.commands.is_empty() && loaded.returned.is_empty());
    assert!(!reads.may_know(CommandId(unknown)));
    reads.close().await;
}
