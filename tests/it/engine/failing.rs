//! Appends that fail, or whose outcome is lost.

use std::time::Duration;

use credit_ledger::{
    engine::{EngineError, Halt},
    log::{Bodies, faulty::Fault},
};
use futures::future::join_all;
use tokio::sync::oneshot;

use crate::support::{
    ground::{Ground, Ledger},
    words::{ask, balance, credits, deduct, purchase, roll_back},
};

async fn with_a_hundred() -> Ledger {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    ledger
}

fn unavailable<T: std::fmt::Debug>(result: &Result<T, EngineError>) -> bool {
    matches!(result, Err(EngineError::Unavailable(_)))
}

#[tokio::test]
async fn a_group_that_was_not_stored_leaves_no_trace() {
    let ledger = with_a_hundred().await;
    let before = ledger.ground.bytes().await;
    ledger.ground.log.script([Fault::Unavailable]);
    let asks = [
        ask("D1", deduct(70)),
        ask("D1", deduct(70)),
        ask("D2", deduct(70)),
        ask("D1", deduct(71)),
        ask("P1", purchase(100)),
        ask("D3", roll_back(events::Position(2), None)),
    ];
    let answers = join_all(asks.map(|ask| ledger.submit(ask))).await;
    assert!(answers.iter().all(unavailable), "{answers:?}");
    assert_eq!(ledger.ground.bytes().await, before);
    // Neither balance nor key nor stamp nor position is used up.
    let stored = ledger.fresh(ask("D1", deduct(80))).await;
    assert_eq!(balance(&stored), credits("20"));
    assert_eq!(stored.envelope.position.get(), before.len() as u64);
    ledger.restart().await.replayed(ask("D1", deduct(80))).await;
}

#[tokio::test]
async fn what_was_decided_upon_a_failed_group_fails_with_it() {
    let ledger = with_a_hundred().await;
    let before = ledger.ground.bytes().await;
    let (release, held) = oneshot::channel();
    // The held group goes on to the next fault when it is released.
    ledger.ground.log.script([Fault::Held(held)]);
    let first = ledger.posted(ask("P2", purchase(50))).await;
    let second = ledger.posted(ask("D1", deduct(120))).await;
    let rival = [b"rival".as_slice()].into_iter().collect::<Bodies>();
    let head = ledger.ground.head().await;
    ledger.ground.store.append(head, &rival).await.expect("the rival is first");
    release.send(()).expect("an append that waits");
    assert!(unavailable(&first.await.expect("no panic")));
    assert!(unavailable(&second.await.expect("no panic")));
    let (halt, ground) = ledger.halted().await;
    assert!(matches!(halt, Halt::Superseded(_)), "{halt}");
    assert_eq!(ground.bytes().await.len(), before.len() + 1);
}

#[tokio::test]
async fn a_group_decided_upon_one_that_failed_is_not_stored_alone() {
    let ledger = with_a_hundred().await;
    let before = ledger.ground.bytes().await;
    let (release, held) = oneshot::channel();
    ledger.ground.gate.script([Fault::Held(held)]);
    ledger.ground.log.script([Fault::Unavailable]);
    let first = ledger.posted(ask("P2", purchase(50))).await;
    // Decided while the first is in flight: only with its credits can this be paid.
    let second = ledger.posted(ask("D1", deduct(120))).await;
    release.send(()).expect("an append that waits");
    assert!(unavailable(&first.await.expect("no panic")));
    assert!(unavailable(&second.await.expect("no panic")));
    assert_eq!(ledger.ground.bytes().await, before);
    let stored = ledger.fresh(ask("D1", deduct(80))).await;
    assert_eq!((balance(&stored), stored.envelope.position.get()), (credits("20"), before.len() as u64));
    ledger.restart().await.replayed(ask("D1", deduct(80))).await;
}

#[tokio::test]
async fn a_rollback_sees_the_one_in_flight() {
    let ledger = with_a_hundred().await;
    let spent = ledger.fresh(ask("D1", deduct(10))).await.envelope.position;
    let (release, held) = oneshot::channel();
    ledger.ground.gate.script([Fault::Held(held)]);
    let first = ledger.posted(ask("R1", roll_back(spent, Some(6)))).await;
    let second = ledger.posted(ask("R2", roll_back(spent, Some(6)))).await;
    let third = ledger.posted(ask("R3", roll_back(spent, Some(4)))).await;
    release.send(()).expect("an append that waits");
    let mut balances = Vec::new();
    for answer in [first, second, third] {
        balances.push(balance(&answer.await.expect("no panic").expect("a receipt").recorded));
    }
    assert_eq!(balances, ["96", "96", "100"].map(credits), "the second asks for more than is left");
}

