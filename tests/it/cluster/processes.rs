//! Three processes on one database: the writer is killed and stopped, again and again.

use std::{
    collections::HashMap,
    fs,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use credit_ledger::{
    clock::{Clock, SystemClock},
    log::{Log, postgres::PostgresLog},
};
use events::{Credits, Event, Position};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::support::{cold::FoldedLog, postgres::Database};

const CLIENTS: u64 = 12;
const WALLETS: u64 = 3;
const LOSSES: u32 = 4;
/// Only so that the test ends when writes never come back. How soon they do is measured on the release
/// binary.
pub(super) const PATIENCE: Duration = Duration::from_secs(180);

/// A process of the cluster.
pub(super) struct Process {
    child: Child,
    dir: TempDir,
    pub(super) url: String,
    pub(super) token: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What all of them are given.
pub(super) struct Common {
    pub(super) database: Database,
    dir: TempDir,
    pub(super) http: reqwest::Client,
}

impl Common {
    pub(super) async fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["pepper", "secret"] {
            let path = dir.path().join(name);
            fs::write(&path, [7; 32]).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
        }
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build();
        Self { database: Database::migrated().await, dir, http: http.expect("a client") }
    }

    /// Starts a process and waits until it answers.
    pub(super) async fn start(&self) -> Process {
        let dir = tempfile::tempdir().expect("a folder");
        let log = fs::File::create(dir.path().join("log")).expect("a log file");
        let child = Command::new(env!("CARGO_BIN_EXE_credit-ledger"))
            .env_clear()
            .env("CREDIT_LEDGER_DATABASE_URL", self.database.url())
            .env("CREDIT_LEDGER_PEPPER_FILE", self.dir.path().join("pepper"))
            .env("CREDIT_LEDGER_CLUSTER_SECRET_FILE", self.dir.path().join("secret"))
            .env("CREDIT_LEDGER_CLUSTER_LISTEN", "127.0.0.1:0")
            .arg("--data-dir")
            .arg(dir.path().join("data"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("a process");
        let mut process = Process { child, dir, url: String::new(), token: String::new() };
        loop {
            if let Some(status) = process.child.try_wait().expect("a child") {
                panic!("it ended with {status}: {}", process.log());
            }
            let file = fs::read_to_string(process.dir.path().join("data/server.json")).unwrap_or_default();
            if let Ok(file) = serde_json::from_str::<Value>(&file) {
                process.url = file["url"].as_str().expect("a URL").to_owned();
                process.token = file["admin_token"].as_str().expect("a token").to_owned();
                return process;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) async fn post(
        &self,
        url: &str,
        token: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Option<(u16, Value)> {
        let mut request = self.http.post(url).bearer_auth(token).body(body.to_string());
        request = request.header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        Some((status, serde_json::from_slice(&response.bytes().await.ok()?).ok()?))
    }

    /// Buys a million credits for each wallet.
    pub(super) async fn fund(&self, process: &Process, token: &str) {
        for wallet in 0..WALLETS {
            let wallet = uuid::Uuid::from_u64_pair(1, wallet);
            let url = format!("{}/v1/wallets/{wallet}/purchases", process.url);
            let (key, body) = (format!("fund-{wallet}"), json!({ "amount": "1000000" }));
            let bought = self.post(&url, token, Some(&key), &body).await;
            assert_eq!(bought.expect("an answer").0, 201);
        }
    }

    /// Waits until the process accepts the key.
    pub(super) async fn knows(&self, process: &Process, token: &str) {
        let wallet = uuid::Uuid::from_u64_pair(1, 0);
        let url = format!("{}/v1/wallets/{wallet}/deductions", process.url);
        let nothing = json!({ "service": "chat", "cost": "-1" });
        while self.post(&url, token, Some("none"), &nothing).await.is_none_or(|(status, _)| status == 401) {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// The process that writes, once it is known.
    async fn writer(&self, processes: &[Process]) -> usize {
        loop {
            for (index, process) in processes.iter().enumerate() {
                let request = self.http.get(format!("{}/readyz?verbose", process.url));
                let Ok(response) = request.timeout(Duration::from_secs(1)).send().await else { continue };
                let body = response.bytes().await.unwrap_or_default();
                let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                if body["role"] == "writer" {
                    return index;
                }
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Process {
    pub(super) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

/// Spends a credit at a time until it is told to stop, asking again elsewhere under the same key until
/// there is an answer. Returns the keys that were paid.
pub(super) async fn spend(
    common: Arc<Common>,
    urls: Arc<std::sync::Mutex<Vec<String>>>,
    token: String,
    client: u64,
    paid: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
) -> Vec<String> {
    let wallet = uuid::Uuid::from_u64_pair(1, client % WALLETS);
    let (mut keys, mut at) = (Vec::new(), client as usize);
    while !stop.load(Ordering::Relaxed) {
        let key = format!("client-{client}-{}", keys.len());
        loop {
            let url = {
                let urls = urls.lock().expect("no panic");
                urls[at % urls.len()].clone()
            };
            let url = format!("{url}/v1/wallets/{wallet}/deductions");
            let body = json!({ "service": "chat", "cost": "1" });
            let answer = common.post(&url, &token, Some(&key), &body).await;
            match answer {
                Some((201, _)) => break,
                Some((503, _)) | None => {}
                Some((status, body)) => panic!("{status}: {body}"),
            }
            at += 1;
            sleep(Duration::from_millis(20)).await;
        }
        paid.fetch_add(1, Ordering::Relaxed);
        keys.push(key);
    }
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_charged_twice_when_writers_are_killed_and_stopped() {
    let common = Arc::new(Common::new().await);
    let mut processes = Vec::new();
    for _ in 0..3 {
        processes.push(common.start().await);
    }
    let operator = &processes[0];
    let scopes = json!({ "name": "chat", "scopes": ["credits:deduct", "credits:purchase"] });
    let app = common.post(&format!("{}/v1/apps", operator.url), &operator.token, None, &scopes).await;
    let (_, app) = app.expect("an app");
    let token = app["api_key"].as_str().expect("a key").to_owned();
    common.fund(operator, &token).await;
    for process in &processes {
        common.knows(process, &token).await;
    }
    let urls =
        Arc::new(std::sync::Mutex::new(processes.iter().map(|one| one.url.clone()).collect::<Vec<_>>()));
    let (paid, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let spending: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (common, urls, token) = (common.clone(), urls.clone(), token.clone());
            tokio::spawn(spend(common, urls, token, client, paid.clone(), stop.clone()))
        })
        .collect();
    let clock = SystemClock::new();
    let mut slowest = Duration::ZERO;
    for loss in 0..LOSSES {
        sleep(Duration::from_millis(700)).await;
        let writer = common.writer(&processes).await;
        let lost = clock.monotonic();
        let killed = loss % 2 == 0;
        processes[writer].signal(if killed { "-KILL" } else { "-STOP" });
        // What the lost writer had answered may still arrive: the next but a round of all clients counts.
        sleep(Duration::from_millis(200)).await;
        let before = paid.load(Ordering::Relaxed);
        let back = async {
            while paid.load(Ordering::Relaxed) <= before + CLIENTS {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, back).await.expect("writes come back");
        slowest = slowest.max(clock.monotonic() - lost);
        if killed {
            processes[writer] = common.start().await;
            urls.lock().expect("no panic")[writer] = processes[writer].url.clone();
        } else {
            processes[writer].signal("-CONT");
        }
    }
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for task in spending {
        acknowledged.extend(task.await.expect("a client"));
    }
    eprintln!("{} deductions over {LOSSES} losses of the writer; back after {slowest:?}", acknowledged.len());
    let log = PostgresLog::connect(&common.database.url(), None).await.expect("a log");
    must_balance(log, &acknowledged).await;
}

/// Every acknowledged key was charged once, nothing else was, and the log follows from itself.
pub(super) async fn must_balance(log: PostgresLog, acknowledged: &[String]) {
    let log = Arc::new(log);
    let mut charged: HashMap<String, u32> = HashMap::new();
    let mut balances = HashMap::new();
    let mut next = Position(0);
    loop {
        let page = log.read(next, 4_000).await.expect("a page");
        if page.is_empty() {
            break;
        }
        for (position, body) in page.iter() {
            assert_eq!(position, next);
            next = next.next();
            let recorded = events::decode(body).expect("an event");
            if let Event::CreditsDeducted(deducted) = &recorded.event {
                let key = deducted.asked.as_ref().and_then(|asked| asked.key.as_deref()).expect("a key");
                *charged.entry(key.to_owned()).or_default() += 1;
                balances.insert(recorded.wallet(), deducted.wallet.balance);
            }
        }
    }
    for key in acknowledged {
        assert_eq!(charged.get(key), Some(&1), "{key}");
    }
    assert_eq!(charged.len(), acknowledged.len(), "nothing else was charged");
    let left: i64 = balances.values().map(|balance: &Credits| balance.micros()).sum();
    let spent = i64::try_from(acknowledged.len()).expect("a number") * 1_000_000;
    assert_eq!(left, WALLETS as i64 * 1_000_000_000_000 - spent);
    FoldedLog::new(log).catch_up().await;
}
