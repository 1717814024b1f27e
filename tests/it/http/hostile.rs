//! Bytes that are no proper HTTP, or too much of it.

use super::things::funded;
use crate::support::app::TestApp;

const CLOSE: &str = "host: x\r\nconnection: close\r\n";

/// Whoever comes next is served.
async fn still_serves(app: &TestApp) {
    app.anonymous().get("/livez").await.expect(200);
}

#[tokio::test]
async fn what_is_no_http_is_a_bad_request() {
    let app = TestApp::start().await;
    let head = app.head();
    for bytes in [
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "GET /livez\r\n\r\n",
        "GET /livez HTTP/9.9\r\n\r\n",
        "GET /livez HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /livez HTTP/1.1\r\nhost: x\r\n folded: y\r\n\r\n",
        "GET /livez HTTP/1.1\r\nx-api-key: a\u{0}b\r\n\r\n",
        "GET /li vez HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /<script>alert(1)</script> HTTP/1.1\r\nhost: x\r\n\r\n",
        "POST /v1/wallets HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n",
        "POST /v1/wallets HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "POST /v1/wallets HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
        "POST /v1/wallets HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n{}",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}\r\n\r\n",
    ] {
        app.raw(bytes).await.problem(400, "bad-request");
    }
    assert_eq!(app.head(), head);
    still_serves(&app).await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let app = TestApp::start().await;
    let kib = |count: usize| "x".repeat(count * 1_024);
    for head in [
        format!("GET /livez HTTP/1.1\r\n{CLOSE}x-filler: {}\r\n\r\n", kib(33)),
        format!("GET /livez HTTP/1.1\r\n{CLOSE}x-filler: {}\r\n\r\n", kib(200)),
        format!("GET /{} HTTP/1.1\r\n{CLOSE}\r\n", kib(33)),
        format!("GET /{} HTTP/1.1\r\n{CLOSE}\r\n", kib(200)),
        format!("GET /livez HTTP/1.1\r\n{CLOSE}{}\r\n", "a: b\r\n".repeat(63)),
        format!("GET /livez HTTP/1.1\r\n{CLOSE}{}\r\n", "a: b\r\n".repeat(5_000)),
    ] {
        app.raw(head).await.problem(431, "headers-too-large");
    }
    let most = format!("GET /livez HTTP/1.1\r\n{CLOSE}{}\r\n", "a: b\r\n".repeat(62));
    assert_eq!(app.raw(most).await.statuses(), [200]);
    still_serves(&app).await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let app = TestApp::start().await;
    let first = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n";
    let last = format!("GET /readyz HTTP/1.1\r\n{CLOSE}\r\n");
    assert_eq!(app.raw(format!("{first}{last}")).await.statuses(), [200, 404, 200]);
}

#[tokio::test]
async fn the_older_protocol_is_understood() {
    let app = TestApp::start().await;
    let answer = app.raw("GET /livez HTTP/1.0\r\n\r\n").await;
    assert_eq!(answer.statuses(), [200]);
    assert!(answer.0.ends_with("\r\n\r\nok"), "{}", answer.0);
    app.raw("GET /nowhere HTTP/1.0\r\n\r\n").await.problem(404, "not-found");
}

/// A deduction whose body follows as `rest` says.
async fn deduction(app: &TestApp, rest: &str) -> crate::support::app::RawAnswer {
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let key = admin.credential.as_deref().expect("a key");
    let head = format!("POST /v1/wallets/{wallet}/deductions HTTP/1.1\r\n{CLOSE}x-api-key: {key}\r\n");
    let before = app.head();
    let answer =
        app.raw(format!("{head}idempotency-key: k\r\ncontent-type: application/json\r\n{rest}")).await;
    assert_eq!(app.head() > before, answer.statuses() == [201], "{}", answer.0);
    answer
}

const BODY: &str = r#"{"service":"chat","cost":"1"}"#;

#[tokio::test]
async fn a_body_may_come_in_chunks_within_the_limit() {
    let app = TestApp::start().await;
    let (one, two) = BODY.split_at(10);
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let chunks = format!("transfer-encoding: chunked\r\n\r\n{}{}0\r\n\r\n", chunk(one), chunk(two));
    assert_eq!(deduction(&app, &chunks).await.statuses(), [201]);
    let padding = chunk(&" ".repeat(1_024)).repeat(65);
    let large = format!("transfer-encoding: chunked\r\n\r\n{}{padding}0\r\n\r\n", chunk(BODY));
    deduction(&app, &large).await.problem(413, "payload-too-large");
    let broken = "transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n";
    deduction(&app, broken).await.problem(400, "bad-request");
}

#[tokio::test]
async fn an_announced_length_counts() {
    let app = TestApp::start().await;
    let length = BODY.len();
    assert_eq!(deduction(&app, &format!("content-length: {length}\r\n\r\n{BODY}")).await.statuses(), [201]);
    // What follows the announced end is not part of the request, nor a request of its own.
    let longer = format!("content-length: {length}\r\n\r\n{BODY}GET /livez HTTP/1.1\r\n\r\n");
    assert_eq!(deduction(&app, &longer).await.statuses(), [201]);
    let cut = format!("content-length: {}\r\n\r\n{BODY}", length - 1);
    deduction(&app, &cut).await.problem(400, "bad-request");
    let huge = "content-length: 99999999999\r\n\r\n{";
    deduction(&app, huge).await.problem(413, "payload-too-large");
}

#[tokio::test]
async fn a_path_leads_nowhere_else() {
    let app = TestApp::start().await;
    for path in [
        "/problems/../livez",
        "/problems/..%2f..%2f..%2fetc%2fpasswd",
        "/problems/../../../../etc/passwd",
        "/problems/not-found.md",
        "/problems/%6eot-found%00",
        "/problems/README",
        "/docs/../Cargo.toml",
        "/docs/..%2fCargo.toml",
        "/docs/%2e%2e/%2e%2e/etc/passwd",
    ] {
        let answer = app.raw(format!("GET {path} HTTP/1.1\r\n{CLOSE}\r\n")).await;
        answer.problem(404, "not-found");
    }
}

#[tokio::test]
async fn markup_in_a_path_stays_text() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/%3Cscript%3Ealert(1)%3C%2Fscript%3E\"%22").await;
    let problem = answer.problem(404, "not-found");
    assert!(problem["instance"].as_str().is_some_and(|path| path.starts_with("/%3Cscript%3E")), "{problem}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}
