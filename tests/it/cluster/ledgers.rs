//! Several ledgers in one database: each organization's history is in one of them, and their writers
//! are spread over the processes.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use credit_ledger::{
    clock::{Clock, SystemClock},
    cluster::postgres::PostgresProcesses,
    log::{Log, postgres::PostgresLog},
};
use events::{LedgerId, Position};
use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{
    postgres::{self, Replica},
    processes::{self, Process, must_balance, spend},
};

const FIRST: LedgerId = LedgerId(Uuid::from_u128(1 << 96));
const SECOND: LedgerId = LedgerId(Uuid::from_u128(2 << 96));
const WALLET: &str = "/v1/wallets/00000000-0000-0000-0000-000000000001";
/// Clients of each organization.
const CLIENTS: u64 = 4;

async fn add_both(url: &str) {
    for ledger in [FIRST, SECOND] {
        PostgresLog::add_ledger(url, ledger).await.expect("a ledger");
    }
}

/// The texts of a ledger's events.
async fn texts(url: &str, ledger: LedgerId) -> Vec<String> {
    let log = PostgresLog::connect(url, Some(ledger)).await.expect("a log");
    let page = log.read(Position(0), 10_000).await.expect("a page");
    page.iter().map(|(_, body)| String::from_utf8(body.to_vec()).expect("text")).collect()
}

