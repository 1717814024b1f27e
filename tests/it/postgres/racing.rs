//! Several processes append to one ledger: of those at one head, one wins.

use std::sync::Arc;

use credit_ledger::log::{AppendError, Bodies, Log, postgres::PostgresLog};
use events::Position;
use futures::future::join_all;

use super::{all, open};
use crate::support::postgres::Database;

const WRITERS: u64 = 4;

async fn handles(database: &Database) -> Vec<Arc<PostgresLog>> {
    let mut logs = Vec::new();
    for _ in 0..WRITERS {
        logs.push(Arc::new(open(database).await));
    }
    logs
}

fn group(round: u64, writer: u64) -> Bodies {
    (0..3).map(|index| format!("round {round}, writer {writer}, event {index}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_connections_one_wins_each_head() {
    let database = Database::migrated().await;
    let logs = handles(&database).await;
    let mut expected = Bodies::default();
    for round in 0..25 {
        let head = Position(expected.len() as u64);
        let attempts = logs.iter().zip(0..).map(|(log, writer)| {
            let log = Arc::clone(log);
            tokio::spawn(async move { log.append(head, &group(round, writer)).await })
        });
        let outcomes: Vec<_> =
            join_all(attempts).await.into_iter().map(|task| task.expect("no panic")).collect();
        let new_head = head.plus(3);
        let winners: Vec<_> = (0..WRITERS).filter(|&it| outcomes[it as usize] == Ok(new_head)).collect();
        let [winner] = winners[..] else { panic!("{outcomes:?}") };
        let lost = outcomes.iter().filter(|it| **it == Err(AppendError::HeadMoved { head: new_head }));
        assert_eq!(lost.count() as u64, WRITERS - 1, "{outcomes:?}");
        group(round, winner).iter().for_each(|body| expected.push(body));
    }
    assert_eq!(all(&*logs[0], 1_000).await, expected);
}

/// Ledgers of one database share tables and partitions, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledgers_do_not_wait_for_each_other_nor_mix() {
    let database = Database::with_partitions_of(16).await;
    let first = open(&database).await;
    let other = events::LedgerId(uuid::Uuid::from_u128(77));
    PostgresLog::add_ledger(&database.url(), other).await.expect("a second ledger");
    let second = super::open_ledger(&database.url(), other).await;
    let write = async |log: &PostgresLog, name: &str| {
        let mut head = Position(0);
        for round in 0..40 {
            let group: Bodies = (0..5).map(|index| format!("{name} {round} {index}")).collect();
            head = log.append(head, &group).await.expect("the only writer of this ledger");
        }
    };
    tokio::join!(write(&first, "first"), write(&second, "second"));
    for (log, name) in [(&first, "first"), (&second, "second")] {
        let stored = all(log, 64).await;
        assert_eq!(stored.len(), 200);
        assert!(stored.iter().all(|body| body.starts_with(name.as_bytes())));
    }
}
