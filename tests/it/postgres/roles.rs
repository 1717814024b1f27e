//! Who may do what: history is appended to, and read, and nothing else, whoever asks.

use credit_ledger::log::Log;
use events::Position;
use sqlx::{AssertSqlSafe, Executor};

use super::{all, numbered, open};
use crate::support::postgres::{APPLICATION, Database, MIGRATOR, SUPERUSER};

/// What would change history, on the table, on its partition and on what the log rests on.
const CHANGES: &[&str] = &[
    "UPDATE credit_ledger.events SET body = 'x' WHERE position = 1",
    "UPDATE credit_ledger.events SET position = 9 WHERE position = 1",
    "UPDATE credit_ledger.events_0 SET body = 'x'",
    "DELETE FROM credit_ledger.events WHERE position = 1",
    "DELETE FROM credit_ledger.events_0",
    "TRUNCATE credit_ledger.events",
    "TRUNCATE credit_ledger.events_0",
    "TRUNCATE credit_ledger.ledgers CASCADE",
    "UPDATE credit_ledger.log_heads SET head = 1",
    "UPDATE credit_ledger.log_heads SET head = head",
    "UPDATE credit_ledger.log_heads SET ledger = 2, head = 99",
    "DELETE FROM credit_ledger.log_heads",
    "TRUNCATE credit_ledger.log_heads",
    "UPDATE credit_ledger.ledgers SET id = gen_random_uuid()",
    "DELETE FROM credit_ledger.ledgers",
    "UPDATE credit_ledger.log_layout SET partition_events = 7",
    "DELETE FROM credit_ledger.log_layout",
    "INSERT INTO credit_ledger.events (ledger, position, body) VALUES (1, 1, 'again')",
    "INSERT INTO credit_ledger.events (ledger, position, body) VALUES (1, 7, '')",
    "INSERT INTO credit_ledger.events (ledger, position, body) VALUES (1, -1, 'x')",
];

/// What the owner of a table can always do, and the application can't.
const REMOVALS: &[&str] = &[
    "INSERT INTO credit_ledger.events (ledger, position, body) VALUES (1, 7, 'a hole before it')",
    "UPDATE credit_ledger.log_heads SET head = 7",
    "INSERT INTO credit_ledger.ledgers VALUES (7, gen_random_uuid())",
    "SELECT credit_ledger.make_partitions(0, 99999999)",
    "DROP TABLE credit_ledger.events",
    "DROP TABLE credit_ledger.events_0",
    "ALTER TABLE credit_ledger.events DETACH PARTITION credit_ledger.events_0",
    "ALTER TABLE credit_ledger.events DISABLE TRIGGER events_never_change",
    "DROP TRIGGER events_never_change ON credit_ledger.events",
    "DROP FUNCTION credit_ledger.append_events(smallint, bigint, bytea[])",
    "CREATE OR REPLACE FUNCTION credit_ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "DROP SCHEMA credit_ledger CASCADE",
    "CREATE TABLE credit_ledger.mine (x int)",
    "DELETE FROM credit_ledger.migrations",
    "SET ROLE migrator",
];

async fn assert_refused(database: &Database, user: &str, changes: &[&str]) {
    for change in changes {
        let mut connection = database.connect_as(user).await;
        let done = connection.execute(AssertSqlSafe(*change)).await;
        assert!(done.is_err(), "{user} may {change}");
    }
}

#[tokio::test]
async fn nobody_changes_history() {
    let database = Database::migrated().await;
    let log = open(&database).await;
    log.append(Position(0), &numbered(0, 3)).await.expect("an append");
    for user in [APPLICATION, MIGRATOR, SUPERUSER] {
        assert_refused(&database, user, CHANGES).await;
    }
    assert_refused(&database, APPLICATION, REMOVALS).await;
    // Nor while a session claims to be replication, which switches ordinary triggers off.
    for change in CHANGES {
        let mut connection = database.connect_as(SUPERUSER).await;
        connection.execute("SET session_replication_role = replica").await.expect("a superuser may");
        assert!(connection.execute(AssertSqlSafe(*change)).await.is_err(), "as replication: {change}");
    }
    assert_eq!(all(&log, 100).await, numbered(0, 3));
    assert_eq!(log.append(Position(3), &numbered(3, 1)).await, Ok(Position(4)));
}

#[tokio::test]
async fn a_stranger_sees_and_does_nothing() {
    let database = Database::migrated().await;
    drop(open(&database).await);
    let mut owner = database.connect_as(SUPERUSER).await;
    let stranger = format!("stranger_of_{}", database.name);
    owner.execute(AssertSqlSafe(format!("CREATE ROLE {stranger} LOGIN"))).await.expect("a role");
    for change in [
        "SELECT * FROM credit_ledger.events",
        "SELECT * FROM credit_ledger.append_events(1::smallint, 0, ARRAY['x']::bytea[])",
        "SELECT credit_ledger.add_ledger(gen_random_uuid())",
    ] {
        assert_refused(&database, &stranger, &[change]).await;
    }
    assert_refused(&database, &stranger, CHANGES).await;
    owner.execute(AssertSqlSafe(format!("DROP ROLE {stranger}"))).await.expect("no role");
}
