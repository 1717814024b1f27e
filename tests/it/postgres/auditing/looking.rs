//! Commands that only look: they make nothing, need no right to, and no server minds them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use credit_ledger::log::postgres::PostgresLog;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{WALLET, begun, home};
use crate::support::{
    postgres::{APPLICATION, Database, SUPERUSER, run},
    typed::{Home, Served},
};

const LOOKING: [&str; 4] = ["verify", "replay", "replay --rebuild", "export --out -"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_ledger_is_not_made_by_looking_at_it() {
    let (database, empty) = (Database::migrated().await, Database::empty().await);
    let (there, unmigrated) = (home(&database), home(&empty));
    let nowhere = Home::in_database("postgres://nobody:sesame@127.0.0.1:1/ledger");
    let no_url = Home::in_database("postgres://nobody:sesame@127.0.0.1:port/ledger");
    for line in LOOKING {
        assert!(there.refused(line, 1).await.contains("holds no ledger"), "{line}");
        assert!(unmigrated.refused(line, 1).await.contains("credit-ledger migrate"), "{line}");
        for (home, code) in [(&nowhere, 5), (&no_url, 2)] {
            let said = home.refused(line, code).await;
            assert!(!said.contains("sesame"), "{line}: {said}");
        }
        let at = format!("--url http://127.0.0.1:1 --token-file x {line}");
        assert!(there.refused(&at, 2).await.contains("not a server at --url"), "{line}");
    }
    for line in ["wallet show W", "tail", "app list", "report usage", "deduct W 1 --service chat --dry-run"] {
        let said = there.refused(&line.replace('W', WALLET), 1).await;
        assert!(said.contains("holds no ledger"), "{line}: {said}");
    }
    assert_eq!(PostgresLog::ledger_ids(&database.url()).await.expect("a list"), []);
}

/// As an auditor would log in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_only_select_verifies_compares_and_exports() {
    let database = Database::migrated().await;
    let there = home(&database);
    begun(&there).await;
    let auditor = format!("auditor_{}", database.name);
    let mut superuser = database.connect_as(SUPERUSER).await;
    run(&mut superuser, &format!("CREATE ROLE {auditor} LOGIN IN ROLE pg_read_all_data")).await;
    let theirs = Home::in_database(&database.url_as(&auditor));
    assert_eq!(theirs.json("verify").await, there.json("verify").await);
    assert_eq!(theirs.json("verify").await["wallets_compared"], 1);
    assert_eq!(theirs.json("replay").await["ok"], true);
    let (one, other) = (theirs.file("one.jsonl"), there.file("other.jsonl"));
    assert_eq!(theirs.exported(&one).await, there.exported(&other).await);
    theirs.refused("replay --rebuild", 1).await;
    assert_eq!(there.json("replay").await["ok"], true, "as before");
}

/// Deducts until it is told to stop.
async fn busy(
    served: &Served,
    counted: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
) -> tokio::task::JoinHandle<()> {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/v1/wallets/{WALLET}/deductions", served.url);
    let token = served.token.clone();
    tokio::spawn(async move {
        let body = json!({ "service": "chat", "cost": "0.001" }).to_string();
        while !stop.load(Ordering::Relaxed) {
            let key = counted.fetch_add(1, Ordering::Relaxed).to_string();
            let request = client.post(&url).bearer_auth(&token).header("idempotency-key", key);
            let sent = request.header("content-type", "application/json").body(body.clone()).send().await;
            assert_eq!(sent.expect("an answer").status().as_u16(), 201);
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_busy_server_everything_but_writing_works() {
    let database = Database::migrated().await;
    let (server, beside) = (home(&database), home(&database));
    let served = server.serve().await;
    begun(&server).await;
    while beside.json("verify").await["wallets_compared"] != 1 {}
    let (counted, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let task = busy(&served, Arc::clone(&counted), Arc::clone(&stop)).await;
    let mut compared = Vec::new();
    for _ in 0..3 {
        let before = counted.load(Ordering::Relaxed);
        let verified = beside.json("verify").await;
        assert_eq!((&verified["ok"], &verified["wallets_compared"]), (&true.into(), &1.into()));
        let replayed = beside.json("replay").await;
        assert_eq!(replayed["ok"], true);
        compared.push(replayed["events"].as_u64().expect("a number"));
        let piped = beside.run("export --out -").await.ended(0);
        let manifest: Value = serde_json::from_str(&piped.stderr()).expect("a manifest");
        let lines = piped.output.stdout.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(manifest["count"], lines);
        while counted.load(Ordering::Relaxed) == before {
            sleep(Duration::from_millis(10)).await;
        }
    }
    assert!(compared[0] < compared[2], "it went on meanwhile: {compared:?}");
    let said = beside.refused("replay --rebuild", 1).await;
    assert!(said.contains("stop all servers first"), "{said}");
    stop.store(true, Ordering::Relaxed);
    task.await.expect("it went on");
    served.stop().await;
    assert_eq!(beside.json("replay --rebuild").await["ok"], true);
    let verified = beside.json("verify").await;
    assert_eq!(verified["deductions"], counted.load(Ordering::Relaxed) + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_another_ledger_than_the_databases_are_a_failed_verification() {
    let (database, other) = (Database::migrated().await, Database::migrated().await);
    let (there, from) = (home(&database), home(&other));
    begun(&from).await;
    let text = from.exported(&from.file("ledger.jsonl")).await;
    let log = PostgresLog::connect(&database.url_as(APPLICATION), None).await.expect("a log");
    let events = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    credit_ledger::log::Log::append(&log, events::Position(0), &events).await.expect("an append");
    for line in LOOKING {
        assert!(there.refused(line, 3).await.contains("its first event is of ledger"), "{line}");
    }
}
