//! The same history is the same bytes, whichever log holds it.

use std::sync::Arc;

use credit_ledger::log::{Bodies, Log, memory::MemoryLog, sqlite::SqliteLog};
use events::{Position, Recorded};

use super::{all, open_ledger};
use crate::support::{
    ground::{Ground, LEDGER, Ledger},
    history::{History, Mix},
    postgres::Database,
    words::{ask, deduct, purchase, roll_back},
};

async fn lived(log: Arc<dyn Log>) -> Vec<Vec<u8>> {
    let ledger = Ground::on(log).start().await;
    ledger.fresh(ask("P1", purchase(1_000))).await;
    let mut spent: Vec<Recorded> = Vec::new();
    for number in 0..30 {
        spent.push(ledger.fresh(ask(&format!("D{number}"), deduct(number + 1))).await);
    }
    ledger.fresh(ask("R1", roll_back(spent[7].envelope.position, None))).await;
    ledger.replayed(ask("D3", deduct(4))).await;
    let ledger: Ledger = ledger.restart().await;
    ledger.fresh(ask("D99", deduct(5_000))).await;
    ledger.end().await.bytes().await
}

#[tokio::test]
async fn an_engine_leaves_the_same_bytes_in_every_log() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = Database::migrated().await;
    let in_memory = lived(Arc::new(MemoryLog::new())).await;
    let in_sqlite = lived(Arc::new(SqliteLog::open(directory.path()).await.expect("a log"))).await;
    let in_postgres = lived(Arc::new(open_ledger(&database.url(), LEDGER).await)).await;
    assert!(in_memory.len() > 30);
    assert!(in_memory == in_sqlite && in_memory == in_postgres);
}

#[tokio::test]
async fn a_history_of_everything_is_read_as_it_was_written() {
    let mut history = History::new(11, 2, 40);
    let mut bodies = Bodies::default();
    history.begin(&mut bodies);
    history.fund(&mut bodies);
    history.extend(&mut bodies, 5_000, Mix::Everything);
    let database = Database::with_partitions_of(1_000).await;
    let log = open_ledger(&database.url(), history.ledger).await;
    let mut head = Position(0);
    while head.get() < bodies.len() as u64 {
        let group = bodies.iter().skip(head.get() as usize).take(256).collect();
        head = log.append(head, &group).await.expect("an append");
    }
    assert_eq!(all(&log, 700).await, bodies);
}
