//! The auditors' and operators' commands, as they are typed, on a ledger whose log is in the store and
//! whose projections are in PostgreSQL.

use super::double::Double;
use crate::support::{postgres::Database, typed::Home};

const WALLET: &str = "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";

/// A ledger in both.
fn home(database: &Database, double: &Double) -> Home {
    Home::in_database(&database.url()).with("EVENT_STORE_URL", &double.url())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_imported_and_exported_again() {
    let (database, double) = (Database::migrated().await, Double::start().await);
    let (from, there, back) = (Home::written(87, 4_500).await, home(&database, &double), Home::embedded());
    for line in ["verify", "replay", "replay --rebuild", "export --out -", "app list"] {
        assert!(there.refused(line, 1).await.contains("holds no ledger"), "{line}");
    }
    let (file, again) = (from.file("ledger.jsonl"), there.file("again.jsonl"));
    let text = from.exported(&file).await;
    let line = format!("import {}", file.display());
    there.json(&line).await;
    assert!(there.refused(&line, 2).await.contains("holds a ledger already"));
    assert_eq!(there.exported(&again).await, text);
    assert_eq!(there.json("verify").await, from.json("verify").await);
    assert_eq!(there.json("replay --rebuild").await["ok"], true);
    back.json(&format!("import {}", again.display())).await;
    assert_eq!(back.exported(&back.file("back.jsonl")).await, text);
    // The store alone remembers it: another database doesn't make it free.
    let other = Database::migrated().await;
    assert!(home(&other, &double).refused(&line, 2).await.contains("holds a ledger already"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_is_used_and_audited() {
    let (database, double) = (Database::migrated().await, Double::start().await);
    let there = home(&database, &double);
    there.json(&format!("purchase {WALLET} 100")).await;
    assert_eq!(there.json(&format!("deduct {WALLET} 1.5 --service chat")).await["balance"], "98.5");
    let verified = there.json("verify").await;
    assert_eq!((&verified["balances"], &verified["wallets_compared"]), (&"98.5".into(), &1.into()));
    assert_eq!(there.json("replay").await["ok"], true);
    let only_database = Home::in_database(&database.url());
    assert!(only_database.refused("verify", 1).await.contains("holds no event"));
    let only_store = Home::embedded().with("EVENT_STORE_URL", &double.url());
    for line in ["verify", "export --out -", "app list"] {
        assert!(only_store.refused(line, 1).await.contains("needs database_url"), "{line}");
    }
}
