//! What the engine loads is what the decisions had made.

use std::collections::HashMap;

use credit_ledger::engine::{ColdState, Wanted};
use events::{CommandId, Credits, Event, Position};
use uuid::Uuid;

use super::{end, everything, log_of, project, recorded};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cold_load_equals_what_was_decided() {
    let (history, bodies) = everything(11, 40, 3_000);
    let directory = tempfile::tempdir().expect("a directory");
    let reads = project(directory.path(), history.ledger, log_of(&bodies).await).await;
    let events = recorded(&bodies);

    let mut returned: HashMap<Position, Credits> = HashMap::new();
    for event in &events {
        if let Event::DeductionRolledBack(e) = &event.event {
            returned.insert(e.deduction, e.returned);
        }
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
    reads.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_left_out() {
    let (history, bodies) = everything(12, 3, 100);
    let directory = tempfile::tempdir().expect("a directory");
    let reads = project(directory.path(), history.ledger, log_of(&bodies).await).await;
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
