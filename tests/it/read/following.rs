//! The runner follows the log while it grows, and stops in order.

use std::sync::Arc;

use credit_ledger::{
    log::{Bodies, memory::MemoryLog},
    read::{Live, Reads, replay},
};
use events::Position;
use tokio_util::sync::CancellationToken;

use super::place::{Place, on_every_store};
use super::{append, end, everything, log_of, nothing_handed_over};
use crate::support::history::{History, Mix};

on_every_store!(
    readers_see_events_soon_after_they_were_appended,
    what_was_stored_before_the_stop_is_applied,
    an_empty_log_has_empty_projections,
    many_batches_at_a_time_make_the_same_rows,
);

async fn readers_see_events_soon_after_they_were_appended<P: Place>() {
    let (mut history, mut bodies) = everything(41, 10, 200);
    let log = log_of(&bodies).await;
    let place = P::new().await;
    let stop = CancellationToken::new();
    let started = place.start(history.ledger, log.clone(), nothing_handed_over(), stop.clone());
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
    assert!(place.is_tidy().await, "everything is where it belongs");
}

async fn what_was_stored_before_the_stop_is_applied<P: Place>() {
    let (history, bodies) = everything(42, 10, 9_000);
    let place = P::new().await;
    let log = Arc::new(MemoryLog::new());
    let stop = CancellationToken::new();
    let started = place.start(history.ledger, log.clone(), nothing_handed_over(), stop.clone());
    let projected = started.await.expect("projections");
    append(&*log, &bodies).await;
    stop.cancel();
    projected.runner.await.expect("a task").expect("a clean end");
    assert_eq!(projected.reads.applied().await.expect("a read"), end(&bodies));
    assert_eq!(*projected.reads.checkpoint().borrow(), end(&bodies));
    projected.reads.close().await;
}

async fn an_empty_log_has_empty_projections<P: Place>() {
    let place = P::new().await;
    let (history, _) = everything(43, 1, 0);
    let log = Arc::new(MemoryLog::new());
    let reads = place.project(history.ledger, log.clone()).await;
    assert_eq!(reads.applied().await.expect("a read"), Position(0));
    let comparison = replay::compare(history.ledger, log, &reads, |_, _| {}).await.expect("a result");
    assert!(comparison.is_equal() && comparison.events == 0);
    reads.close().await;
}

async fn many_batches_at_a_time_make_the_same_rows<P: Place>() {
    let (mut history, mut bodies) = (History::new(44, 1, 300), Bodies::default());
    history.begin(&mut bodies);
    history.fund(&mut bodies);
    history.extend(&mut bodies, 20_000, Mix::Deductions);
    let log = log_of(&bodies).await;
    let place = P::new().await;
    let reads = place.project(history.ledger, log.clone()).await;
    let comparison = replay::compare(history.ledger, log, &reads, |_, _| {}).await.expect("a result");
    assert!(comparison.is_equal() && comparison.events == bodies.len() as u64, "{comparison:?}");
    reads.close().await;
}
