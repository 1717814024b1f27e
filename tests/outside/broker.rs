//! RabbitMQ stops, dies, hangs and runs short of memory while apps spend: they notice nothing of it,
//! and a consumer ends with every event in its own table once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use credit_ledger_client::{Amqp, Consumer, HttpFeed, Options};
use tokio_util::sync::CancellationToken;

use crate::{
    broker_table::{Keep, Table},
    support::{
        books::Books,
        clock::{Stopwatch, eventually},
        cluster::{Cluster, Replica},
        crowd::{self, Field, Manner, balances_must_be_those_of},
        postgres::Database,
        rabbit::{self, Lease},
        turn, wallet,
    },
};

const CLIENTS: usize = 16;
const WALLETS: u64 = 10;
const DEDUCTIONS: usize = 10_000;
const FUNDS: &str = "1000000000";
/// How long the broker stands still.
const PAUSED: Duration = Duration::from_secs(20);
/// So that the load lasts for as long as the troubles; then the clients make haste.
const REST: Duration = Duration::from_millis(300);
/// Deductions never wait for the relay: the longest that none, and the longest that one, may take.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Until the consumer has everything, after the last trouble.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by ./check against the release binary"]
async fn through_all_troubles_of_the_broker_deductions_go_on_and_every_event_arrives_once() {
    let _turn = turn::alone().await;
    let rabbit = rabbit::alone().await;
    let database = Database::migrated().await;
    let vhost = rabbit.vhost(&[]).await;
    let relay_url = vhost.relay_url();
    let replica = Cluster::on(&database.url()).with(&["--broker-url", &relay_url]).replica().await;
    let asked = serde_json::json!({
        "name": "spender",
        "scopes": ["credits:deduct", "credits:purchase", "credits:read", "events:read"],
    });
    let made = replica.server.operator().post("/v1/apps", None, &asked).await.expect(201);
    let (key, app) = (made.text("/api_key"), made.text("/app_id").parse().expect("an id"));
    rabbit.provision(&vhost.name, &[app]).await;
    let wallets: Vec<String> = (0..WALLETS).map(wallet).collect();
    let api = replica.server.api(&key);
    for wallet in &wallets {
        api.purchase(wallet, FUNDS).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let table = Table::open(folder.path()).await;
    let feed = HttpFeed::new(reqwest::Client::new(), &replica.server.url, &key);
    let options =
        Options { pauses: (Duration::from_millis(100), Duration::from_secs(2)), ..Options::default() };
    let url = format!("{}?heartbeat=5", vhost.app_url(app));
    let consumer = Consumer::new(Amqp::new(&url, app).expect("a URL"), table.clone(), Keep);
    let stop = CancellationToken::new();
    let consuming = tokio::spawn(consumer.with_feed(feed).with_options(options).run(stop.clone()));
    let field = Field::new(vec![replica.server.url.clone()]);
    let manner = Manner { keyless_every: 4, rest: REST, deductions: DEDUCTIONS / CLIENTS };
    let clients = field.spend(&api, CLIENTS, &wallets, manner);
    trouble(&rabbit, &field).await;
    let during = field.answered();
    field.hurry();
    let spent = crowd::all(clients).await;
    let (pause, longest) = field.longest_since(Duration::ZERO);
    let caught_up = Stopwatch::start();
    let handled = told_of_all(&replica, &table, &key).await;
    eprintln!(
        "{} deductions, {during} of them before the last trouble was over; longest pause of all {pause:?}, \
         longest of one {longest:?}; {handled} events handled, the last {:?} after the last deduction; {} \
         problems",
        spent.paid.len() + spent.keyless.len(),
        caught_up.elapsed(),
        field.problems()
    );
    stop.cancel();
    consuming.await.expect("no panic");
    assert_eq!((spent.unknown, field.problems()), (0, 0));
    assert_eq!(spent.paid.len() + spent.keyless.len(), DEDUCTIONS);
    let books = Books::in_database(&database.url()).await;
    assert_eq!(spent.must_be_in(&books), DEDUCTIONS);
    balances_must_be_those_of(&books, &api, &wallets).await;
    assert!(pause < PAUSE_MAX && longest < PAUSE_MAX, "{pause:?} {longest:?}");
    let asked = Stopwatch::start();
    assert_eq!(replica.server.end().await.status.code(), Some(0));
    eprintln!("ended after {:?}", asked.elapsed());
}

/// Each trouble in turn, with some spending between.
async fn trouble(rabbit: &Lease, field: &Arc<Field>) {
    let load = async |what: &str| {
        eprintln!("    {:?}: {what}; {} deductions", field.now(), field.answered());
        let enough = field.answered() + 100;
        let busy = async || (field.answered() > enough).then_some(());
        eventually("deductions go on", Duration::from_secs(20), busy).await;
    };
    load("all is well").await;
    rabbit.ctl(&["stop_app"]).await;
    load("stopped").await;
    rabbit.ctl(&["start_app"]).await;
    load("started").await;
    rabbit.kill().await;
    load("killed").await;
    rabbit.start_again().await;
    load("started again").await;
    rabbit.pause();
    tokio::time::sleep(PAUSED).await;
    load("stood still").await;
    rabbit.go_on();
    load("goes on").await;
    rabbit.ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]).await;
    load("short of memory").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    load("still short of memory").await;
    rabbit.ctl(&["set_vm_memory_high_watermark", "absolute", "512MB"]).await;
    load("all is well again").await;
}

/// Waits until the app has handled everything that it is told of: once each, in order in each wallet.
async fn told_of_all(replica: &Replica, table: &Table, key: &str) -> usize {
    let api = replica.server.api(key);
    let mut told = Vec::new();
    loop {
        let after = told.last().map(|last| format!("&after={last}")).unwrap_or_default();
        let page = api.get(&format!("/v1/events?audience=app&limit=1000{after}")).await.expect(200).json();
        let page = page.as_array().expect("events");
        let position = |event: &serde_json::Value| event["position"].as_str()?.parse::<u64>().ok();
        told.extend(page.iter().map(|event| position(event).expect("a position")));
        if page.is_empty() {
            break;
        }
    }
    let all = async || (table.handled().await.len() >= told.len()).then_some(());
    eventually("the consumer has everything", CAUGHT_UP_WITHIN, all).await;
    let handled = table.handled().await;
    let mut positions: Vec<u64> = handled.iter().map(|(_, position)| *position).collect();
    positions.sort_unstable();
    assert!(positions == told, "{} handled, {} told", positions.len(), told.len());
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for (subject, position) in &handled {
        let before = last.insert(subject, *position);
        assert!(before.is_none_or(|before| before < *position), "{subject}: {position} after {before:?}");
    }
    handled.len()
}
