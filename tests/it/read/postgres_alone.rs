//! What only a database that several processes share must do.

use std::{sync::Arc, time::Duration};

use credit_ledger::{
    engine::ColdState,
    log::{Log, memory::MemoryLog},
    read::{Fold, Live, PeopleQuery, Reads, Start, Store, StoreFault, postgres, replay},
};
use events::{LedgerId, Position};
use sqlx::Connection;
use tokio_util::sync::CancellationToken;

use super::place::{self, Place};
use super::{append, end, everything, log_of, nothing_handed_over, recorded};
use crate::support::history::Mix;

async fn is_equal(ledger: LedgerId, log: Arc<dyn Log>, live: &impl Live) -> bool {
    replay::compare(ledger, log, live, |_, _| {}).await.expect("a comparison").is_equal()
}

async fn follow(place: &place::Postgres, ledger: LedgerId, log: Arc<dyn Log>) -> postgres::Projected {
    postgres::follow(&place.0.url(), ledger, log, CancellationToken::new()).await.expect("a follower")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_writers_the_second_loses_and_leaves_no_trace() {
    let (history, bodies) = everything(101, 8, 400);
    let (place, log) = (place::Postgres::new().await, log_of(&bodies).await);
    let mut fold = Fold::new(history.ledger, Start::default(), 1_000);
    recorded(&bodies).iter().for_each(|event| fold.apply(event).expect("a valid history"));
    let (mut one, mut other) = (place.store(history.ledger).await, place.store(history.ledger).await);
    let batch = fold.batch();
    let (first, second) = tokio::join!(one.write(&batch), other.write(&batch));
    let faults: Vec<StoreFault> = [first, second].into_iter().filter_map(Result::err).collect();
    assert!(matches!(&faults[..], [StoreFault::Corrupt(_)]), "{faults:?}");
    one.close().await;
    other.close().await;
    let live = place.opened(history.ledger, log.clone()).await;
    assert!(is_equal(history.ledger, log, &live).await);
    live.close().await;
}

/// As a process that was stopped in the middle of a batch leaves it behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_stands_still_in_a_transaction_does_not_hold_up_the_next() {
    let (history, bodies) = everything(106, 8, 400);
    let (place, log) = (place::Postgres::new().await, log_of(&bodies).await);
    place.store(history.ledger).await.close().await;
    let url = place.0.url();
    let name = format!("credit-ledger%20projects%20{}", history.ledger);
    let mut stopped =
        sqlx::PgConnection::connect(&format!("{url}?application_name={name}")).await.expect("a session");
    let moved = "BEGIN; UPDATE credit_ledger.checkpoints SET position = 1";
    sqlx::Executor::execute(&mut stopped, moved).await.expect("a checkpoint");
    let stop = CancellationToken::new();
    let started = place.start(history.ledger, log.clone(), nothing_handed_over(), stop.clone()).await;
    let projected = started.expect("projections");
    let mut checkpoint = Reads::checkpoint(&projected.reads);
    let all = checkpoint.wait_for(|at| *at == end(&bodies));
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("in time").expect("a runner");
    stop.cancel();
    projected.runner.await.expect("a task").expect("a clean end");
    assert!(is_equal(history.ledger, log, &projected.reads).await);
    projected.reads.close().await;
    assert!(stopped.ping().await.is_err(), "its session was ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_whose_commit_was_not_answered_is_not_written_twice() {
    let (history, bodies) = everything(102, 8, 400);
    let (place, log) = (place::Postgres::new().await, log_of(&bodies).await);
    let mut fold = Fold::new(history.ledger, Start::default(), 1_000);
    recorded(&bodies).iter().for_each(|event| fold.apply(event).expect("a valid history"));
    let batch = fold.batch();
    let mut store = place.store(history.ledger).await;
    // It fails once, and then another process has written the very same.
    place.tamper(place::Postgres::REFUSALS[0]).await;
    store.write(&batch).await.expect_err("no room");
    place.tamper(place::Postgres::DROP_REFUSAL).await;
    let mut other = place.store(history.ledger).await;
    other.write(&batch).await.expect("a write");
    store.write(&batch).await.expect("it is written");
    assert_eq!(store.checkpoint(), end(&bodies));
    other.close().await;
    store.close().await;
    let live = place.opened(history.ledger, log.clone()).await;
    assert!(is_equal(history.ledger, log, &live).await);
    live.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledgers_share_a_database_and_keep_apart() {
    let (place, clock) = (place::Postgres::new().await, super::clock());
    let mut ledgers = Vec::new();
    for seed in [103, 104, 105] {
        let (history, bodies) = everything(seed, 6, 600);
        let log = log_of(&bodies).await;
        place.project(history.ledger, log.clone()).await.close().await;
        ledgers.push((history.ledger, log, bodies));
    }
    ledgers.dedup_by_key(|(ledger, ..)| *ledger);
    assert_eq!(ledgers.len(), 3, "the histories are of one ledger");
    let (second, log, _) = &ledgers[1];
    postgres::rebuild(&place.0.url(), *second, log.clone(), clock, |_, _| {}).await.expect("a rebuild");
    for (ledger, log, bodies) in ledgers {
        let live = place.opened(ledger, log.clone()).await;
        assert_eq!(live.applied().await.expect("a read"), end(&bodies));
        assert!(is_equal(ledger, log, &live).await);
        live.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_reads_what_another_process_writes() {
    let (mut history, mut bodies) = everything(106, 10, 200);
    let (place, log) = (place::Postgres::new().await, Arc::new(MemoryLog::new()));
    let follower = follow(&place, history.ledger, log.clone()).await;
    let wallet = history.wallets.iter().find(|(.., wallet)| wallet.is_some()).expect("a wallet").0;
    // Nothing is there yet: that is no answer, least of all that there is no such wallet.
    assert!(
        follower.reads.wallet(wallet).await.is_err()
            && follower.reads.identity(PeopleQuery::ALL).await.is_err()
    );
    append(&*log, &bodies).await;
    let stop = CancellationToken::new();
    let started = place.start(history.ledger, log.clone(), super::nothing_handed_over(), stop.clone());
    let writer = started.await.expect("projections");
    let mut checkpoint = Reads::checkpoint(&follower.reads);
    for _ in 0..3 {
        let applied = bodies.len();
        checkpoint.wait_for(|at| *at == Position(applied as u64)).await.expect("a checkpoint");
        let view = follower.reads.wallet(wallet).await.expect("a read").expect("a wallet");
        assert_eq!(view.as_of, end(&bodies));
        assert!(recorded(&bodies).iter().all(|event| follower.reads.may_know(event.envelope.causation)));
        history.extend(&mut bodies, 100, Mix::Everything);
        let new: Vec<&[u8]> = bodies.iter().skip(applied).collect();
        append(&*log, &new.iter().collect()).await;
        Reads::hurry(&writer.reads, end(&bodies));
    }
    stop.cancel();
    writer.runner.await.expect("a task").expect("a clean end");
    writer.reads.close().await;
    checkpoint.wait_for(|at| *at == end(&bodies)).await.expect("a checkpoint");
    assert!(is_equal(history.ledger, log, &follower.reads).await);
    follower.reads.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_swaps_under_readers_and_stops_who_writes_the_old_rows() {
    let (mut history, mut bodies) = everything(107, 10, 600);
    let (place, log) = (place::Postgres::new().await, log_of(&bodies).await);
    let pinned = place.project(history.ledger, log.clone()).await;
    let mut old = place.store(history.ledger).await;
    let follower = follow(&place, history.ledger, log.clone()).await;
    assert!(place.tamper("UPDATE wallets SET events = events + 1").await > 5);
    place.rebuild(history.ledger, log.clone(), |_, _| {}).await.expect("a rebuild");
    // The follower goes over to the new rows; who read the old ones alone is told.
    let wallet = history.wallets.iter().find(|(.., wallet)| wallet.is_some()).expect("a wallet").0;
    assert!(
        follower.reads.identity(PeopleQuery::ALL).await.is_ok()
            && pinned.identity(PeopleQuery::ALL).await.is_err()
    );
    assert!(pinned.wallet(wallet).await.is_err(), "rows that are gone are no answer");
    let mut fold = Fold::new(history.ledger, Start::default(), 1_000);
    recorded(&bodies).iter().for_each(|event| fold.apply(event).expect("a valid history"));
    fold.clear();
    let before = bodies.len();
    history.extend(&mut bodies, 50, Mix::Everything);
    let new = recorded(&bodies).split_off(before);
    new.iter().for_each(|event| fold.apply(event).expect("a valid history"));
    let fault = old.write(&fold.batch()).await.expect_err("others took its place");
    assert!(matches!(fault, StoreFault::Corrupt(_)), "{fault}");
    old.close().await;
    pinned.close().await;
    follower.reads.close().await;
    let live = place.opened(history.ledger, log.clone()).await;
    assert!(is_equal(history.ledger, log, &live).await && place.is_tidy().await);
    live.close().await;
}
