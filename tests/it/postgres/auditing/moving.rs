//! A ledger that moves from one profile to the other is the same ledger.

use std::fs;

use credit_ledger::log::{Log, postgres::PostgresLog};
use events::{AuthEvent, Event, LedgerId, Position, decode};
use serde_json::Value;

use super::{WALLET, begun, home};
use crate::support::{postgres::Database, typed::Home};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_files_to_postgres_and_back_it_is_the_same_bytes() {
    let (from, database) = (Home::written(81, 6_000).await, Database::migrated().await);
    let (there, back) = (home(&database), Home::embedded());
    let verified = from.json("verify").await;
    let file = from.file("ledger.jsonl");
    let text = from.exported(&file).await;
    let manifest = fs::read(from.file("ledger.jsonl.manifest.json")).expect("a manifest");
    let stated: Value = serde_json::from_slice(&manifest).expect("JSON");
    let root = stated["root"].as_str().expect("a root");
    let line = format!("import {} --root {root}", file.display());
    for target in [&there, &back] {
        let imported = target.json(&line).await;
        assert_eq!((&imported["events"], &imported["ledger"]), (&stated["count"], &stated["ledger"]));
        assert_eq!(target.json("verify").await, verified);
        let again = target.file("again.jsonl");
        assert_eq!(target.exported(&again).await, text);
        assert_eq!(fs::read(target.file("again.jsonl.manifest.json")).expect("a manifest"), manifest);
        assert!(target.refused(&line, 2).await.contains("holds a ledger already"));
    }
    let ledger: LedgerId = stated["ledger"].as_str().expect("an id").parse().expect("an id");
    assert_eq!(PostgresLog::ledger_ids(&database.url()).await.expect("a list"), [ledger], "its own id");
    // What PostgreSQL holds, in a directory again.
    let (home, again) = (Home::embedded(), there.file("again.jsonl"));
    home.json(&format!("import {} --root {root}", again.display())).await;
    assert_eq!(home.exported(&home.file("once.jsonl")).await, text);
    assert_eq!(home.json("verify").await, verified);
    for place in [&there, &home] {
        let replayed = place.json("replay --rebuild").await;
        assert_eq!((&replayed["ok"], &replayed["events"]), (&true.into(), &stated["count"]));
    }
    assert_eq!(there.json("verify").await["wallets_compared"], verified["wallets"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_imported_ledger_goes_on_above_every_earlier_epoch() {
    let (from, database) = (Home::embedded(), Database::migrated().await);
    begun(&from).await;
    let file = from.file("ledger.jsonl");
    from.exported(&file).await;
    let there = home(&database);
    there.json(&format!("import {}", file.display())).await;
    let spent = there.json(&format!("deduct {WALLET} 7 --service chat")).await;
    assert_eq!(spent["balance"], "90");
    let verified = there.json("verify").await;
    assert_eq!((&verified["balances"], &verified["wallets_compared"]), (&"90".into(), &1.into()));
    let log = PostgresLog::open_read_only(&database.url(), None).await.expect("a log");
    let (mut epochs, mut organizations) = (Vec::new(), 0);
    for (_, body) in log.read(Position(0), 1_000).await.expect("a page").iter() {
        let recorded = decode(body).expect("an event");
        if let Event::WriterChanged(changed) = &recorded.event {
            epochs.push(changed.epoch);
        }
        organizations +=
            usize::from(matches!(recorded.event, Event::Auth(AuthEvent::OrganizationRegistered(_))));
    }
    assert_eq!(organizations, 1, "its first organization is known before the projections are built");
    assert!(epochs.len() > 3 && epochs.is_sorted_by(|one, next| one < next), "{epochs:?}");
    let refused = log.append(Position(0), &["{}"].into_iter().collect()).await.expect_err("only reading");
    assert!(refused.to_string().contains("for reading only"), "{refused}");
    log.close().await;
    // And back into files.
    let (back, file) = (Home::embedded(), there.file("grown.jsonl"));
    there.exported(&file).await;
    back.json(&format!("import {}", file.display())).await;
    assert_eq!(back.json(&format!("deduct {WALLET} 1 --service chat")).await["balance"], "89");
    assert_eq!(back.json("verify").await["balances"], "89");
}
