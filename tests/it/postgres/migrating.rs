//! `credit-ledger migrate`, and databases that it didn't make ready.

use std::process::{Command, Output};

use credit_ledger::{
    app::migrations,
    log::postgres::{MIGRATIONS, MigrateError, OpenError, PARTITION_EVENTS, PostgresLog, migrate},
};
use futures::future::join_all;
use serde_json::Value;

use super::open;
use crate::support::postgres::{APPLICATION, Database, MIGRATOR, run};

fn migrate_command(arguments: &[&str], variable: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_credit-ledger"));
    let directory = tempfile::tempdir().expect("a directory");
    command.arg("migrate").args(arguments).current_dir(directory.path()).env_clear();
    if let Some(url) = variable {
        command.env("CREDIT_LEDGER_DATABASE_URL", url);
    }
    command.output().expect("the binary")
}

fn results(output: &Output) -> Vec<(String, String)> {
    assert!(output.status.success(), "{output:?}");
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |row: &Value, name: &str| row[name].as_str().expect("a text").to_owned();
    rows.iter().map(|row| (text(row, "migration"), text(row, "result"))).collect()
}

#[tokio::test]
async fn the_command_says_what_it_did_and_may_be_repeated() {
    let database = Database::empty().await;
    let url = database.url_as(MIGRATOR);
    let all = |result: &str| -> Vec<(String, String)> {
        migrations::postgres().iter().map(|(name, _)| ((*name).to_owned(), result.to_owned())).collect()
    };
    let first = migrate_command(&["--database-url", &url, "-o", "json"], None);
    assert_eq!(results(&first), all("applied"));
    let second = migrate_command(&["-o", "json"], Some(&url));
    assert_eq!(results(&second), all("was there"));
    let table = String::from_utf8(migrate_command(&[], Some(&url)).stdout).expect("UTF-8");
    assert!(table.contains("log/0001_events") && table.contains("was there"), "{table}");
    open(&database).await;
}

#[tokio::test]
async fn no_password_is_ever_shown() {
    for url in [
        "postgres://owner:sesame@127.0.0.1:1/ledger",
        "postgres://owner@127.0.0.1:1/ledger?password=sesame",
        "postgres://owner:sesame@127.0.0.1:port/ledger",
        "postgres//owner:sesame",
        "owner:sesame",
    ] {
        for output in [
            migrate_command(&["--database-url", url], None),
            migrate_command(&[], Some(url)),
            migrate_command(&["--help"], Some(url)),
        ] {
            let told = format!("{output:?}");
            assert!(!told.contains("sesame"), "{told}");
        }
        let refused = PostgresLog::connect(url, None).await.err().expect("a refusal");
        assert!(!format!("{refused} {refused:?}").contains("sesame"), "{refused:?}");
    }
    let nobody = migrate_command(&["--database-url", "postgres://owner:sesame@127.0.0.1:1/ledger"], None);
    assert_eq!(nobody.status.code(), Some(5));
    let told = String::from_utf8_lossy(&nobody.stderr);
    assert!(told.contains("postgres://owner@127.0.0.1:1/ledger"), "{told}");
}

#[tokio::test]
async fn processes_that_migrate_at_once_do_it_once() {
    let database = Database::empty().await;
    let url = database.url_as(MIGRATOR);
    let all = migrations::postgres();
    let done = join_all((0..4).map(|_| migrate(&url, &all, PARTITION_EVENTS))).await;
    let applied = done.iter().flatten().flatten().filter(|migrated| migrated.now).count();
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(applied, all.len());
}

#[tokio::test]
async fn a_failed_migration_leaves_nothing_and_can_be_repeated() {
    let database = Database::empty().await;
    let url = database.url_as(MIGRATOR);
    let broken = [
        ("x/0001_ok", "CREATE TABLE credit_ledger.one ()"),
        ("x/0002_bad", "CREATE TABLE credit_ledger.two (); SELECT 1 / 0"),
    ];
    let failed = migrate(&url, &broken, PARTITION_EVENTS).await.expect_err("a failure");
    assert!(matches!(failed, MigrateError::Failed { migration: "x/0002_bad", .. }), "{failed:?}");
    let mended = [broken[0], ("x/0002_bad", "CREATE TABLE credit_ledger.two ()")];
    let done = migrate(&url, &mended, PARTITION_EVENTS).await.expect("mended");
    assert_eq!(done.iter().map(|migrated| migrated.now).collect::<Vec<_>>(), [false, true]);
    let edited = [("x/0001_ok", "CREATE TABLE credit_ledger.uno ()")];
    let changed = migrate(&url, &edited, PARTITION_EVENTS).await.expect_err("another text");
    assert!(matches!(changed, MigrateError::Changed { migration: "x/0001_ok", .. }), "{changed:?}");
}

async fn refusal(url: &str) -> String {
    PostgresLog::connect(url, None).await.err().expect("a refusal").to_string()
}

#[tokio::test]
async fn a_database_that_is_not_ready_says_what_to_run() {
    let empty = Database::empty().await;
    let bare = PostgresLog::connect(&empty.url(), None).await.err().expect("a refusal");
    assert!(matches!(bare, OpenError::NotMigrated { .. }), "{bare:?}");
    assert!(bare.to_string().contains("credit-ledger migrate"), "{bare}");

    // The schema of an older version: a migration is missing.
    migrate(&empty.url_as(MIGRATOR), MIGRATIONS, PARTITION_EVENTS).await.expect("migrated");
    let mut owner = empty.connect_as(MIGRATOR).await;
    run(&mut owner, "DELETE FROM credit_ledger.migrations").await;
    let older = refusal(&empty.url()).await;
    assert!(older.contains("credit-ledger migrate"), "{older}");

    let missing = empty.url().replace(&empty.name, "no_such_database");
    let missing = refusal(&missing).await;
    assert!(missing.contains("no_such_database") && missing.contains("create the database"), "{missing}");

    let stranger = refusal(&empty.url_as("nobody_known")).await;
    assert!(stranger.contains("check user and password"), "{stranger}");

    let silent = refusal("postgres://x@127.0.0.1:1/x").await;
    assert!(silent.contains("refused") && silent.contains("127.0.0.1:1"), "{silent}");
}

#[tokio::test]
async fn without_rights_nothing_is_migrated_and_it_says_which_are_needed() {
    let database = Database::empty().await;
    let refused = migrate(&database.url_as(APPLICATION), &migrations::postgres(), PARTITION_EVENTS).await;
    let told = refused.expect_err("a refusal").to_string();
    assert!(told.contains("CREATE on the database"), "{told}");
}
