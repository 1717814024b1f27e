//! The generator against a small server: does it send and count what it says?

use std::collections::HashSet;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use clap::Parser;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::*;

/// What the server saw of each request: wallet, key, credentials, body.
type Seen = Arc<Mutex<Vec<(Uuid, String, String, String)>>>;

struct Server {
    address: SocketAddr,
    seen: Seen,
    key_file: PathBuf,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Answers every third deduction 402, the others 201, in a batch as well, checks 503 with
    /// `Connection: close` and purchases never.
    fn start() -> Self {
        let seen = Seen::default();
        let app = Router::new()
            .route("/v1/wallets/{wallet}/deductions", post(deduct))
            .route("/v1/deductions:batch", post(deduct_many))
            .route("/v1/wallets/{wallet}/checks", post(check))
            .route("/v1/wallets/{wallet}/purchases", post(std::future::pending::<()>))
            .with_state(Arc::clone(&seen));
        let (started, address) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
                started.send(listener.local_addr().expect("an address")).expect("a test waits");
                tokio::select! {
                    _ = stopped => {}
                    result = axum::serve(listener, app) => result.expect("serving"),
                }
            });
        });
        let address = address.recv().expect("the server starts");
        let key_file = std::env::temp_dir().join(format!("credit-ledger-load-{}", Uuid::new_v4()));
        fs::write(&key_file, "secret\n").expect("a temporary file");
        Self { address, seen, key_file, _stop: stop }
    }

    fn options(&self) -> LoadOptions {
        LoadOptions {
            url: format!("http://{}", self.address),
            route: Route::Deduct,
            api_key_file: self.key_file.clone(),
            connections: 4,
            wallets: 10,
            distribution: Distribution::Uniform,
            seconds: 60.0,
            requests: Some(300),
            rate: None,
            drain_seconds: 5.0,
            seed: Some(1),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.key_file);
    }
}

async fn deduct(
    State(seen): State<Seen>,
    Path(wallet): Path<Uuid>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    let header = |name| headers[name].to_str().expect("an ASCII header").to_owned();
    let mut seen = seen.lock().expect("no handler panics");
    seen.push((wallet, header("idempotency-key"), header("authorization"), body.clone()));
    let status = if seen.len().is_multiple_of(3) { 402 } else { 201 };
    (StatusCode::from_u16(status).expect("a status"), body)
}

