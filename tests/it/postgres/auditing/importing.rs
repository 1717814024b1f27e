//! Imports that are refused, and one that is broken off.

use std::{fs, sync::Arc};

use credit_ledger::{
    cluster::{Claimant, Lease, postgres::PostgresLease},
    log::{Bodies, Log, postgres::PostgresLog},
};
use events::{LedgerId, Position};
use serde_json::Value;

use super::{WALLET, begun, home};
use crate::support::{
    postgres::{APPLICATION, Database},
    typed::Home,
};

/// The export of a small ledger.
struct Exported {
    home: Home,
    text: Vec<u8>,
    ledger: LedgerId,
    root: String,
}

impl Exported {
    async fn new(seed: u64) -> Self {
        let home = Home::written(seed, 300).await;
        let text = home.exported(&home.file("ledger.jsonl")).await;
        let manifest = fs::read(home.file("ledger.jsonl.manifest.json")).expect("a manifest");
        let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
        let of = |name: &str| manifest[name].as_str().expect("a text").to_owned();
        let ledger = of("ledger").parse().expect("an id");
        Self { text, ledger, root: of("root"), home }
    }

    fn line(&self) -> String {
        format!("import {}", self.home.file("ledger.jsonl").display())
    }

    /// The first lines as events.
    fn first(&self, count: usize) -> Bodies {
        let lines = self.text.split(|byte| *byte == b'\n');
        lines.take(count).collect()
    }
}

async fn ledgers(database: &Database) -> Vec<LedgerId> {
    PostgresLog::ledger_ids(&database.url()).await.expect("a list")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tampered_file_is_refused_and_nothing_is_written() {
    let (exported, database) = (Exported::new(82).await, Database::migrated().await);
    let (there, file) = (home(&database), exported.home.file("ledger.jsonl"));
    for number in [1, 77, 300] {
        let mut lines: Vec<Vec<u8>> =
            exported.text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let middle = lines[number - 1].len() / 2;
        lines[number - 1][middle] ^= 0x20;
        fs::write(&file, lines.concat()).expect("written");
        let said = there.refused(&exported.line(), 3).await;
        assert!(said.contains(&format!("line {number}: ")), "{said}");
        assert_eq!(ledgers(&database).await, []);
    }
    fs::write(&file, &exported.text).expect("written");
    let said = there.refused(&format!("{} --root {}", exported.line(), "0".repeat(64)), 3).await;
    assert!(said.contains("not yours"), "{said}");
    assert_eq!(ledgers(&database).await, []);
    there.run(&exported.line()).await.ended(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_with_a_ledger_is_refused() {
    let (exported, database) = (Exported::new(83).await, Database::migrated().await);
    let there = home(&database);
    begun(&there).await;
    let before = there.json("verify").await;
    let said = there.refused(&exported.line(), 2).await;
    assert!(said.contains("holds a ledger already"), "{said}");
    assert!(said.contains(before["ledger"].as_str().expect("an id")), "{said}");
    assert_eq!(there.json("verify").await, before);
    assert_eq!(ledgers(&database).await.len(), 1);
    let nowhere = Database::empty().await;
    let said = home(&nowhere).refused(&exported.line(), 1).await;
    assert!(said.contains("credit-ledger migrate"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_broken_off_is_no_ledger_and_is_gone_on_with() {
    let (exported, other) = (Exported::new(84).await, Exported::new(85).await);
    let database = Database::migrated().await;
    let there = home(&database);
    let log = PostgresLog::connect(&database.url(), Some(exported.ledger)).await.expect("a log");
    let lease = PostgresLease::new(&database.url(), exported.ledger).expect("a lease");
    lease.claim(&Claimant::importing(&exported.root)).await.expect("the lease");
    log.append(Position(0), &exported.first(120)).await.expect("an append");
    for line in ["verify", "replay", "replay --rebuild", "export --out -"] {
        assert!(there.refused(line, 1).await.contains("being imported"), "{line}");
    }
    for line in ["purchase W 1", "wallet show W", "serve --listen 127.0.0.1:0"] {
        let said = there.refused(&line.replace('W', WALLET), 2).await;
        assert!(said.contains("being imported"), "{line}: {said}");
    }
    // The ledger's own pepper is the first one after the import, not that of a server which came too soon.
    let mut connection = database.connect_as(APPLICATION).await;
    let peppers = sqlx::query_scalar("SELECT count(*) FROM credit_ledger.peppers").fetch_one(&mut connection);
    assert_eq!(peppers.await.unwrap_or(-1_i64), 0);
    assert!(there.refused(&other.line(), 2).await.contains("holds a ledger already"));
    assert_eq!(log.head().await, Ok(Position(120)));
    there.run(&exported.line()).await.ended(0);
    assert_eq!(there.exported(&there.file("again.jsonl")).await, exported.text);
    assert_eq!(lease.look().await.expect("an answer"), None, "servers may write now");
    there.json("app list").await;
}

/// Whoever holds the lease may append at any time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_imports_while_somebody_may_write_or_after_something_else() {
    let (exported, database) = (Exported::new(86).await, Database::migrated().await);
    let there = home(&database);
    let log = PostgresLog::connect(&database.url(), Some(exported.ledger)).await.expect("a log");
    let lease = Arc::new(PostgresLease::new(&database.url(), exported.ledger).expect("a lease"));
    let server = Claimant { lease: std::time::Duration::from_secs(600), ..Claimant::importing("another") };
    let server = Claimant { address: "http://10.0.0.7:8081".into(), ..server };
    let tenure = lease.claim(&server).await.expect("the lease");
    let said = there.refused(&exported.line(), 1).await;
    assert!(said.contains("http://10.0.0.7:8081"), "{said}");
    lease.release(&server, tenure.epoch).await.expect("an answer");
    log.append(Position(0), &exported.first(1)).await.expect("an append");
    let said = there.refused(&exported.line(), 2).await;
    assert!(said.contains("holds a ledger already"), "{said}");
    // The same import would go on, but not over what is no beginning of it.
    lease.claim(&Claimant::importing(&exported.root)).await.expect("the lease");
    log.append(Position(1), &["{}"].into_iter().collect()).await.expect("an append");
    let said = there.refused(&exported.line(), 2).await;
    assert!(said.contains("beginning of another import"), "{said}");
    assert_eq!(log.head().await, Ok(Position(2)));
}
