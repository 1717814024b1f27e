//! Servers that would lose answered commands are refused.

use credit_ledger::log::{
    AppendError, Log,
    postgres::{MigrateError, OpenError, PARTITION_EVENTS, PostgresLog, migrate},
};
use events::Position;

use super::{numbered, open};
use crate::support::postgres::{Database, SUPERUSER, Server, run};

async fn refusal(url: &str) -> String {
    match PostgresLog::connect(url, None).await {
        Err(error @ OpenError::Unusable { .. }) => error.to_string(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[tokio::test]
async fn a_server_that_does_not_sync_is_refused() {
    for setting in ["fsync=off", "full_page_writes=off"] {
        let server = Server::start(&[setting]);
        let refused = refusal(&server.superuser_url()).await;
        assert!(refused.contains(setting) && refused.contains("set it to `on`"), "{refused}");
        let migrated = migrate(&server.superuser_url(), &[], PARTITION_EVENTS).await;
        assert!(matches!(migrated, Err(MigrateError::Unusable { .. })), "{migrated:?}");
    }
}

#[tokio::test]
async fn commits_that_are_answered_too_early_are_refused() {
    let database = Database::migrated().await;
    let mut superuser = database.connect_as(SUPERUSER).await;
    let set = |value: &str| format!("ALTER DATABASE {} SET synchronous_commit = {value}", database.name);
    run(&mut superuser, &set("off")).await;
    let refused = refusal(&database.url()).await;
    assert!(refused.contains("synchronous_commit=off"), "{refused}");

    // Enough where there is one server.
    run(&mut superuser, &set("local")).await;
    let log = open(&database).await;
    log.append(Position(0), &numbered(0, 1)).await.expect("an append");
}

/// Whoever changed the settings later is found out by the next connection.
#[tokio::test]
async fn a_new_connection_looks_at_the_settings_again() {
    let database = Database::migrated().await;
    let log = open(&database).await;
    log.append(Position(0), &numbered(0, 1)).await.expect("an append");
    let mut superuser = database.connect_as(SUPERUSER).await;
    run(&mut superuser, &format!("ALTER DATABASE {} SET synchronous_commit = off", database.name)).await;
    run(
        &mut superuser,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'credit-ledger'",
    )
    .await;
    let lost = log.append(Position(1), &numbered(1, 1)).await;
    assert!(matches!(lost, Err(AppendError::Indeterminate(_))), "{lost:?}");
    let refused = log.append(Position(1), &numbered(1, 1)).await;
    let AppendError::Unavailable(why) = refused.expect_err("a refusal") else { panic!("another error") };
    assert!(why.contains("synchronous_commit=off"), "{why}");
}
