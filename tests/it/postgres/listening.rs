//! Readers learn of what other processes append.

use std::time::Duration;

use credit_ledger::log::Log;
use events::Position;
use futures::FutureExt;
use tokio::time::timeout;

use super::{numbered, open};
use crate::support::postgres::{Database, SUPERUSER, run};

/// How long a test waits for what should come at once.
const PATIENCE: Duration = Duration::from_secs(120);

const LISTENERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
     AND query LIKE 'LISTEN %'";

#[tokio::test]
async fn an_append_elsewhere_wakes_by_notification() {
    let database = Database::migrated().await;
    let (reader, writer) = (open(&database).await, open(&database).await);
    for position in 0..20 {
        let mut waiting = reader.wait_past(Position(position));
        assert!((&mut waiting).now_or_never().is_none());
        writer.append(Position(position), &numbered(position, 1)).await.expect("an append");
        timeout(PATIENCE, waiting).await.expect("woken");
    }
    // One word a group, whose text is the head.
    let mut listener = sqlx::postgres::PgListener::connect(&database.url()).await.expect("a listener");
    listener.listen("credit_ledger_1").await.expect("a channel");
    writer.append(Position(20), &numbered(20, 100)).await.expect("an append");
    let heard = timeout(PATIENCE, listener.recv()).await.expect("in time").expect("a notification");
    assert_eq!(heard.payload(), "120");
    writer.append(Position(0), &numbered(0, 1)).await.expect_err("a lost race");
    writer.append(Position(120), &numbered(120, 1)).await.expect("an append");
    let heard = timeout(PATIENCE, listener.recv()).await.expect("in time").expect("a notification");
    assert_eq!(heard.payload(), "121", "a lost race says nothing");
}

#[tokio::test]
async fn a_lost_listener_comes_back_and_nothing_is_missed() {
    let database = Database::migrated().await;
    let (reader, writer) = (open(&database).await, open(&database).await);
    writer.append(Position(0), &numbered(0, 1)).await.expect("an append");
    let mut superuser = database.connect_as(SUPERUSER).await;
    for position in 1..4 {
        // Whatever listens now, or is about to, is cut off.
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                   AND pid <> pg_backend_pid() AND query NOT LIKE '%append_events%'";
        run(&mut superuser, cut).await;
        writer.append(Position(position), &numbered(position, 1)).await.expect("an append");
        timeout(PATIENCE, reader.wait_past(Position(position))).await.expect("found by looking");
        assert_eq!(reader.head().await, Ok(Position(position + 1)));
    }
    let listening = async {
        loop {
            let count: i64 = sqlx::query_scalar(LISTENERS).fetch_one(&mut superuser).await.expect("a count");
            if count == 2 {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, listening).await.expect("both listen again");
}

#[tokio::test]
async fn a_closed_log_lets_everyone_go() {
    let database = Database::migrated().await;
    let log = open(&database).await;
    log.append(Position(0), &numbered(0, 1)).await.expect("an append");
    let waiting = log.wait_past(Position(100));
    log.close().await;
    timeout(PATIENCE, waiting).await.expect("nobody waits for a closed log");
    log.append(Position(1), &numbered(1, 1)).await.expect_err("closed");
    log.head().await.expect_err("closed");
    let mut superuser = database.connect_as(SUPERUSER).await;
    let gone = async {
        let left = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND application_name = 'credit-ledger'";
        while sqlx::query_scalar::<_, i64>(left).fetch_one(&mut superuser).await.expect("a count") > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("no connection is left");
}