#[tokio::test]
async fn a_lost_answer_is_found_in_the_log() {
    let ledger = with_a_hundred().await;
    ledger.ground.log.script([Fault::LostAnswer]);
    let stored = ledger.fresh(ask("D1", deduct(70))).await;
    let head = ledger.ground.head().await;
    assert_eq!(head, stored.envelope.position.next());
    assert_eq!(ledger.replayed(ask("D1", deduct(70))).await, stored);
    assert_eq!(balance(&ledger.fresh(ask("D2", deduct(30))).await), credits("0"));
}

#[tokio::test]
async fn a_lost_request_is_sent_again() {
    let ledger = with_a_hundred().await;
    ledger.ground.log.script([Fault::LostRequest, Fault::LostRequest, Fault::LostRequest]);
    let stored = ledger.fresh(ask("D1", deduct(70))).await;
    assert_eq!(ledger.ground.log.faults_left(), 0);
    assert_eq!(ledger.ground.head().await, stored.envelope.position.next());
    assert_eq!(balance(&ledger.fresh(ask("D2", deduct(30))).await), credits("0"));
}

#[tokio::test]
async fn a_late_twin_is_never_a_second_group() {
    let ledger = with_a_hundred().await;
    ledger.ground.log.script([Fault::LateTwin, Fault::None, Fault::LateTwin, Fault::LostAnswer]);
    let first = ledger.fresh(ask("D1", deduct(10))).await;
    assert_eq!(ledger.ground.head().await, first.envelope.position.next());
    let second = ledger.fresh(ask("D2", deduct(10))).await;
    let third = ledger.fresh(ask("D3", deduct(10))).await;
    assert_eq!(balance(&third), credits("70"));
    assert_eq!(ledger.ground.head().await, second.envelope.position.plus(2));
    ledger.restart().await.replayed(ask("D2", deduct(10))).await;
}

#[tokio::test]
async fn a_rival_makes_the_writer_stand_down() {
    let ledger = with_a_hundred().await;
    let rival = Ground::on(ledger.ground.store.clone());
    rival.cold.catch_up().await;
    let before = ledger.ground.head().await;
    let rival = rival.start().await;
    rival.fresh(ask("D1", deduct(70))).await;
    let answer = ledger.submit(ask("D2", deduct(70))).await;
    assert!(unavailable(&answer), "{answer:?}");
    let late = ledger.submit(ask("D3", deduct(1))).await;
    assert!(matches!(late, Err(EngineError::Stopping)), "{late:?}");
    let (halt, ground) = ledger.halted().await;
    assert!(matches!(halt, Halt::Superseded(_)), "{halt}");
    assert_eq!(ground.head().await, before.plus(2), "the rival's announcement and deduction");
    assert_eq!(balance(&rival.fresh(ask("D2", deduct(30))).await), credits("0"));
}

#[tokio::test]
async fn a_rival_is_noticed_by_answers_that_write_nothing() {
    let ledger = with_a_hundred().await;
    let rival = [b"rival".as_slice()].into_iter().collect::<Bodies>();
    ledger.ground.store.append(ledger.ground.head().await, &rival).await.expect("the rival is first");
    assert!(unavailable(&ledger.submit(ask("P1", purchase(100))).await), "not even a replay is answered");
    assert!(matches!(ledger.halted().await.0, Halt::Superseded(_)));
}

#[tokio::test]
async fn a_rival_at_the_very_append_wins() {
    let ledger = with_a_hundred().await;
    ledger.ground.log.script([Fault::Rival([b"rival".as_slice()].into_iter().collect())]);
    assert!(unavailable(&ledger.submit(ask("D1", deduct(70))).await));
    let (halt, ground) = ledger.halted().await;
    assert!(matches!(halt, Halt::Superseded(_)), "{halt}");
    assert_eq!(ground.bytes().await.last().map(Vec::as_slice), Some(b"rival".as_slice()));
}

