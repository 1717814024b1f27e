//! A batch is written once and whole, or not at all.

use std::path::Path;

use credit_ledger::read::{Fold, Start, Store, StoreFault, replay, sqlite};
use events::Position;

use super::{end, everything, log_of, project, recorded, tamper};
use crate::support::history::Mix;

/// Tables whose rows a batch writes, and how.
const WRITES: [(&str, &str); 20] = [
    ("ids", "INSERT"),
    ("wallets", "INSERT"),
    ("wallet_marks", "INSERT"),
    ("timers", "INSERT"),
    ("timers", "UPDATE"),
    ("bases", "INSERT"),
    ("usage", "INSERT"),
    ("usage", "UPDATE"),
    ("liability_marks", "INSERT"),
    ("prices", "INSERT"),
    ("policies", "INSERT"),
    ("entries", "INSERT"),
    ("entry_lists", "INSERT"),
    ("returned", "INSERT"),
    ("apps", "INSERT"),
    ("keys", "INSERT"),
    ("command_pages", "INSERT"),
    ("command_filters", "INSERT"),
    ("command_segments", "INSERT"),
    ("checkpoints", "UPDATE"),
];

/// Makes writing fail after so many rows of any table, as often as it is tried.
async fn mine(directory: &Path) {
    tamper(directory, "CREATE TABLE mine (rows_left INTEGER NOT NULL)").await;
    tamper(directory, "INSERT INTO mine VALUES (0)").await;
    for (table, write) in WRITES {
        // FAIL undoes nothing by itself, not even this statement: that is left to the transaction.
        let trigger = format!(
            "CREATE TRIGGER mine_{table}_{write} AFTER {write} ON {table} BEGIN \
             UPDATE mine SET rows_left = rows_left - 1; \
             SELECT RAISE(FAIL, 'a mine') FROM mine WHERE rows_left < 0; END"
        );
        tamper(directory, trigger).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_was_interrupted_anywhere_leaves_no_trace() {
    let (mut history, mut bodies) = everything(31, 12, 300);
    let half = log_of(&bodies).await;
    let directory = tempfile::tempdir().expect("a directory");
    project(directory.path(), history.ledger, half.clone()).await.close().await;
    mine(directory.path()).await;
    let before = end(&bodies);
    history.extend(&mut bodies, 300, Mix::Everything);
    let (whole, events) = (log_of(&bodies).await, recorded(&bodies).split_off(before.get() as usize));
    let mut store = sqlite::open_store(directory.path(), history.ledger).await.expect("a store");
    let mut fold = Fold::new(history.ledger, store.start().await.expect("a start"), 1_000);
    let missing = fold.missing(&events);
    fold.adopt(store.find(&missing).await.expect("rows"));
    events.iter().for_each(|event| fold.apply(event).expect("a valid history"));
    store.close().await;
    let batch = fold.batch();
    let rows = batch.wallets.len() + batch.entries.len() / 512 + batch.returned.len();

    for rows_left in 0.. {
        assert_eq!(tamper(directory.path(), format!("UPDATE mine SET rows_left = {rows_left}")).await, 1);
        // The process might as well have ended at the mine: this store does nothing afterwards.
        let mut store = sqlite::open_store(directory.path(), history.ledger).await.expect("a store");
        assert_eq!(store.checkpoint(), before);
        let written = store.write(&batch).await;
        drop(store);
        let live =
            sqlite::read_only(directory.path(), history.ledger, half.clone()).await.expect("projections");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_that_somebody_else_moved_stops_the_writer() {
    let (history, bodies) = everything(32, 5, 100);
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite::open_store(directory.path(), history.ledger).await.expect("a store");
    assert_eq!(tamper(directory.path(), "UPDATE checkpoints SET position = 1").await, 9);
    let mut fold = Fold::new(history.ledger, Start::default(), 100);
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
    let mut fold = Fold::new(history.ledger, Start::default(), 100);
    recorded(&bodies).iter().for_each(|event| fold.apply(event).expect("a valid history"));
    // A full disk may end the transaction, as ROLLBACK does, or only the statement.
    for end in ["ABORT", "ROLLBACK", "FAIL"] {
        let refuse = format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON command_segments BEGIN SELECT RAISE({end}, 'no room'); END"
        );
        tamper(directory.path(), refuse).await;
        let fault = store.write(&fold.batch()).await.expect_err("no room");
        assert!(matches!(&fault, StoreFault::Unavailable(why) if why.contains("no room")), "{fault}");
        assert_eq!(store.checkpoint(), Position(0));
        tamper(directory.path(), "DROP TRIGGER refuse").await;
    }
    store.write(&fold.batch()).await.expect("room again");
    store.close().await;
    let log = log_of(&bodies).await;
    let live = sqlite::read_only(directory.path(), history.ledger, log.clone()).await.expect("projections");
    let comparison = replay::compare(history.ledger, log, &live, |_, _| {}).await.expect("a comparison");
    assert!(comparison.is_equal() && comparison.events == bodies.len() as u64, "{comparison:?}");
    live.close().await;
}
