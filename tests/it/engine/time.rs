//! Stamps only grow, and a clock that cannot be right stops writing.

use std::time::Duration;

use credit_ledger::{clock::Clock, engine::EngineError};
use events::{Envelope, Event, Time};

use crate::support::{
    ground::{Ground, START_MICROS},
    words::{ask, balance, check, credits, deduct, expiring, purchase, purchase_of},
};

fn refused_by_clock<T: std::fmt::Debug>(result: &Result<T, EngineError>) -> bool {
    matches!(result, Err(EngineError::Unavailable(reason)) if reason.contains("clock"))
}

#[tokio::test]
async fn stamps_grow_though_the_clock_stands_still_or_steps_back() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(1_000))).await;
    for number in 0..300 {
        ledger.fresh(ask(&format!("D{number}"), deduct(1))).await;
        if number % 10 == 0 {
            let now = ledger.ground.clock.now();
            ledger.ground.clock.set_wall(now.plus_micros(-100));
        }
    }
    let stamps: Vec<Time> = ledger.ground.events().await.iter().map(|e| e.envelope.time).collect();
    assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]));
}

#[tokio::test]
async fn stamps_follow_the_clock() {
    let ledger = Ground::memory().start().await;
    ledger.pass(Duration::from_secs(3_600));
    let first = ledger.fresh(ask("P1", purchase(1))).await;
    // The wallet's opening has the moment itself, the purchase the next microsecond.
    assert_eq!(first.envelope.time, Time::from_micros(START_MICROS + 3_600_000_001));
    ledger.pass(Duration::from_secs(1));
    let second = ledger.fresh(ask("D1", deduct(1))).await;
    assert_eq!(second.envelope.time, Time::from_micros(START_MICROS + 3_601_000_000));
}

#[tokio::test]
async fn a_clock_that_jumps_stops_writing_until_it_is_right_again() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let right = ledger.ground.clock.now();
    for wrong in [2_000_000, -2_000_000, 86_400_000_000, -86_400_000_000] {
        let head = ledger.ground.head().await;
        ledger.ground.clock.set_wall(right.plus_micros(wrong));
        for ask in [ask("D1", deduct(1)), ask("P1", purchase(100))] {
            let answer = ledger.submit(ask).await;
            assert!(refused_by_clock(&answer), "off by {wrong}: {answer:?}");
        }
        assert_eq!(ledger.ground.head().await, head);
        ledger.ground.clock.set_wall(right);
        ledger.fresh(ask(&format!("D{wrong}"), deduct(1))).await;
    }
}

#[tokio::test]
async fn a_restart_with_a_clock_behind_the_last_event_does_not_write() {
    let ledger = Ground::memory().start().await;
    ledger.pass(Duration::from_secs(60));
    ledger.fresh(ask("P1", purchase(100))).await;
    let right = ledger.ground.clock.now();
    let ground = ledger.end().await;
    ground.clock.set_wall(right.plus_micros(-5_000_000));
    assert!(ground.try_start().await.is_err());
    ground.clock.set_wall(right);
    ground.start().await.replayed(ask("P1", purchase(100))).await;
}

#[tokio::test]
async fn lots_expire_by_the_engine_s_clock() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase_of(100, expiring(60)))).await;
    ledger.pass(Duration::from_secs(59));
    assert_eq!(balance(&ledger.fresh(ask("C1", check(1))).await), credits("100"));
    ledger.pass(Duration::from_secs(1));
    let checked = ledger.fresh(ask("C2", check(1))).await;
    assert_eq!(balance(&checked), credits("100"), "a microsecond before the lot's moment");
    ledger.pass(Duration::from_micros(1));
    let checked = ledger.fresh(ask("C3", check(1))).await;
    assert_eq!(balance(&checked), credits("0"));
    let events = ledger.ground.events().await;
    let expired = &events[checked.envelope.position.get() as usize - 1];
    assert!(matches!(expired.event, Event::CreditsExpired(_)), "{expired:?}");
    // Nobody did that: neither the app whose command met it, nor a person.
    let of = |envelope: &Envelope| (envelope.app, envelope.actor.clone());
    assert_eq!((of(&expired.envelope), of(&checked.envelope).0.is_some()), ((None, None), true));
}
