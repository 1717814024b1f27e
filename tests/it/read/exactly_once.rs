//! A batch is written once and whole, or not at all.

use std::{future::poll_fn, pin::pin, task::Poll};

use credit_ledger::read::{Fold, Store, StoreFault, replay, sqlite};
use events::Position;
use projections::Identity;

use super::{everything, log_of, project, recorded, tamper};

/// Polls a future so many times and then drops it, as a crash would end its work.
async fn polled<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        let polled = future.as_mut().poll(context).map(Some);
        if polled.is_pending() && left == 0 { Poll::Ready(None) } else { polled }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_was_interrupted_anywhere_leaves_no_trace() {
    let (mut history, mut bodies) = everything(31, 12, 600);
    let half = log_of(&bodies).await;
    let directory = tempfile::tempdir().expect("a directory");
    project(directory.path(), history.ledger, half.clone()).await.close().await;
    let before = super::end(&bodies);
    history.extend(&mut bodies, 600, crate::support::history::Mix::Everything);
    let whole = log_of(&bodies).await;

    for times in 1..2_000 {
        let mut store = sqlite::open_store(directory.path(), history.ledger).await.expect("a store");
        assert_eq!(store.checkpoint(), before);
        let identity = store.identity().await.expect("identity");
        let mut fold = Fold::new(history.ledger, before, identity, 1_000);
        let events = recorded(&bodies).split_off(before.get() as usize);
        let missing = fold.missing(&events);
        let wallets = store.wallets(&missing.wallets).await.expect("wallets");
        let returned = store.returned(&missing.returned).await.expect("returned");
        fold.adopt(wallets, returned);
        events.iter().for_each(|event| fold.apply(event).expect("a valid history"));
        let written = polled(store.write(&fold.batch()), times).await;
        drop(store);
        // A commit that was under way has ended when the file can be locked again.
        tamper(directory.path(), "UPDATE checkpoints SET position = position").await;
        let live =
            sqlite::read_only(directory.path(), history.ledger, half.clone()).await.expect("projections");
        let comparison =
            replay::compare(history.ledger, whole.clone(), &live, |_, _| {}).await.expect("a comparison");
        assert!(comparison.is_equal(), "after {times} polls: {comparison:?}");
        live.close().await;
        if comparison.events > before.get() {
            assert!(times > 5, "{times} interruptions are too few to prove anything");
            return;
        }
        assert!(written.is_none(), "the batch was acknowledged and is not there");
    }
    panic!("the batch was never written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_that_somebody_else_moved_stops_the_writer() {
    let (history, bodies) = everything(32, 5, 100);
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite::open_store(directory.path(), history.ledger).await.expect("a store");
    assert_eq!(tamper(directory.path(), "UPDATE checkpoints SET position = 1").await, 5);
    let mut fold = Fold::new(history.ledger, Position(0), Identity::default(), 100);
    recorded(&bodies).iter().for_each(|event| fold.apply(event).expect("a valid history"));
    let fault = store.write(&fold.batch()).await.expect_err("two writers");
    assert!(matches!(fault, StoreFault::Corrupt(_)), "{fault}");
    store.close().await;
    assert_eq!(tamper(directory.path(), "DELETE FROM entries").await, 0, "nothing of the batch is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_failed_half_way_is_written_again() {
    let (history, bodies) = everything(33, 8, 400);
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite::open_store(directory.path(), history.ledger).await.expect("a store");
    let refuse =
        "CREATE TRIGGER refuse BEFORE INSERT ON command_segments BEGIN SELECT RAISE(ABORT, 'no room'); END";
    tamper(directory.path(), refuse).await;
    let mut fold = Fold::new(history.ledger, Position(0), Identity::default(), 100);
    recorded(&bodies).iter().for_each(|event| fold.apply(event).expect("a valid history"));
    let fault = store.write(&fold.batch()).await.expect_err("no room");
    assert!(matches!(&fault, StoreFault::Unavailable(why) if why.contains("no room")), "{fault}");
    assert_eq!(store.checkpoint(), Position(0));
    tamper(directory.path(), "DROP TRIGGER refuse").await;
    store.write(&fold.batch()).await.expect("room again");
    store.close().await;
    let log = log_of(&bodies).await;
    let live = sqlite::read_only(directory.path(), history.ledger, log.clone()).await.expect("projections");
    let comparison = replay::compare(history.ledger, log, &live, |_, _| {}).await.expect("a comparison");
    assert!(comparison.is_equal() && comparison.events == bodies.len() as u64, "{comparison:?}");
    live.close().await;
}