/// Registers an organization and an app of it with all scopes in a ledger; returns organization and key.
async fn register(replica: &Replica, ledger: LedgerId, name: &str) -> (String, String) {
    let (token, id) = (replica.ledger.operator_token().expose(), ledger.to_string());
    let headers = [("x-ledger", id.as_str())];
    let body = json!({ "name": name });
    let (status, made) = replica.send_with(token, &headers, "POST", "/v1/organizations", body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let organization = made["organization"].as_str().expect("an id").to_owned();
    let body = json!({ "name": "chat", "scopes": ["admin"], "organization": organization });
    let (status, made) = replica.send_with(token, &headers, "POST", "/v1/apps", body).await;
    assert_eq!((status, &made["organization"]), (StatusCode::CREATED, &json!(organization)), "{made}");
    (organization, made["api_key"].as_str().expect("a key").to_owned())
}

async fn buy(replica: &Replica, key: &str, amount: &str) -> Value {
    let headers = [("idempotency-key", "P1")];
    let (path, body) = (format!("{WALLET}/purchases"), json!({ "amount": amount }));
    let (status, bought) = replica.send_with(key, &headers, "POST", &path, body).await;
    assert_eq!(status, StatusCode::CREATED, "{bought}");
    bought
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organization_lives_in_one_ledger_alone() {
    let common = postgres::Common::new().await;
    let url = common.database.url();
    add_both(&url).await;
    let replica = common.replica().await;
    assert_eq!(replica.ledger.id, FIRST, "the oldest is the default one");
    let (here, here_key) = register(&replica, FIRST, "acme").await;
    let (there, there_key) = register(&replica, SECOND, "acme").await;
    let second = common.replica().await;
    let (bought_here, bought_there) =
        (buy(&replica, &here_key, "10").await, buy(&second, &there_key, "7").await);
    // The same wallet id and idempotency key mean nothing to the other ledger.
    assert_eq!((&bought_here["balance"], &bought_there["balance"]), (&json!("10"), &json!("7")));
    for (ledger, own, other) in [(FIRST, &here, &there), (SECOND, &there, &here)] {
        let all = texts(&url, ledger).await;
        assert!(all.iter().all(|text| text.contains(&format!("/ledgers/{ledger}")) && !text.contains(other)));
        assert!(all.iter().any(|text| text.contains("credits.purchased") && text.contains(own)));
    }
    let read = async |key: &str, bought: &Value, headers: &[(&str, &str)]| {
        let path = format!("/v1/purchases/{}", bought["id"].as_str().expect("an id"));
        second.send_with(key, headers, "GET", &path, Value::Null).await.0
    };
    let operator = second.ledger.operator_token().expose();
    let (first_id, second_id) = (FIRST.to_string(), SECOND.to_string());
    let named = |ledger| [("x-ledger", ledger), ("x-organization", "acme")];
    assert_eq!(read(&here_key, &bought_here, &[]).await, StatusCode::OK);
    assert_eq!(read(&there_key, &bought_there, &[]).await, StatusCode::OK);
    assert_eq!(read(operator, &bought_there, &named(&second_id)).await, StatusCode::OK);
    for (key, bought, headers) in [
        (&*here_key, &bought_there, &[][..]),
        (&there_key, &bought_here, &[]),
        (operator, &bought_there, &[("x-organization", "acme")]),
        (operator, &bought_here, &named(&second_id)),
        (operator, &bought_here, &named("00000000-0000-0000-0000-000000000003")),
        (operator, &bought_here, &named("acme")),
        // An app has one ledger.
        (&there_key, &bought_there, &[("x-ledger", &first_id)]),
    ] {
        assert_eq!(read(key, bought, headers).await, StatusCode::NOT_FOUND, "{headers:?}");
    }
    for replica in [replica, second] {
        replica.ledger.close().await.expect("an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_not_told_which_ledgers_there_are() {
    let common = postgres::Common::new().await;
    add_both(&common.database.url()).await;
    let replica = common.replica().await;
    let (_, key) = register(&replica, SECOND, "acme").await;
    let (known, unknown) = (SECOND.to_string(), Uuid::from_u128(3).to_string());
    let operator = replica.ledger.operator_token().expose();
    let last = |token: &str| format!("{}{}", &token[..79], if token.ends_with('A') { 'B' } else { 'A' });
    let mut answers = BTreeSet::new();
    for token in ["nonsense".to_owned(), last(&key), last(operator), key.replace("clk_", "clo_")] {
        for headers in [&[][..], &[("x-ledger", &*known)], &[("x-ledger", &*unknown)]] {
            let (status, mut body) = replica.send_with(&token, headers, "GET", WALLET, Value::Null).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{body}");
            body.as_object_mut().expect("a problem").remove("request_id");
            answers.insert(body.to_string());
        }
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    // A key that was revoked is as unknown as any.
    let id = Uuid::parse_str(&key[4..36]).expect("a key's id");
    let path = format!("/v1/keys/{id}");
    let revoked = replica.send_with(&key, &[], "DELETE", &path, Value::Null).await.0;
    assert_eq!(revoked, StatusCode::NO_CONTENT);
    let (status, _) = replica.send_with(&key, &[], "GET", WALLET, Value::Null).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    replica.ledger.close().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_tells_of_every_ledger() {
    let common = postgres::Common::new().await;
    add_both(&common.database.url()).await;
    let replica = common.replica().await;
    let (_, key) = register(&replica, SECOND, "acme").await;
    let (_, told) = replica.send_with("", &[], "GET", "/readyz?verbose", Value::Null).await;
    let ledgers = told["ledgers"].as_array().expect("a list");
    let column = |name: &str| ledgers.iter().map(|ledger| ledger[name].clone()).collect::<Vec<_>>();
    assert_eq!(column("ledger"), [json!(FIRST), json!(SECOND)]);
    assert_eq!(column("role"), ["writer", "writer"]);
    assert_eq!(column("obstacle"), [Value::Null, Value::Null]);
    assert_eq!((&told["role"], &told["head"]), (&json!("writer"), &ledgers[0]["head"]));
    // Who belongs to a ledger is told of that one.
    let (_, own) = replica.send_with(&key, &[], "GET", "/readyz?verbose", Value::Null).await;
    assert_eq!((&own["head"], &own["ledgers"]), (&ledgers[1]["head"], &Value::Null));
    replica.ledger.close().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_is_handed_over_without_an_error() {
    let common = postgres::Common::new().await;
    let url = common.database.url();
    add_both(&url).await;
    let first = Arc::new(common.replica().await);
    let alone = writers(&url, |_| true).await;
    assert_eq!(alone[0], alone[1], "who is alone writes everything");
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    for ledger in [FIRST, SECOND] {
        let (_, key) = register(&first, ledger, "acme").await;
        buy(&first, &key, "1000000").await;
        let (first, stop) = (Arc::clone(&first), Arc::clone(&stop));
        clients.push(tokio::spawn(async move {
            let mut spent = 0;
            while !stop.load(Ordering::Relaxed) {
                let (name, path) = (format!("D{spent}"), format!("{WALLET}/deductions"));
                let body = json!({ "service": "chat", "cost": "1" });
                let headers = [("idempotency-key", name.as_str())];
                let (status, body) = first.send_with(&key, &headers, "POST", &path, body).await;
                assert_eq!(status, StatusCode::CREATED, "{body}");
                spent += 1;
                assert_eq!(body["balance"], json!((1_000_000 - spent).to_string()));
            }
            spent
        }));
    }
    let second = common.replica().await;
    let apart = writers(&url, |writers| writers[0] != writers[1]).await;
    assert!(apart.contains(&alone[0]), "{apart:?}");
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(client.await.expect("no error") > 0);
    }
    let first = Arc::into_inner(first).expect("nobody else has it");
    for replica in [first, second] {
        replica.ledger.close().await.expect("an orderly end");
    }
}

/// Waits until both ledgers have writers that `fits` likes; returns where those are reached.
async fn writers(url: &str, fits: impl Fn(&[String]) -> bool) -> Vec<String> {
    let found = async {
        loop {
            let listed = PostgresProcesses::list(url).await.expect("a list");
            let writers: Vec<_> =
                listed.into_iter().filter_map(|one| Some(one.writer?.to_string())).collect();
            if writers.len() == 2 && fits(&writers) {
                return writers;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(15), found).await.expect("writers for both ledgers")
}

/// Registers an app in a ledger over HTTP; returns its key.
async fn app(common: &processes::Common, process: &Process, ledger: LedgerId) -> String {
    let body = json!({ "name": "chat", "scopes": ["credits:deduct", "credits:purchase"] }).to_string();
    let request = common.http.post(format!("{}/v1/apps", process.url)).bearer_auth(&process.token).body(body);
    let request = request.header("content-type", "application/json").header("x-ledger", ledger.to_string());
    let body = request.send().await.expect("an answer").bytes().await.expect("a body");
    let app: Value = serde_json::from_slice(&body).expect("JSON");
    app["api_key"].as_str().unwrap_or_else(|| panic!("{app}")).to_owned()
}

/// Whether this process writes the ledger.
async fn writes(common: &processes::Common, process: &Process, ledger: LedgerId) -> bool {
    let request = common.http.get(format!("{}/readyz?verbose", process.url));
    let body = request.send().await.expect("an answer").bytes().await.expect("a body");
    let told: Value = serde_json::from_slice(&body).expect("JSON");
    let mut ledgers = told["ledgers"].as_array().expect("a list").iter();
    ledgers.any(|one| one["ledger"] == json!(ledger) && one["role"] == "writer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_are_spread_and_move_when_their_process_dies() {
    let common = Arc::new(processes::Common::new().await);
    let url = common.database.url();
    add_both(&url).await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(common.start().await);
    }
    let apart = writers(&url, |writers| writers[0] != writers[1]).await;
    let keys = [app(&common, &all[0], FIRST).await, app(&common, &all[0], SECOND).await];
    for key in &keys {
        common.fund(&all[0], key).await;
        for process in &all {
            common.knows(process, key).await;
        }
    }
    let urls = Arc::new(Mutex::new(all.iter().map(|one| one.url.clone()).collect::<Vec<_>>()));
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    let paid = [Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0))];
    for (which, key) in keys.iter().enumerate() {
        for client in 0..CLIENTS {
            let (client, paid) = (1_000 * which as u64 + client, Arc::clone(&paid[which]));
            let spending = spend(common.clone(), urls.clone(), key.clone(), client, paid, stop.clone());
            clients.push((which, tokio::spawn(spending)));
        }
    }
    sleep(Duration::from_millis(500)).await;
    let metrics = common.http.get(format!("{}/metrics", all[0].url)).bearer_auth(&all[0].token);
    let metrics = metrics.send().await.expect("an answer").text().await.expect("a body");
    for name in ["writer", "writer_epoch", "lease_left_seconds", "projection_lag_events", "head_position"] {
        let of_ledger = format!("\ncredit_ledger_{name}{{ledger=\"0000");
        assert!(metrics.contains(&of_ledger), "{name} in\n{metrics}");
    }
    let (clock, mut dead) = (SystemClock::new(), None);
    for (index, process) in all.iter().enumerate() {
        dead = if writes(&common, process, SECOND).await { Some(index) } else { dead };
    }
    let dead = dead.expect("a writer");
    let (lost, before) = (clock.monotonic(), paid[1].load(Ordering::Relaxed));
    all[dead].signal("-KILL");
    while paid[1].load(Ordering::Relaxed) <= before + 2 * CLIENTS {
        sleep(Duration::from_millis(10)).await;
    }
    let back = clock.monotonic() - lost;
    // The other ledger stays where it is, and the process that wrote nothing takes this one.
    let moved = writers(&url, |writers| writers[1] != apart[1]).await;
    assert_eq!(moved[0], apart[0]);
    assert_ne!(moved[1], apart[0]);
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = [Vec::new(), Vec::new()];
    for (which, client) in clients {
        acknowledged[which].extend(client.await.expect("a client"));
    }
    eprintln!("{} and {} deductions; back after {back:?}", acknowledged[0].len(), acknowledged[1].len());
    for (ledger, acknowledged) in [FIRST, SECOND].into_iter().zip(&acknowledged) {
        let log = PostgresLog::connect(&url, Some(ledger)).await.expect("a log");
        must_balance(log, acknowledged).await;
    }
}
