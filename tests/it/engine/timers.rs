//! What is due expires on time, in wallets that nobody asks anything of.

use std::{sync::Arc, time::Duration};

use credit_ledger::log::{faulty::Fault, memory::MemoryLog};
use events::{Event, Position, Recorded, Time};
use tokio::sync::oneshot;

use crate::support::{
    ground::{Ground, Ledger, START_MICROS, idle},
    watched::WatchedLog,
    words::{
        CALLER, ask, ask_by, balance, capture, credits, deduct, expiring, hold, purchase, purchase_of, wallet,
    },
};

const MINUTE: Duration = Duration::from_secs(60);
/// Stamps of one command are a microsecond apart.
const A_LITTLE: Duration = Duration::from_millis(1);

async fn passes(ledger: &Ledger, time: Duration) {
    ledger.pass(time);
    idle().await;
}

/// The events that no command answered: what timers did.
async fn expired(ground: &Ground) -> Vec<Recorded> {
    let events = ground.events().await;
    let expired = |e: &Recorded| matches!(e.event, Event::CreditsExpired(_) | Event::HoldExpired(_));
    events.into_iter().filter(expired).collect()
}

/// Opens `count` wallets whose only lot expires after a minute.
async fn with_expiring(ledger: &Ledger, count: u128) {
    for number in 1..=count {
        let purchase = purchase_of(10, expiring(60));
        ledger.fresh(ask_by(CALLER, wallet(number), &format!("P{number}"), purchase)).await;
    }
}

#[tokio::test]
async fn a_lot_expires_on_time_though_nobody_asks() {
    let ledger = Ground::memory().start().await;
    with_expiring(&ledger, 1).await;
    passes(&ledger, MINUTE - A_LITTLE).await;
    assert_eq!(expired(&ledger.ground).await, []);
    passes(&ledger, 2 * A_LITTLE).await;
    let [lot] = &expired(&ledger.ground).await[..] else { panic!("one event") };
    assert_eq!(balance(lot), credits("0"));
    let envelope = &lot.envelope;
    assert_eq!((envelope.app, &envelope.actor, &envelope.correlation), (None, &None, &None));
    assert_eq!(envelope.time, Time::from_micros(START_MICROS + 60_001_000));
    assert_eq!(
        (ledger.engine.head(), envelope.position.next()),
        (ledger.ground.head().await, ledger.engine.head())
    );
}

#[tokio::test]
async fn a_hold_expires_on_time_and_then_the_lot_that_it_had_pinned() {
    let ledger = Ground::memory().start().await;
    with_expiring(&ledger, 1).await;
    ledger.fresh(ask("H1", hold(4, 90))).await;
    passes(&ledger, MINUTE + A_LITTLE).await;
    let [free] = &expired(&ledger.ground).await[..] else { panic!("one event") };
    assert_eq!(balance(free), credits("4"), "what is held stays");
    passes(&ledger, MINUTE).await;
    let [_, hold, rest] = &expired(&ledger.ground).await[..] else { panic!("three events") };
    assert!(matches!(hold.event, Event::HoldExpired(_)), "{hold:?}");
    assert!(matches!(rest.event, Event::CreditsExpired(_)), "{rest:?}");
    assert_eq!(hold.envelope.causation, rest.envelope.causation);
    assert_eq!(balance(rest), credits("0"));
}

#[tokio::test]
async fn timers_survive_a_restart_wherever_the_projections_were() {
    let ledger = Ground::memory().start().await;
    with_expiring(&ledger, 3).await;
    ledger.fresh(ask_by(CALLER, wallet(4), "P4", purchase(10))).await;
    ledger.fresh(ask_by(CALLER, wallet(4), "H4", hold(10, 60))).await;
    let ground = ledger.end().await;
    for checkpoint in 0..=ground.head().await.get() {
        for cache in [0, 1_000] {
            let mut copy = ground.copy().await;
            copy.options.wallet_cache = cache;
            copy.cold.advance(Position(checkpoint)).await;
            let ledger = copy.start().await;
            passes(&ledger, MINUTE + A_LITTLE).await;
            assert_eq!(expired(&ledger.ground).await.len(), 4, "from checkpoint {checkpoint}");
        }
    }
}

#[tokio::test]
async fn what_was_due_while_no_engine_ran_expires_at_the_start() {
    let ledger = Ground::memory().start().await;
    with_expiring(&ledger, 2).await;
    let ground = ledger.end().await;
    ground.cold.catch_up().await;
    ground.clock.advance(10 * MINUTE);
    let ledger = ground.start().await;
    idle().await;
    assert_eq!(expired(&ledger.ground).await.len(), 2);
}

#[tokio::test]
async fn with_nothing_in_memory_timers_and_wallets_are_read_again() {
    for lag in [0, 1, 3, 1_000] {
        let mut ground = Ground::memory();
        (ground.options.wallet_cache, ground.options.timer_cache) = (0, 2);
        let ledger = ground.start().await;
        for number in 1..=20_u128 {
            // Every other one is due a second later than the one before; some at the same moment.
            let purchase = purchase_of(10, expiring(60 + number as i64 / 2));
            ledger.fresh(ask_by(CALLER, wallet(number), &format!("P{number}"), purchase)).await;
            let head = ledger.ground.head().await.get();
            ledger.ground.cold.advance(Position(head.saturating_sub(lag))).await;
        }
        for second in 0..=11 {
            let due = if second == 0 { 0 } else { 2 * second as usize - 1 };
            assert_eq!(expired(&ledger.ground).await.len(), due.min(20), "{lag} behind, after {second} s");
            passes(&ledger, if second == 0 { MINUTE + A_LITTLE } else { Duration::from_secs(1) }).await;
        }
        assert!(ledger.ground.cold.timer_pages() > 3, "{lag} behind: {}", ledger.ground.cold.timer_pages());
    }
}

