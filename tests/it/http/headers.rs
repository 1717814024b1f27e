//! Headers that every answer has, and those that go into the log.

use credit_ledger::http::HttpOptions;
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};

use super::things::{deduct, funded};
use crate::support::app::{Answer, Client, TestApp};

const ORIGIN: &str = "https://app.example.com";

#[tokio::test]
async fn a_request_id_is_echoed_or_replaced() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    let longest = "r".repeat(128);
    for id in ["r-1", "0af7651916cd43dd8448eb211c80319c", &longest] {
        for path in ["/livez", "/v1/wallets/x", "/nowhere"] {
            let answer = anonymous.get(path).header("x-request-id", id).await;
            assert_eq!(answer.header("x-request-id"), id, "{path}");
        }
    }
    let too_long = "r".repeat(129);
    let mut drawn = std::collections::BTreeSet::new();
    for id in ["", "a b", "tab\tbed", "schlüssel", &too_long] {
        let answer = anonymous.get("/livez").header("x-request-id", id).await;
        let given = answer.header("x-request-id").to_owned();
        assert!(given != id && given.len() == 36, "{id:?} became {given:?}");
        assert!(drawn.insert(given), "{id:?} got the id of another request");
    }
}

/// The last event in the log.
async fn last(app: &TestApp) -> Value {
    let stored = app.stored_from(app.head().get() - 1).await;
    serde_json::from_str(&stored[0]).expect("JSON")
}

#[tokio::test]
async fn request_and_trace_are_recorded_with_the_event() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let path = format!("/v1/wallets/{wallet}/deductions");
    let body = json!({ "service": "chat", "cost": "1" });
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let traced =
        admin.post(&path, &body).key("one").header("x-request-id", "r-1").header("traceparent", trace);
    traced.await.expect(201);
    let event = last(&app).await;
    assert_eq!([&event["correlationid"], &event["traceparent"]], ["r-1", trace]);
    // What is no trace context, or no request id, is nobody's.
    let broken = admin.post(&path, &body).key("two").header("x-request-id", "a b");
    broken.header("traceparent", "00-0-0-00").await.expect(201);
    let event = last(&app).await;
    assert_eq!([&event["traceparent"], &event["correlationid"]], [&Value::Null, &Value::Null]);
}

#[tokio::test]
async fn an_answer_is_neither_stored_nor_guessed_at() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "1").await;
    let answers = [
        admin.get("/livez").await,
        admin.get("/nowhere").await,
        admin.get("/v1/events").await,
        deduct(&admin, &wallet, "d", "1").await,
        deduct(&admin, &wallet, "e", "1").await,
    ];
    for answer in answers {
        assert_eq!(answer.header("cache-control"), "no-store", "{}", answer.path);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{}", answer.path);
    }
}

fn cors(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.keys().map(|name| name.as_str());
    names.filter(|name| name.starts_with("access-control-")).collect()
}

async fn preflight(client: &Client, origin: &str) -> Answer {
    let request = client.request(Method::OPTIONS, "/v1/events").header("origin", origin);
    let request = request.header("access-control-request-method", "GET");
    request.header("access-control-request-headers", "x-api-key,last-event-id").await
}

#[tokio::test]
async fn no_browser_origin_is_trusted_unless_it_is_configured() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    for path in ["/livez", "/v1/events", "/nowhere"] {
        let answer = anonymous.get(path).header("origin", ORIGIN).await;
        assert_eq!(cors(&answer), [""; 0], "{path}");
    }
    assert_eq!(cors(&preflight(&anonymous, ORIGIN).await), [""; 0]);
}

#[tokio::test]
async fn a_configured_origin_may_read_every_answer() {
    let origins = vec![HeaderValue::from_static(ORIGIN)];
    let app = TestApp::start_with(HttpOptions { cors_origins: origins, ..HttpOptions::default() }).await;
    let anonymous = app.anonymous();
    let asked = preflight(&anonymous, ORIGIN).await.expect(200);
    assert_eq!(asked.header("access-control-allow-origin"), ORIGIN);
    assert!(asked.header("access-control-allow-headers").contains("x-api-key"));
    for (method, path) in [
        (Method::GET, "/livez"),
        (Method::GET, "/v1/events"),
        (Method::GET, "/nowhere"),
        (Method::PUT, "/v1/events"),
    ] {
        let answer = anonymous.request(method, path).header("origin", ORIGIN).await;
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN, "{path} {}", answer.status);
        assert!(answer.header("access-control-expose-headers").contains("x-request-id"), "{path}");
        let other = anonymous.get(path).header("origin", "https://evil.example.com").await;
        assert_eq!(other.header("access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn every_answer_may_be_asked_for_without_its_body() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (path, status) in [("/livez", 200), ("/v1/entries", 200), ("/nowhere", 404)] {
        let head = admin.request(Method::HEAD, path).await.expect(status);
        assert!(head.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_key_may_ask_so_often_and_no_more() {
    let options = HttpOptions { requests_per_second_per_key: Some(5), ..HttpOptions::default() };
    let app = TestApp::start_with(options).await;
    let (one, other) = (app.admin().await, app.admin().await);
    for _ in 0..5 {
        one.get("/v1/apps").await.expect(200);
    }
    let limited = one.get("/v1/apps").await;
    assert_eq!(limited.problem(429, "rate-limited")["retry_after_seconds"], 1);
    other.get("/v1/apps").await.expect(200);
    app.operator().get("/v1/apps").await.expect(200);
    app.clock.advance(std::time::Duration::from_secs(1));
    one.get("/v1/apps").await.expect(200);
}