#[tokio::test]
async fn an_outcome_that_nobody_can_tell_halts_the_writer() {
    let ledger = with_a_hundred().await;
    // Sent again five times, and each answer is lost.
    ledger.ground.log.script((0..20).map(|_| Fault::LostRequest));
    let unknown = ledger.submit(ask("D1", deduct(70))).await;
    assert!(matches!(unknown, Err(EngineError::OutcomeUnknown(id)) if id == ask("D1", deduct(70)).id));
    let (halt, ground) = ledger.halted().await;
    assert!(matches!(halt, Halt::Unknown(_)), "{halt}");
    let ledger = Ground::on(ground.store).start().await;
    assert_eq!(balance(&ledger.fresh(ask("D1", deduct(70))).await), credits("30"));
}

#[tokio::test]
async fn an_outcome_that_cannot_be_read_back_is_found_after_a_restart() {
    let ledger = with_a_hundred().await;
    let before = ledger.ground.head().await;
    let (release, held) = oneshot::channel();
    ledger.ground.log.script([Fault::LostAnswer, Fault::Held(held)]);
    ledger.ground.log.fail_reads(1);
    let unknown = ledger.submit(ask("D1", deduct(70))).await;
    drop(release);
    // Reading the earlier answers may meet the failing read first; then nothing was written.
    assert!(matches!(unknown, Err(EngineError::OutcomeUnknown(_))), "{unknown:?}");
    let (halt, ground) = ledger.halted().await;
    assert!(matches!(halt, Halt::Unknown(_)), "{halt}");
    assert_eq!(ground.head().await, before.next(), "it was stored after all");
    let ledger = Ground::on(ground.store).start().await;
    assert_eq!(balance(&ledger.replayed(ask("D1", deduct(70))).await), credits("30"));
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_is_not_taken_for_nothing_written() {
    let ledger = with_a_hundred().await;
    ledger.ground.log.script([Fault::LateTwin, Fault::Unavailable]);
    let answer = ledger.submit(ask("D1", deduct(70))).await;
    // The late twin may have been stored before the second attempt was refused.
    assert!(!unavailable(&answer), "{answer:?}");
    let ground = ledger.ground;
    let again = Ground::on(ground.store).start().await;
    let receipt = again.submit(ask("D1", deduct(70))).await.expect("a receipt");
    assert_eq!(balance(&receipt.recorded), credits("30"));
}

#[tokio::test]
async fn after_the_fault_is_gone_the_ledger_goes_on() {
    let ledger = with_a_hundred().await;
    for number in 0..20 {
        ledger.ground.log.script([Fault::Unavailable]);
        let key = format!("D{number}");
        assert!(unavailable(&ledger.submit(ask(&key, deduct(1))).await));
        ledger.pass(Duration::from_millis(1));
        ledger.fresh(ask(&key, deduct(1))).await;
    }
    let last = ledger.ground.events().await.pop().expect("events");
    assert_eq!((balance(&last), last.envelope.account_seq), (credits("80"), Some(22)));
}

#[tokio::test]
async fn a_writer_that_halts_tells_the_queue_that_nothing_was_written() {
    let mut ground = Ground::memory();
    ground.options.group_max = 1;
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let (release, held) = oneshot::channel();
    ledger.ground.gate.script([Fault::Held(held)]);
    ledger.ground.log.script((0..20).map(|_| Fault::LostRequest));
    let mut waiting = Vec::new();
    for number in 0..5 {
        waiting.push(ledger.posted(ask(&format!("D{number}"), deduct(1))).await);
    }
    release.send(()).expect("an append that waits");
    let mut answers = Vec::new();
    for task in waiting {
        answers.push(task.await.expect("no panic").expect_err("nothing is answered"));
    }
    assert!(matches!(answers[0], EngineError::OutcomeUnknown(_)), "in flight: {:?}", answers[0]);
    assert!(matches!(answers[1], EngineError::Unavailable(_)), "decided upon it: {:?}", answers[1]);
    assert!(answers[2..].iter().all(|answer| matches!(answer, EngineError::Stopping)), "queued: {answers:?}");
    assert!(matches!(ledger.halted().await.0, Halt::Unknown(_)));
}
