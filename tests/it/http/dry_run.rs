//! What would happen, without it happening.

use credit_ledger::http::routes::Kind;
use serde_json::{Value, json};

use super::{
    requests,
    things::{Things, deduct, funded},
};
use crate::support::app::TestApp;

/// Whether the answer names a position of an event that was never stored.
fn names_nothing_new(shown: &Value) -> bool {
    ["id", "position", "lot", "version", "as_of_position", "transaction_id"]
        .iter()
        .all(|name| shown.get(name).is_none())
}

#[tokio::test]
async fn a_dry_run_answers_and_changes_nothing_on_every_route() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let things = Things::stocked(&app, &admin).await;
    for (route, draft) in requests::all(&things) {
        let takes = matches!(route.kind, Kind::Command | Kind::KeyOptional | Kind::Batch | Kind::Rule);
        if !takes || route.path.starts_with("/bench/") {
            continue;
        }
        let head = app.head();
        let dry = draft.at(format!("{}?dry_run=true", draft.path));
        // It needs no key, and uses none up.
        for dry in [dry.clone(), dry.headerless("idempotency-key")] {
            let answer = dry.by(&admin).await;
            assert_eq!(answer.status, 200, "{}: {}", route.path, answer.text());
            let shown = answer.json();
            let items = shown["results"].as_array().cloned().unwrap_or_else(|| vec![shown.clone()]);
            for item in items {
                assert_eq!(item["dry_run"], true, "{}: {item}", route.path);
                assert!(names_nothing_new(&item), "{}: {item}", route.path);
            }
        }
        assert_eq!(app.head(), head, "{}", route.path);
        let done = draft.by(&admin).await;
        assert!((200..300).contains(&done.status) && !done.is_replayed(), "{}", done.text());
        assert!(done.json().get("dry_run").is_none(), "{}", done.text());
        assert!(app.head() > head, "{}", route.path);
    }
}

#[tokio::test]
async fn a_dry_run_is_refused_like_the_command() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "1").await;
    let head = app.head();
    let path = format!("/v1/wallets/{wallet}/deductions?dry_run=true");
    let dry = |cost: &str| admin.post(&path, &json!({ "service": "chat", "cost": cost })).key("k");
    let refused = dry("2").await;
    refused.problem(402, "insufficient-credits");
    assert!(!refused.is_replayed());
    dry("x").await.problem(400, "invalid-amount");
    assert_eq!(dry("0.25").await.expect(200).json()["balance"], "0.75");
    assert_eq!(app.head(), head);
    deduct(&admin, &wallet, "k", "1").await.expect(201);
    let compatible =
        admin.post("/api/mcp/v1/credits/deduct?dry_run=true&x=1", &json!({ "service": "s", "cost": 1 }));
    compatible.header("x-user-id", &wallet).await.problem(402, "insufficient-credits");
    for query in ["dry-run=true", "dry_run=1", "dry_run", "dry_run=true&x=1"] {
        let path = format!("/v1/wallets/{wallet}/deductions?{query}");
        let ask = json!({ "service": "chat", "cost": "1" });
        admin.post(&path, &ask).key("q").await.problem(400, "bad-request");
    }
}
