//! A dry run answers as the real command would, and leaves no trace.

use std::time::Duration;

use credit_ledger::engine::{Ask, EngineError};
use events::{Event, Salt};
use futures::future::join_all;
use ledger::Command;

use crate::support::{
    ground::{Ground, Ledger},
    words::{ask, balance, capture, credits, deduct, deduction, expiring, hold, purchase, purchase_of},
};

fn dry(ask: Ask) -> Ask {
    Ask { dry_run: true, ..ask }
}

/// A ledger, told something with and without dry runs between.
async fn told(ledger: &Ledger, dry_runs: bool) {
    let lines = [
        ask("P1", purchase_of(50, expiring(60))),
        ask("P2", purchase(50)),
        ask("H1", hold(10, 30)),
        ask("D1", deduct(20)),
        ask("B1", Command::DeductBatch(vec![deduction(1), deduction(2)])),
        ask("D2", deduct(500)),
    ];
    for line in lines {
        if dry_runs {
            for _ in 0..2 {
                let receipt = ledger.submit(dry(line.clone())).await.expect("a receipt");
                assert!(receipt.dry_run && !receipt.replayed, "{receipt:?}");
            }
        }
        ledger.fresh(line).await;
    }
}

#[tokio::test]
async fn it_leaves_no_trace() {
    let (with, without) = (Ground::memory().start().await, Ground::memory().start().await);
    told(&with, true).await;
    told(&without, false).await;
    assert_eq!(with.end().await.bytes().await, without.end().await.bytes().await);
}

#[tokio::test]
async fn it_tells_what_would_happen() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    for (key, command) in [
        ("D1", deduct(30)),
        ("D2", deduct(300)),
        ("B1", Command::DeductBatch(vec![deduction(10), deduction(20), deduction(30)])),
        ("B2", Command::DeductBatch(vec![deduction(10), deduction(200)])),
        ("H1", hold(5, 60)),
    ] {
        let head = ledger.ground.head().await;
        let told = ledger.submit(dry(ask(key, command.clone()))).await.expect("a receipt");
        assert_eq!(ledger.ground.head().await, head);
        let done = ledger.submit(ask(key, command)).await.expect("a receipt");
        assert!(told.dry_run && !done.dry_run && !done.replayed);
        let without_salt = |receipt: &credit_ledger::engine::Receipt| {
            let mut events: Vec<_> = receipt.events().cloned().collect();
            events.iter_mut().for_each(|event| event.envelope.salt = Salt([0; 16]));
            // The one moves the last stamp, the other does not, by a microsecond for each event.
            events.iter_mut().for_each(|event| event.envelope.time = events::Time::from_micros(0));
            events
        };
        assert_eq!(told.events().next().expect("an event").envelope.position, head);
        assert_eq!(without_salt(&told), without_salt(&done));
    }
}

#[tokio::test]
async fn it_sees_its_group_and_is_seen_by_none() {
    let ledger = Ground::memory().start().await;
    let asks = [
        ask("P1", purchase(100)),
        dry(ask("D1", deduct(70))),
        ask("D2", deduct(70)),
        dry(ask("D2", deduct(70))),
        dry(ask("D3", deduct(70))),
        dry(ask("D2", deduct(71))),
        dry(ask("P2", purchase(1))),
        ask("D4", deduct(30)),
    ];
    let answers = join_all(asks.map(|ask| ledger.submit(ask))).await;
    assert!(matches!(answers[5], Err(EngineError::KeyReused)), "as the real one");
    let receipts: Vec<_> = answers.into_iter().filter_map(Result::ok).collect();
    let told: Vec<_> = receipts.iter().map(|r| (r.dry_run, r.replayed, balance(&r.recorded))).collect();
    let expected = [
        (false, false, "100"),
        (true, false, "30"),
        (false, false, "30"),
        (true, true, "30"),
        (true, false, "30"),
        (true, false, "31"),
        (false, false, "0"),
    ];
    assert_eq!(told, expected.map(|(dry, replayed, balance)| (dry, replayed, credits(balance))));
    assert!(matches!(receipts[4].recorded.event, Event::CommandRefused(_)));
}

#[tokio::test]
async fn it_opens_no_wallet_and_closes_no_hold() {
    let ledger = Ground::memory().start().await;
    let opened = ledger.submit(dry(ask("P1", purchase(5)))).await.expect("a receipt");
    assert_eq!(opened.events().count(), 2);
    assert!(matches!(ledger.submit(ask("D1", deduct(1))).await, Err(EngineError::Rejected(_))));
    ledger.fresh(ask("P1", purchase(5))).await;
    let id = ledger.fresh(ask("H1", hold(5, 60))).await.envelope.position;
    ledger.submit(dry(ask("C1", capture(id, 5)))).await.expect("a receipt");
    ledger.fresh(ask("C1", capture(id, 3))).await;
    // Nor does it move a timer.
    ledger.submit(dry(ask("C2", capture(id, 2)))).await.expect("a receipt");
    ledger.pass(Duration::from_secs(61));
    crate::support::ground::idle().await;
    let events = ledger.ground.events().await;
    assert!(matches!(events.last().expect("events").event, Event::HoldExpired(_)));
}