#[tokio::test]
async fn a_timer_that_a_command_has_moved_rings_when_it_is_due_then() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(10))).await;
    let held = ledger.fresh(ask("H1", hold(4, 60))).await.envelope.position;
    let extend = ledger::Command::Extend(ledger::Extend { hold: held, timeout_micros: 120_000_000 });
    ledger.fresh(ask("E1", extend)).await;
    let closed = ledger.fresh(ask("H2", hold(3, 60))).await.envelope.position;
    ledger.fresh(ask("C2", capture(closed, 3))).await;
    let head = ledger.ground.head().await;
    passes(&ledger, MINUTE + A_LITTLE).await;
    assert_eq!(ledger.ground.head().await, head, "nothing is due");
    passes(&ledger, MINUTE).await;
    assert_eq!(expired(&ledger.ground).await.len(), 1);
    assert_eq!(balance(&ledger.fresh(ask("D1", deduct(7))).await), credits("0"));
}

#[tokio::test]
async fn timers_take_at_most_a_quarter_of_each_group() {
    let store = Arc::new(WatchedLog::new(Arc::new(MemoryLog::new())));
    let mut ground = Ground::on(Arc::clone(&store) as _);
    ground.options.group_max = 40;
    let ledger = ground.start().await;
    with_expiring(&ledger, 55).await;
    store.take();
    passes(&ledger, MINUTE + A_LITTLE).await;
    let sizes: Vec<usize> = store.take().iter().map(|append| append.events).collect();
    assert_eq!(sizes, [10, 10, 10, 10, 10, 5]);
}

#[tokio::test]
async fn commands_go_on_while_many_wallets_expire() {
    let mut ground = Ground::memory();
    ground.options.group_max = 4;
    let ledger = ground.start().await;
    with_expiring(&ledger, 50).await;
    ledger.fresh(ask_by(CALLER, wallet(99), "P", purchase(100))).await;
    ledger.pass(MINUTE + A_LITTLE);
    let paid = ledger.fresh(ask_by(CALLER, wallet(99), "D", deduct(1))).await;
    let before =
        expired(&ledger.ground).await.iter().filter(|e| e.envelope.position < paid.envelope.position).count();
    assert!(before <= 2, "{before} timers were before it");
    idle().await;
    assert_eq!(expired(&ledger.ground).await.len(), 50);
}

#[tokio::test]
async fn what_was_not_stored_expires_later() {
    let ledger = Ground::memory().start().await;
    with_expiring(&ledger, 3).await;
    ledger.ground.log.script([Fault::Unavailable, Fault::Unavailable]);
    passes(&ledger, MINUTE + A_LITTLE).await;
    assert_eq!(ledger.ground.log.faults_left(), 1, "after a fault, timers rest");
    passes(&ledger, Duration::from_secs(1)).await;
    assert_eq!((ledger.ground.log.faults_left(), expired(&ledger.ground).await.len()), (0, 0));
    passes(&ledger, Duration::from_secs(1)).await;
    assert_eq!(expired(&ledger.ground).await.len(), 3);
}

#[tokio::test]
async fn what_is_being_stored_does_not_expire_twice() {
    let ledger = Ground::memory().start().await;
    with_expiring(&ledger, 2).await;
    let (release, held) = oneshot::channel();
    ledger.ground.gate.script([Fault::Held(held)]);
    passes(&ledger, MINUTE + A_LITTLE).await;
    let waiting = ledger.posted(ask("D1", deduct(1))).await;
    passes(&ledger, MINUTE).await;
    release.send(()).expect("an append that waits");
    let refused = waiting.await.expect("no panic").expect("a receipt").recorded;
    assert!(matches!(refused.event, Event::CommandRefused(_)), "{refused:?}");
    idle().await;
    assert_eq!(expired(&ledger.ground).await.len(), 2);
}

#[tokio::test]
async fn projections_that_cannot_be_read_only_delay_it() {
    let mut ground = Ground::memory();
    ground.options.wallet_cache = 0;
    let ledger = ground.start().await;
    with_expiring(&ledger, 2).await;
    ledger.ground.cold.catch_up().await;
    let ledger = ledger.restart().await;
    ledger.ground.cold.fail_loads(1);
    passes(&ledger, MINUTE + A_LITTLE).await;
    assert_eq!(expired(&ledger.ground).await, []);
    passes(&ledger, Duration::from_secs(1)).await;
    assert_eq!(expired(&ledger.ground).await.len(), 2);
}

#[tokio::test]
async fn a_clock_that_is_wrong_lets_nothing_expire() {
    let ledger = Ground::memory().start().await;
    with_expiring(&ledger, 1).await;
    let right = Time::from_micros(START_MICROS);
    ledger.ground.clock.set_wall(right.plus_micros(3_600_000_000));
    idle().await;
    assert_eq!(expired(&ledger.ground).await, [], "an hour too early");
    ledger.ground.clock.set_wall(right);
    idle().await;
    assert_eq!(expired(&ledger.ground).await, []);
    passes(&ledger, MINUTE + A_LITTLE).await;
    assert_eq!(expired(&ledger.ground).await.len(), 1);
}
