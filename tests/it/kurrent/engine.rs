//! An engine on the store: nothing is lost and nothing is done twice, whatever becomes of an append.

use std::{collections::HashSet, sync::Arc, time::Duration};

use credit_ledger::{
    engine::{EngineError, Halt},
    log::Log,
};
use events::{Event, Position};
use futures::future::join_all;

use super::{
    double::{Double, Fault},
    open,
};
use crate::support::{
    dice::Dice,
    ground::{Ground, Ledger},
    words::{ask, balance, credits, deduct, purchase, roll_back},
};

async fn with_credits(double: &Double, amount: i64) -> Ledger {
    let ledger = Ground::on(Arc::new(open(&double.url()).await)).start().await;
    ledger.fresh(ask("P1", purchase(amount))).await;
    ledger
}

#[tokio::test]
async fn a_ledger_lives_in_the_store() {
    let double = Double::start().await;
    let ledger = with_credits(&double, 100).await;
    let spent = ledger.fresh(ask("D1", deduct(70))).await;
    assert_eq!(balance(&spent), credits("30"));
    ledger.fresh(ask("R1", roll_back(spent.envelope.position, Some(20)))).await;
    let before = ledger.end().await;
    // A process that knows nothing but the store.
    let after = Ground { seed: 1, ..Ground::on(Arc::new(open(&double.url()).await)) }.start().await;
    assert_eq!(after.replayed(ask("D1", deduct(70))).await, spent);
    assert_eq!(balance(&after.fresh(ask("D3", deduct(50))).await), credits("0"));
    let (old, new) = (before.bytes().await, after.ground.bytes().await);
    assert_eq!(old, new);
    let types = double.types(super::LEDGER);
    assert!(types.iter().all(|(_, content)| content == "application/json"), "{types:?}");
    assert!(types.iter().any(|(kind, _)| kind == "credits.deducted.v1"), "{types:?}");
}

/// One deduction that meets `fault`, between two that don't.
async fn meets(fault: Fault) {
    let double = Double::start().await;
    let ledger = with_credits(&double, 100).await;
    ledger.fresh(ask("D1", deduct(10))).await;
    double.script([fault]);
    let hit = ledger.fresh(ask("D2", deduct(10))).await;
    assert_eq!(double.faults_left(), 0);
    assert_eq!(balance(&hit), credits("80"), "{fault:?}");
    assert_eq!(balance(&ledger.fresh(ask("D3", deduct(10))).await), credits("70"), "{fault:?}");
    assert_eq!(ledger.replayed(ask("D2", deduct(10))).await, hit, "{fault:?}");
    let restarted = ledger.restart().await;
    assert_eq!(restarted.replayed(ask("D2", deduct(10))).await, hit, "{fault:?}");
}

#[tokio::test]
async fn an_append_of_unknown_outcome_is_found_out() {
    for fault in [Fault::LostAnswer, Fault::LostRequest, Fault::LateRequest, Fault::TimedOut, Fault::NotReady]
    {
        meets(fault).await;
    }
}

#[tokio::test]
async fn a_store_that_restarts_after_an_append_is_waited_for() {
    let double = Double::start().await;
    let ledger = with_credits(&double, 100).await;
    double.script([Fault::LostAnswerAndClosed]);
    let (spent, ()) = tokio::join!(ledger.fresh(ask("D1", deduct(10))), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        double.open(0).await;
    });
    assert_eq!(balance(&spent), credits("90"));
    assert_eq!(ledger.replayed(ask("D1", deduct(10))).await, spent);
}

#[tokio::test]
async fn a_store_that_is_gone_fails_commands_and_no_more() {
    let double = Double::start().await;
    let ledger = with_credits(&double, 100).await;
    double.close(0);
    // Once it is noticed: before, an append may be on its way.
    assert!(ledger.ground.store.head().await.is_err());
    let failed = ledger.submit(ask("D1", deduct(10))).await;
    assert!(matches!(failed, Err(EngineError::Unavailable(_))), "{failed:?}");
    double.open(0).await;
    assert_eq!(balance(&ledger.fresh(ask("D1", deduct(10))).await), credits("90"));
}

#[tokio::test]
async fn a_rival_in_another_process_makes_the_writer_stand_down() {
    let double = Double::start().await;
    let ledger = with_credits(&double, 100).await;
    let rival = open(&double.url()).await;
    let head = rival.head().await.expect("a head");
    rival.append(head, &[b"a rival's"].into_iter().collect()).await.expect("the rival is first");
    let lost = ledger.submit(ask("D1", deduct(10))).await;
    assert!(matches!(lost, Err(EngineError::Unavailable(_))), "{lost:?}");
    let (halt, ground) = ledger.halted().await;
    assert!(matches!(halt, Halt::Superseded(_)), "{halt}");
    assert_eq!(ground.head().await, head.next());
}

/// Submits until it is answered, as an app does.
async fn insist(ledger: &Ledger, key: &str) -> Position {
    for _ in 0..50 {
        match ledger.submit(ask(key, deduct(1))).await {
            Ok(receipt) => return receipt.recorded.envelope.position,
            Err(EngineError::Unavailable(_)) => {}
            Err(other) => panic!("{key}: {other}"),
        }
    }
    panic!("{key} is never answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_storm_every_command_is_done_once() {
    const COMMANDS: usize = 120;
    let double = Double::start().await;
    let ledger = with_credits(&double, 1000).await;
    let mut dice = Dice::new(4);
    let kinds = [Fault::LostAnswer, Fault::LostRequest, Fault::LateRequest, Fault::TimedOut, Fault::NotReady];
    let keys: Vec<_> = (0..COMMANDS).map(|number| format!("D{number}")).collect();
    let mut positions = HashSet::new();
    for keys in keys.chunks(8) {
        // Never so many that the engine gives up finding out.
        if double.faults_left() == 0 {
            double.script((0..dice.below(4)).map(|_| dice.one_of(&kinds)).collect::<Vec<_>>());
        }
        positions.extend(join_all(keys.iter().map(|key| insist(&ledger, key))).await);
    }
    assert_eq!(positions.len(), COMMANDS);
    let events = ledger.ground.events().await;
    let done = events.iter().filter(|recorded| matches!(recorded.event, Event::CreditsDeducted(_)));
    let done: HashSet<_> = done.map(|recorded| recorded.envelope.position).collect();
    assert_eq!(done, positions);
    let last = events.iter().rfind(|recorded| matches!(recorded.event, Event::CreditsDeducted(_)));
    assert_eq!(balance(last.expect("deductions")), credits("880"));
}
