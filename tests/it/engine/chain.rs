//! What every event says of its place.

use std::collections::{HashMap, HashSet};

use events::{Event, Position, Recorded, Subject, WalletId};

use super::script::{sequel, story, tell};
use crate::support::{
    ground::{Ground, LEDGER},
    words::CALLER,
};

async fn told() -> Vec<Recorded> {
    let ledger = Ground::memory().start().await;
    let mut told = Vec::new();
    tell(&ledger, story(), &mut told, async || {}).await;
    let ledger = ledger.restart().await;
    tell(&ledger, sequel(), &mut told, async || {}).await;
    ledger.end().await.events().await
}

#[tokio::test]
async fn positions_are_dense_and_stamps_grow() {
    let events = told().await;
    assert!(events.len() > 30, "{}", events.len());
    for (index, recorded) in (0..).zip(&events) {
        assert_eq!(recorded.envelope.position, Position(index));
        assert_eq!(recorded.envelope.ledger, LEDGER);
    }
    assert!(events.windows(2).all(|pair| pair[0].envelope.time < pair[1].envelope.time));
}

#[tokio::test]
async fn a_wallet_s_events_are_a_chain_and_its_changes_are_counted() {
    let mut last: HashMap<WalletId, (Position, u64)> = HashMap::new();
    for recorded in told().await {
        let Some(wallet) = recorded.wallet() else { continue };
        let envelope = &recorded.envelope;
        let before = last.get(&wallet);
        assert_eq!(envelope.previous, before.map(|(position, _)| *position), "{recorded:?}");
        let changes = u64::from(recorded.event.changes_wallet());
        let seq = before.map_or(0, |(_, seq)| *seq) + changes;
        assert_eq!(envelope.account_seq, Some(seq), "{recorded:?}");
        last.insert(wallet, (envelope.position, seq));
    }
    assert_eq!(last.len(), 3);
}

#[tokio::test]
async fn events_name_their_command_and_nothing_twice() {
    let events = told().await;
    let answers: Vec<_> =
        events.iter().filter(|e| e.event.asked().is_some()).map(|e| e.envelope.causation).collect();
    let commands: HashSet<_> = answers.iter().collect();
    let mut index_in_command = HashMap::new();
    for Recorded { envelope, event } in &events {
        let index = index_in_command.entry(envelope.causation).or_insert(0);
        assert_eq!(envelope.id, envelope.causation.event(*index));
        *index += 1;
        let about_a_wallet = matches!(envelope.subject, Subject::Wallet(_));
        // What expires on time is nobody's doing.
        let by_a_caller = about_a_wallet && commands.contains(&envelope.causation);
        assert!(by_a_caller || !about_a_wallet || matches!(event, Event::CreditsExpired(_)), "{event:?}");
        assert_eq!(envelope.app, by_a_caller.then_some(CALLER.app), "{event:?}");
        assert_eq!(envelope.org, about_a_wallet.then_some(CALLER.org), "{event:?}");
        assert_eq!(envelope.correlation.as_deref(), by_a_caller.then_some("request"));
    }
    let ids: HashSet<_> = events.iter().map(|recorded| recorded.envelope.id).collect();
    assert_eq!((ids.len(), commands.len()), (events.len(), answers.len()));
}

#[tokio::test]
async fn each_writer_announces_itself_with_a_higher_epoch() {
    let mut epochs = Vec::new();
    for recorded in told().await {
        if let Event::WriterChanged(changed) = recorded.event {
            epochs.push((recorded.envelope.position.get(), changed.epoch));
        }
    }
    assert_eq!(epochs.len(), 2);
    assert_eq!(epochs[0], (0, 1));
    assert!(epochs[1].1 > 1, "{epochs:?}");
}
