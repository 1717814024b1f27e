//! Prices, what usage costs by them, and the policy.

use serde_json::{Value, json};

use super::things::funded;
use crate::support::app::{Answer, Client, TestApp};

async fn set(client: &Client, service: &str, ask: Value) -> Answer {
    client.put(&format!("/v1/prices/{service}"), &ask).await
}

fn tokens() -> Value {
    json!({ "units": {
        "input_tokens": { "credits": "0.15", "per": 1_000_000 },
        "images": { "credits": "4" },
    } })
}

#[tokio::test]
async fn usage_costs_what_the_price_says_line_by_line() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let price = set(&admin, "chat", tokens()).await.expect(200).json();
    assert_eq!([&price["service"], &price["version"]], [&json!("chat"), &price["position"]]);
    assert_eq!(price["units"]["images"], json!({ "credits": "4", "per": 1 }));
    let path = format!("/v1/wallets/{wallet}/deductions");
    let ask = r#"{"service":"chat","usage":{"input_tokens":1183,"images":"2"}}"#;
    let spent = admin.post(&path, &json!({})).undeclared(ask).key("d").await.expect(201);
    let shown = spent.json();
    // 1183 x 0.15 / 1,000,000 is 0.00017745.
    assert_eq!([&shown["cost"], &shown["price"]["version"]], [&json!("8.000177"), &price["version"]]);
    let line = json!({ "unit": "input_tokens", "quantity": "1183", "cost": "0.000177" });
    assert_eq!(shown["price"]["lines"][1], line);
    // The same quantities, written otherwise, are the same request.
    let again = r#"{"service":"chat","usage":{"images":2.0,"input_tokens":"1183.0"}}"#;
    assert!(admin.post(&path, &json!({})).undeclared(again).key("d").await.expect(201).is_replayed());
    let ask = |usage: Value| admin.post(&path, &json!({ "service": "chat", "usage": usage }));
    ask(json!({ "videos": 1 })).key("u").await.problem(422, "unknown-unit");
    ask(json!({ "images": 0 })).key("z").await.problem(422, "cost-is-zero");
    let other = json!({ "service": "other", "usage": { "images": 1 } });
    admin.post(&path, &other).key("n").await.problem(422, "no-price");
    let compatible =
        admin.post("/api/mcp/v1/credits/deduct", &json!({ "service": "chat", "usage": { "images": 1 } }));
    let compatible = compatible.header("x-user-id", &wallet).key("c").await.expect(200);
    assert_eq!(compatible.json()["new_balance"].to_string(), "87.999823");
    let both = json!({ "service": "chat", "cost": 1, "usage": { "images": 1 } });
    admin
        .post("/api/mcp/v1/credits/deduct", &both)
        .header("x-user-id", &wallet)
        .await
        .problem(400, "bad-request");
}

#[tokio::test]
async fn prices_have_versions_and_setting_one_again_changes_nothing() {
    let app = TestApp::start().await;
    let (admin, stranger) = (app.admin().await, app.stranger().await);
    let first = set(&admin, "chat", tokens()).await.expect(200);
    let head = app.head();
    let again = set(&admin, "chat", tokens()).await.expect(200);
    assert_eq!((again.text(), app.head()), (first.text(), head));
    let dearer = json!({ "units": { "images": { "credits": "5" } }, "valid_from": "2026-06-01T00:00:00Z" });
    let later = set(&admin, "chat", dearer.clone()).await.expect(200);
    assert_eq!(set(&admin, "chat", dearer).await.expect(200).text(), later.text());
    set(&admin, "caf%C3%A9%2Fbar", json!({ "units": {} })).await.expect(200);
    let at = format!("/v1/prices?min_position={}", app.head().get() - 1);
    let known = admin.get(&at).await.expect(200).json()["data"].clone();
    let shown: Vec<_> = known
        .as_array()
        .expect("a list")
        .iter()
        .map(|price| {
            (price["service"].as_str().expect("a service"), price["current"].as_bool().expect("a flag"))
        })
        .collect();
    assert_eq!(shown, [("café/bar", false), ("chat", true), ("chat", false)]);
    stranger.get("/v1/prices").await.expect(200);
    assert_eq!(stranger.get("/v1/prices").await.expect(200).json()["data"], json!([]));
}

#[tokio::test]
async fn a_policy_may_forbid_costs_of_priced_services() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let standing = admin.get("/v1/policy").await.expect(200).json();
    let default = json!({ "returned_to_expired": { "rule": "original" }, "cost_of_priced_service": "allowed", "approval_above": null });
    assert_eq!(standing, default);
    set(&admin, "chat", tokens()).await.expect(200);
    let spend = |service: &str, key: &'static str| {
        let ask = json!({ "service": service, "cost": "1" });
        admin.post(&format!("/v1/wallets/{wallet}/deductions"), &ask).key(key)
    };
    spend("chat", "before").await.expect(201);
    let strict = json!({ "returned_to_expired": { "rule": "grace", "seconds": 60 }, "cost_of_priced_service": "forbidden", "approval_above": "0" });
    let answer = admin.put("/v1/policy", &strict).await.expect(200);
    let read = admin.get(&format!("/v1/policy?min_position={}", answer.position())).await.expect(200).json();
    assert_eq!(read, strict);
    spend("chat", "after").await.problem(422, "cost-forbidden");
    spend("other", "other").await.expect(201);
}
