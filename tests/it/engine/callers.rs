//! Many callers, impatient callers, and a stop under load.

use std::sync::Arc;

use credit_ledger::{
    engine::EngineError,
    log::{faulty::Fault, sqlite::SqliteLog},
};
use events::Event;
use futures::{FutureExt, future::join_all};
use tokio::sync::oneshot;

use crate::support::{
    ground::{Ground, idle},
    words::{ask, balance, credits, deduct, purchase},
};

async fn a_thousand_deductions(ground: Ground) {
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase(600))).await;
    let tasks = (0..1_000).map(|number| {
        let engine = ledger.engine.clone();
        tokio::spawn(async move { engine.submit(ask(&format!("D{number}"), deduct(1))).await })
    });
    let receipts: Vec<_> =
        join_all(tasks).await.into_iter().map(|task| task.expect("no panic").expect("a receipt")).collect();
    let paid = receipts.iter().filter(|r| matches!(r.recorded.event, Event::CreditsDeducted(_))).count();
    let refused = receipts.iter().filter(|r| matches!(r.recorded.event, Event::CommandRefused(_))).count();
    assert_eq!((paid, refused), (600, 400));
    let events = ledger.end().await.events().await;
    assert_eq!(events.iter().filter(|e| matches!(e.event, Event::CreditsDeducted(_))).count(), 600);
    assert_eq!(balance(events.last().expect("events")), credits("0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_can_pay_600_of_1000_pays_600() {
    a_thousand_deductions(Ground::memory()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_can_pay_600_of_1000_pays_600_on_sqlite() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let log = SqliteLog::open(directory.path()).await.expect("a log that can be opened");
    a_thousand_deductions(Ground::on(Arc::new(log))).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_loses_nothing() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let (release, held) = oneshot::channel();
    ledger.ground.log.script([Fault::Held(held)]);
    // Polled once, which hands the command over, then dropped.
    assert!(ledger.submit(ask("D1", deduct(70))).now_or_never().is_none());
    let waiting = ledger.posted(ask("D2", deduct(1))).await;
    waiting.abort();
    release.send(()).expect("an append that waits");
    idle().await;
    let answer = ledger.replayed(ask("D1", deduct(70))).await;
    assert_eq!(balance(&answer), credits("30"));
    assert_eq!(balance(&ledger.replayed(ask("D2", deduct(1))).await), credits("29"));
}

#[tokio::test]
async fn a_full_queue_turns_callers_away_and_writes_nothing_of_theirs() {
    let mut ground = Ground::memory();
    (ground.options.mailbox, ground.options.group_max) = (4, 1);
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase(1_000))).await;
    let (release, held) = oneshot::channel();
    ledger.ground.log.script([Fault::Held(held)]);
    let mut waiting = Vec::new();
    for number in 0..50 {
        waiting.push(ledger.posted(ask(&format!("D{number}"), deduct(1))).await);
    }
    let turned_away = waiting.iter().filter(|task| task.is_finished()).count();
    assert!((40..50).contains(&turned_away), "{turned_away}");
    release.send(()).expect("an append that waits");
    let mut answers = Vec::new();
    for task in waiting {
        answers.push(task.await.expect("no panic"));
    }
    // Only now is the queue empty again, so that repeats find room.
    let mut stored = 0;
    for (number, answer) in answers.into_iter().enumerate() {
        let again = ask(&format!("D{number}"), deduct(1));
        match answer {
            Ok(receipt) => {
                stored += 1;
                assert_eq!(ledger.replayed(again).await, *receipt.recorded);
            }
            Err(error) => {
                assert!(matches!(error, EngineError::Overloaded), "{error}");
                drop(ledger.fresh(again).await);
            }
        }
    }
    assert_eq!(stored + turned_away, 50);
    let deductions =
        ledger.ground.events().await.iter().filter(|e| matches!(e.event, Event::CreditsDeducted(_))).count();
    assert_eq!(deductions, 50);
}

#[tokio::test]
async fn a_stop_answers_every_accepted_command_first() {
    let mut ground = Ground::memory();
    ground.options.group_max = 10;
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase(1_000))).await;
    let (release, held) = oneshot::channel();
    ledger.ground.log.script([Fault::Held(held)]);
    let mut waiting = Vec::new();
    for number in 0..100 {
        waiting.push(ledger.posted(ask(&format!("D{number}"), deduct(1))).await);
    }
    ledger.stop.cancel();
    idle().await;
    assert!(matches!(ledger.submit(ask("late", deduct(1))).await, Err(EngineError::Stopping)));
    assert!(!ledger.writer.is_finished(), "the writer must not end before its group is stored");
    release.send(()).expect("an append that waits");
    for task in waiting {
        assert!(!task.await.expect("no panic").expect("a receipt").replayed);
    }
    let ground = ledger.end().await;
    let last = ground.events().await.pop().expect("events");
    assert_eq!(balance(&last), credits("900"));
}

#[tokio::test]
async fn a_stop_answers_what_is_in_flight_and_what_was_decided_upon_it() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let (release, held) = oneshot::channel();
    let (release_next, held_next) = oneshot::channel();
    ledger.ground.gate.script([Fault::Held(held), Fault::Held(held_next)]);
    let first = ledger.posted(ask("D1", deduct(1))).await;
    let second = ledger.posted(ask("D2", deduct(1))).await;
    ledger.stop.cancel();
    idle().await;
    release.send(()).expect("an append that waits");
    assert!(first.await.expect("no panic").is_ok());
    idle().await;
    assert!(!second.is_finished() && !ledger.writer.is_finished());
    release_next.send(()).expect("an append that waits");
    assert!(second.await.expect("no panic").is_ok());
    assert_eq!(balance(&ledger.end().await.events().await.pop().expect("events")), credits("98"));
}
