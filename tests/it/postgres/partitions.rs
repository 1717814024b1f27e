//! Events lie in partitions, the next of which is always there.

use credit_ledger::log::{AppendError, Log};
use events::Position;
use sqlx::Connection;

use super::{all, numbered, open};
use crate::support::postgres::{Database, MIGRATOR};

async fn partitions(database: &Database) -> i64 {
    let mut connection = database.connect_as(MIGRATOR).await;
    let count = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'credit_ledger.events'::regclass";
    sqlx::query_scalar(count).fetch_one(&mut connection).await.expect("a count")
}

#[tokio::test]
async fn the_log_rolls_over_at_the_boundary() {
    let database = Database::with_partitions_of(10).await;
    let log = open(&database).await;
    assert_eq!(partitions(&database).await, 2);
    let mut head = Position(0);
    // Ends before, at and behind a boundary, over one and over several, and onto one again.
    for (count, partitions_then) in [(9, 2), (1, 3), (9, 3), (2, 4), (35, 7), (4, 8), (10, 9), (1, 9)] {
        head = log.append(head, &numbered(head.get(), count)).await.expect("an append");
        assert_eq!(partitions(&database).await, partitions_then, "at {head}");
    }
    assert_eq!(head, Position(71));
    for limit in [1, 3, 10, 1_000] {
        assert_eq!(all(&log, limit).await, numbered(0, 71));
    }
    for from in 0..71 {
        let page = log.read(Position(from), 12).await.expect("a page");
        assert_eq!(page.bodies, numbered(from, 12.min(71 - from)));
    }
    let stale = log.append(Position(70), &numbered(70, 30)).await;
    assert_eq!(stale, Err(AppendError::HeadMoved { head }));
    assert_eq!(partitions(&database).await, 9, "a losing append makes none");
}

/// Neither waits for the other: a report that reads for hours must not stop the ledger.
#[tokio::test]
async fn a_long_read_and_a_new_partition_do_not_wait_for_each_other() {
    let database = Database::with_partitions_of(10).await;
    let log = open(&database).await;
    let head = log.append(Position(0), &numbered(0, 5)).await.expect("an append");
    let mut reader = database.connect_as(MIGRATOR).await;
    let mut reading = reader.begin().await.expect("a transaction");
    let count = "SELECT count(*) FROM credit_ledger.events WHERE position < 20";
    let before: i64 = sqlx::query_scalar(count).fetch_one(&mut *reading).await.expect("a count");
    let head = log.append(head, &numbered(5, 20)).await.expect("an append that makes partitions");
    let after: i64 = sqlx::query_scalar(count).fetch_one(&mut *reading).await.expect("a count");
    assert_eq!((before, after, head), (5, 20, Position(25)));
}
