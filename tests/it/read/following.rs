//! The runner follows the log while it grows, and stops in order.

use std::sync::Arc;

use credit_ledger::{
    log::{Bodies, memory::MemoryLog},
    read::{Live, Reads, replay, sqlite},
};
use events::Position;
use tokio_util::sync::CancellationToken;

use super::{append, clock, end, everything, log_of, nothing_handed_over};
use crate::support::history::{History, Mix};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_see_events_soon_after_they_were_appended() {
    let (mut history, mut bodies) = everything(41, 10, 200);
    let log = log_of(&bodies).await;
    let directory = tempfile::tempdir().expect("a directory");
    let stop = CancellationToken::new();
    let started = sqlite::start(
        directory.path(),
        history.ledger,
        log.clone(),
        nothing_handed_over(),
        clock(),
        stop.clone(),
        |_, _| {},
    );
    let projected = started.await.expect("projections");
    let mut checkpoint = projected.reads.checkpoint();
    for _ in 0..5 {
        let applied = bodies.len();
        history.extend(&mut bodies, 50, Mix::Everything);
        let new: Vec<&[u8]> = bodies.iter().skip(applied).collect();
        append(&*log, &new.iter().collect()).await;
        projected.reads.hurry(end(&bodies));
        checkpoint.wait_for(|at| *at == end(&bodies)).await.expect("a checkpoint");
        assert_eq!(
            projected.reads.applied().await.expect("a read"),
            end(&bodies),
            "published before it was there"
        );
    }
    stop.cancel();
    projected.runner.await.expect("a task").expect("a clean end");
    assert_eq!(projected.reads.halted(), None);
    let comparison =
        replay::compare(history.ledger, log, &projected.reads, |_, _| {}).await.expect("a result");
    assert!(comparison.is_equal(), "{comparison:?}");
    projected.reads.close().await;
    let wal = directory.path().join("read.db-wal");
    assert!(wal.metadata().is_ok_and(|wal| wal.len() == 0), "everything is in the file itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_stored_before_the_stop_is_applied() {
    let (history, bodies) = everything(42, 10, 9_000);
    let directory = tempfile::tempdir().expect("a directory");
    let log = Arc::new(MemoryLog::new());
    let stop = CancellationToken::new();
    let started = sqlite::start(
        directory.path(),
        history.ledger,
        log.clone(),
        nothing_handed_over(),
        clock(),
        stop.clone(),
        |_, _| {},
    );
    let projected = started.await.expect("projections");
    append(&*log, &bodies).await;
    stop.cancel();
    projected.runner.await.expect("a task").expect("a clean end");
    assert_eq!(projected.reads.applied().await.expect("a read"), end(&bodies));
    assert_eq!(*projected.reads.checkpoint().borrow(), end(&bodies));
    projected.reads.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_log_has_empty_projections() {
    let directory = tempfile::tempdir().expect("a directory");
    let (history, _) = everything(43, 1, 0);
    let log = Arc::new(MemoryLog::new());
    let reads = super::project(directory.path(), history.ledger, log.clone()).await;
    assert_eq!(reads.applied().await.expect("a read"), Position(0));
    let comparison = replay::compare(history.ledger, log, &reads, |_, _| {}).await.expect("a result");
    assert!(comparison.is_equal() && comparison.events == 0);
    reads.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_batches_at_a_time_make_the_same_rows() {
    let (mut history, mut bodies) = (History::new(44, 1, 300), Bodies::default());
    history.begin(&mut bodies);
    history.fund(&mut bodies);
    history.extend(&mut bodies, 20_000, Mix::Deductions);
    let log = log_of(&bodies).await;
    let directory = tempfile::tempdir().expect("a directory");
    let reads = super::project(directory.path(), history.ledger, log.clone()).await;
    let comparison = replay::compare(history.ledger, log, &reads, |_, _| {}).await.expect("a result");
    assert!(comparison.is_equal() && comparison.events == bodies.len() as u64, "{comparison:?}");
    reads.close().await;
}
