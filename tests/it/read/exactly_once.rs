//! A batch is written once and whole, or not at all.

use credit_ledger::read::{Fold, Start, Store, StoreFault, replay};
use events::Position;

use super::place::{Place, on_every_store};
use super::{end, everything, log_of, recorded};
use crate::support::history::Mix;

on_every_store!(
    a_batch_that_was_interrupted_anywhere_leaves_no_trace,
    a_checkpoint_that_somebody_else_moved_stops_the_writer,
    a_batch_that_failed_half_way_is_written_again,
);

/// Tables whose rows a batch writes.
const WRITTEN: [&str; 18] = [
    "ids",
    "wallets",
    "wallet_marks",
    "timers",
    "bases",
    "usage",
    "liability_marks",
    "prices",
    "policies",
    "entries",
    "entry_lists",
    "returned",
    "apps",
    "keys",
    "command_pages",
    "command_filters",
    "command_segments",
    "checkpoints",
];

async fn a_batch_that_was_interrupted_anywhere_leaves_no_trace<P: Place>() {
    let (mut history, mut bodies) = everything(31, 12, 300);
    let half = log_of(&bodies).await;
    let place = P::new().await;
    place.project(history.ledger, half.clone()).await.close().await;
    place.mine(&WRITTEN).await;
    let before = end(&bodies);
    history.extend(&mut bodies, 300, Mix::Everything);
    let (whole, events) = (log_of(&bodies).await, recorded(&bodies).split_off(before.get() as usize));
    let mut store = place.store(history.ledger).await;
    let mut fold = Fold::new(history.ledger, store.start().await.expect("a start"), 1_000);
    let missing = fold.missing(&events);
    fold.adopt(store.find(&missing).await.expect("rows"));
    events.iter().for_each(|event| fold.apply(event).expect("a valid history"));
    store.close().await;
    let batch = fold.batch();
    let rows = batch.wallets.len() + batch.entries.len() / 512 + batch.returned.len();

    for rows_left in (0..).step_by(P::MINED) {
        assert_eq!(place.tamper(format!("UPDATE mine SET rows_left = {rows_left}")).await, 1);
        // The process might as well have ended at the mine: this store does nothing afterwards.
        let mut store = place.store(history.ledger).await;
        assert_eq!(store.checkpoint(), before);
        let written = store.write(&batch).await;
        drop(store);
        let live = place.opened(history.ledger, half.clone()).await;
        let comparison =
            replay::compare(history.ledger, whole.clone(), &live, |_, _| {}).await.expect("a comparison");
        assert!(comparison.is_equal(), "after {rows_left} rows: {comparison:?}");
        live.close().await;
        if written.is_ok() {
            assert_eq!(comparison.events, bodies.len() as u64);
            assert!(rows_left > rows, "{rows_left} interruptions are too few to prove anything");
            return;
        }
        let fault = written.expect_err("it struck a mine");
        assert!(matches!(&fault, StoreFault::Unavailable(why) if why.contains("a mine")), "{fault}");
        assert_eq!(comparison.events, before.get(), "after {rows_left} rows");
    }
}

async fn a_checkpoint_that_somebody_else_moved_stops_the_writer<P: Place>() {
    let (history, bodies) = everything(32, 5, 100);
    let place = P::new().await;
    let mut store = place.store(history.ledger).await;
    assert_eq!(place.tamper("UPDATE checkpoints SET position = 1").await, 9);
    let mut fold = Fold::new(history.ledger, Start::default(), 100);
    recorded(&bodies).iter().for_each(|event| fold.apply(event).expect("a valid history"));
    let fault = store.write(&fold.batch()).await.expect_err("two writers");
    assert!(matches!(fault, StoreFault::Corrupt(_)), "{fault}");
    store.close().await;
    assert_eq!(place.tamper("DELETE FROM entries").await, 0, "nothing of the batch is there");
}

async fn a_batch_that_failed_half_way_is_written_again<P: Place>() {
    let (history, bodies) = everything(33, 8, 400);
    let place = P::new().await;
    let mut store = place.store(history.ledger).await;
    let mut fold = Fold::new(history.ledger, Start::default(), 100);
    recorded(&bodies).iter().for_each(|event| fold.apply(event).expect("a valid history"));
    for refusal in P::REFUSALS {
        place.tamper(*refusal).await;
        let fault = store.write(&fold.batch()).await.expect_err("no room");
        assert!(matches!(&fault, StoreFault::Unavailable(_)), "{fault}");
        assert_eq!(store.checkpoint(), Position(0));
        place.tamper(P::DROP_REFUSAL).await;
    }
    store.write(&fold.batch()).await.expect("room again");
    store.close().await;
    let log = log_of(&bodies).await;
    let live = place.opened(history.ledger, log.clone()).await;
    let comparison = replay::compare(history.ledger, log, &live, |_, _| {}).await.expect("a comparison");
    assert!(comparison.is_equal() && comparison.events == bodies.len() as u64, "{comparison:?}");
    live.close().await;
}
