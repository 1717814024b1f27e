//! Clients that take their time.

use std::time::Duration;

use credit_ledger::http::HttpOptions;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::things::funded;
use crate::support::app::TestApp;

const SHORT: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(20);

/// What comes until the server closes the connection.
async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("the server must close the connection").expect("what it sent");
    String::from_utf8(answer).expect("text")
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off_while_others_are_served() {
    let app = TestApp::start_with(HttpOptions { head_read_max: SHORT, ..HttpOptions::default() }).await;
    let mut slow = TcpStream::connect(app.address).await.expect("a connection");
    slow.write_all(b"GET /livez HTTP/1.1\r\nhost: ").await.expect("the start of a head");
    let cut = tokio::spawn(rest(slow));
    while !cut.is_finished() {
        app.anonymous().get("/livez").await.expect(200);
    }
    let answer = cut.await.expect("no panic");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"code\":\"request-timeout\""), "{answer}");
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let app = TestApp::start_with(HttpOptions { body_read_max: SHORT, ..HttpOptions::default() }).await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let head = app.head();
    let mut slow = TcpStream::connect(app.address).await.expect("a connection");
    let key = admin.credential.as_deref().expect("a key");
    let request = format!(
        "POST /v1/wallets/{wallet}/deductions HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {key}\r\n\
         idempotency-key: k\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    slow.write_all(request.as_bytes()).await.expect("a head and some of the body");
    let answer = rest(slow).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"code\":\"request-timeout\""), "{answer}");
    assert_eq!(app.head(), head);
}

#[tokio::test]
async fn an_unused_connection_is_closed() {
    let app = TestApp::start_with(HttpOptions { idle_max: SHORT, ..HttpOptions::default() }).await;
    let unused = TcpStream::connect(app.address).await.expect("a connection");
    assert_eq!(rest(unused).await, "");
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_their_turn() {
    let app = TestApp::start_with(HttpOptions { connections_max: 1, ..HttpOptions::default() }).await;
    let first = TcpStream::connect(app.address).await.expect("a connection");
    let request = "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let second = app.raw(request);
    let mut second = std::pin::pin!(second);
    // It is connected, but nobody reads from it yet.
    assert!(timeout(SHORT, &mut second).await.is_err(), "only one is served at a time");
    drop(first);
    assert_eq!(second.await.statuses(), [200]);
}

#[tokio::test]
async fn a_client_that_goes_away_loses_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let key = admin.credential.as_deref().expect("a key");
    let body = r#"{"service":"chat","cost":"1"}"#;
    let request = format!(
        "POST /v1/wallets/{wallet}/deductions HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\nidempotency-key: gone\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let before = app.head();
    let mut gone = TcpStream::connect(app.address).await.expect("a connection");
    gone.write_all(request.as_bytes()).await.expect("a request");
    drop(gone);
    // Whether the first one came through or not: it is charged once.
    super::things::deduct(&admin, &wallet, "gone", "1").await.expect(201);
    let again = super::things::deduct(&admin, &wallet, "gone", "1").await.expect(201);
    assert!(again.is_replayed());
    assert_eq!(app.head(), before.next());
}

#[tokio::test]
async fn a_body_that_breaks_off_records_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let key = admin.credential.as_deref().expect("a key");
    let before = app.head();
    let request = format!(
        "POST /v1/wallets/{wallet}/deductions HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\nidempotency-key: cut\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{\"service\":\"chat\",\"cost\":\"1\"}}"
    );
    let mut broken = TcpStream::connect(app.address).await.expect("a connection");
    broken.write_all(request.as_bytes()).await.expect("most of a request");
    broken.shutdown().await.expect("the end of it");
    let answer = rest(broken).await;
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    assert_eq!(app.head(), before);
    // The key is free: nothing was done under it.
    assert!(!super::things::deduct(&admin, &wallet, "cut", "1").await.expect(201).is_replayed());
}