async fn deduct_many(State(seen): State<Seen>, headers: HeaderMap, body: String) -> String {
    let batch: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let mut results = Vec::new();
    for (number, item) in batch["items"].as_array().expect("items").iter().enumerate() {
        let text = |name: &str| item[name].as_str().expect("a text").to_owned();
        let wallet = text("wallet").parse().expect("a UUID");
        let authorization = headers["authorization"].to_str().expect("an ASCII header").to_owned();
        let mut seen = seen.lock().expect("no handler panics");
        seen.push((wallet, text("idempotency_key"), authorization, text("cost")));
        let status = if number % 3 == 2 { 402 } else { 201 };
        results.push(format!(r#"{{"status":{status},"id":"{number}"}}"#));
    }
    format!(r#"{{"results":[{}]}}"#, results.join(","))
}

async fn check() -> (StatusCode, [(&'static str, &'static str); 1]) {
    (StatusCode::SERVICE_UNAVAILABLE, [("connection", "close")])
}

#[test]
fn every_request_is_sent_once_with_its_own_key_and_counted_by_status() {
    let server = Server::start();
    let report = run(&server.options()).expect("the load runs");

    assert_eq!(report.statuses, [(201, 200), (402, 100)].into());
    assert_eq!((report.sent, report.answered, report.unanswered), (300, 300, 0));
    assert_eq!(report.unsuccessful(), 100);
    assert!(report.throughput > 0.0 && report.latency_ms.p50 > 0.0);
    assert!(report.latency_ms.p50 <= report.latency_ms.p99);

    let seen = server.seen.lock().expect("no handler panicked");
    assert_eq!(seen.iter().map(|(_, key, _, _)| key).collect::<HashSet<_>>().len(), 300);
    let ours: HashSet<Uuid> = (0..10).map(wallet_id).collect();
    assert!(seen.iter().all(|(wallet, _, _, _)| ours.contains(wallet)));
    let body = r#"{"service":"chat","cost":"0.001"}"#;
    assert!(seen.iter().all(|(_, _, key, sent)| key == "Bearer secret" && sent == body));
}

#[test]
fn the_items_of_batches_have_keys_of_their_own_and_are_counted() {
    let server = Server::start();
    let options = LoadOptions { route: Route::DeductBatch, requests: Some(10), ..server.options() };
    let report = run(&options).expect("the load runs");

    assert_eq!(report.statuses, [(200, 10)].into());
    assert_eq!((report.items, report.items_refused), (500, 10 * 166));
    let per_second = report.throughput * report.seconds;
    assert!((per_second - 5_000.0).abs() < 1.0, "ten batches are 5,000 items: {report:?}");
    assert!(report.warning().is_some_and(|warning| warning.contains("1660 items refused")));
    let seen = server.seen.lock().expect("no handler panicked");
    assert_eq!(seen.iter().map(|(_, key, _, _)| key).collect::<HashSet<_>>().len(), 5_000);
    let wallets: HashSet<_> = seen.iter().map(|(wallet, _, _, _)| wallet).collect();
    assert_eq!(wallets.len(), 10, "items of a batch are of different wallets");
}

#[test]
fn an_open_loop_sends_its_rate_and_not_more() {
    let server = Server::start();
    let options = LoadOptions { rate: Some(500.0), seconds: 0.5, requests: None, ..server.options() };
    let report = run(&options).expect("the load runs");

    assert_eq!((report.sent, report.unsent, report.answered), (250, 0, 250));
    assert!(report.seconds >= 0.49, "sent too early: {report:?}");
}

#[test]
fn a_server_that_closes_is_connected_to_again() {
    let server = Server::start();
    let options = LoadOptions { route: Route::Check, requests: Some(20), ..server.options() };
    let report = run(&options).expect("the load runs");

    assert_eq!(report.statuses, [(503, 20)].into());
    assert!(report.failures.is_empty(), "{:?}", report.failures);
}

#[test]
fn a_server_that_never_answers_does_not_hang_the_run() {
    let server = Server::start();
    let options = LoadOptions {
        route: Route::Purchase,
        rate: Some(200.0),
        seconds: 0.1,
        drain_seconds: 0.1,
        requests: None,
        ..server.options()
    };
    let report = run(&options).expect("the load runs");

    assert_eq!((report.answered, report.unanswered, report.unsent), (0, 4, 16));
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let server = Server::start();
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let options = LoadOptions { url: format!("http://{address}"), ..server.options() };

    assert!(matches!(run(&options), Err(LoadError::Connect { .. })));
}

#[test]
fn options_survive_the_command_line() {
    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        options: LoadOptions,
    }
    let options = LoadOptions {
        rate: Some(1_234.5),
        route: Route::DeductBatch,
        distribution: Distribution::Hot,
        ..Server::start().options()
    };
    let program = std::ffi::OsString::from("load");
    let parsed = Command::try_parse_from([program].into_iter().chain(options.to_args()));
    assert_eq!(parsed.expect("our own arguments").options, options);
}

#[test]
fn senseless_options_are_refused() {
    let server = Server::start();
    for options in [
        LoadOptions { connections: 0, ..server.options() },
        LoadOptions { wallets: 0, ..server.options() },
        LoadOptions { seconds: -1.0, ..server.options() },
        LoadOptions { rate: Some(0.0), ..server.options() },
        LoadOptions { rate: Some(f64::NAN), ..server.options() },
    ] {
        assert!(matches!(run(&options), Err(LoadError::Option(_))), "{options:?}");
    }
}
