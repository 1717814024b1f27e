//! Which ledger a log is of.

use std::process::Command;

use credit_ledger::log::{
    Log,
    postgres::{OpenError, PostgresLog},
};
use events::{LedgerId, Position};
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{all, numbered, open, open_ledger};
use crate::support::postgres::{APPLICATION, Database, MIGRATOR};

const THIS: LedgerId = LedgerId(Uuid::from_u128(1));
const OTHER: LedgerId = LedgerId(Uuid::from_u128(2 << 96));

#[tokio::test]
async fn a_new_database_gets_one_ledger_however_many_start_at_once() {
    let database = Database::migrated().await;
    let logs = join_all((0..6).map(|_| open(&database))).await;
    let ledger = logs[0].ledger();
    assert!(logs.iter().all(|log| log.ledger() == ledger && log.number() == 1));
    assert_eq!(PostgresLog::ledger_ids(&database.url()).await.expect("a list"), [ledger]);
    let another = Database::migrated().await;
    assert_ne!(open(&another).await.ledger(), ledger, "ids are random");
}

#[tokio::test]
async fn another_ledgers_database_is_refused_by_name() {
    let database = Database::migrated().await;
    let log = open_ledger(&database.url(), THIS).await;
    assert_eq!((log.ledger(), log.number()), (THIS, 1));
    let refused = PostgresLog::connect(&database.url(), Some(OTHER)).await.err().expect("a refusal");
    let OpenError::OtherLedger { wanted, found, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!((*wanted, &found[..]), (OTHER, &[THIS][..]));
    let text = refused.to_string();
    assert!(text.contains(&OTHER.to_string()) && text.contains(&THIS.to_string()), "{text}");
    assert_eq!(PostgresLog::ledger_ids(&database.url()).await.expect("a list"), [THIS], "none was added");
}

#[tokio::test]
async fn of_several_ledgers_one_must_be_named() {
    let database = Database::migrated().await;
    let url = database.url();
    let this = open_ledger(&url, THIS).await;
    for _ in 0..2 {
        PostgresLog::add_ledger(&url, OTHER).await.expect("a second ledger");
    }
    assert_eq!(PostgresLog::ledger_ids(&url).await.expect("a list"), [THIS, OTHER]);
    let refused = PostgresLog::connect(&url, None).await.err().expect("a refusal");
    assert!(matches!(&refused, OpenError::SeveralLedgers { found, .. } if found.len() == 2), "{refused:?}");
    let other = open_ledger(&url, OTHER).await;
    this.append(Position(0), &numbered(0, 3)).await.expect("an append");
    assert_eq!(other.head().await, Ok(Position(0)));
    other.append(Position(0), &numbered(0, 1)).await.expect("an append");
    assert_eq!((all(&this, 9).await.len(), all(&other, 9).await.len()), (3, 1));
}

/// What `credit-ledger ledger …` prints, as JSON.
fn ledger_command(arguments: &[&str]) -> Value {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_credit-ledger"));
    command.arg("ledger").args(arguments).args(["-o", "json"]).current_dir(directory.path()).env_clear();
    let output = command.output().expect("the binary");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test]
async fn ledgers_whose_public_ids_look_alike_are_refused() {
    let database = Database::migrated().await;
    let alike = LedgerId(Uuid::from_u128(THIS.0.as_u128() + 1));
    PostgresLog::add_ledger(&database.url(), THIS).await.expect("a ledger");
    let refused = PostgresLog::add_ledger(&database.url(), alike).await.expect_err("a refusal");
    assert!(matches!(refused, OpenError::Alike { wanted, .. } if wanted == alike), "{refused:?}");
    assert_eq!(PostgresLog::ledger_ids(&database.url()).await.expect("a list"), [THIS]);
}

#[tokio::test]
async fn an_operator_adds_and_lists_ledgers() {
    let database = Database::migrated().await;
    let url = database.url_as(MIGRATOR);
    assert_eq!(ledger_command(&["list", "--database-url", &url]), json!([]));
    let id = THIS.to_string();
    let row = |ledger: LedgerId, number: u8| json!({ "ledger": ledger, "number": number, "default": number == 1, "writer": null, "epoch": null });
    for _ in 0..2 {
        assert_eq!(ledger_command(&["add", "--database-url", &url, "--id", &id]), row(THIS, 1));
    }
    let added = ledger_command(&["add", "--database-url", &url]);
    let second: LedgerId = added["ledger"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let listed = ledger_command(&["list", "--database-url", &database.url_as(APPLICATION)]);
    assert_eq!(listed, json!([row(THIS, 1), row(second, 2)]));
}
