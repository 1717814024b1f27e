//! Many commands in one request.

use credit_ledger::identity::Scope;
use serde_json::{Value, json};

use super::things::{deduct, fund, funded, new_wallet, wallet_at};
use crate::support::app::{Answer, Client, TestApp};

const DEDUCTIONS: &str = "/v1/deductions:batch";
const CHECKS: &str = "/v1/checks:batch";

fn item(wallet: &str, key: &str, cost: &str) -> Value {
    json!({ "wallet": wallet, "idempotency_key": key, "service": "chat", "cost": cost })
}

async fn batch(client: &Client, items: Vec<Value>) -> Vec<Value> {
    let answer = client.post(DEDUCTIONS, &json!({ "items": items })).await.expect(200);
    answer.json()["results"].as_array().expect("results").clone()
}

#[tokio::test]
async fn each_item_has_the_answer_or_the_problem_it_would_have_alone() {
    let app = TestApp::start().await;
    let (admin, stranger) = (app.admin().await, app.stranger().await);
    let wallet = funded(&admin, "10").await;
    let theirs = funded(&stranger, "10").await;
    let alone = deduct(&admin, &wallet, "alone", "1").await.expect(201);
    let mut odd = item(&wallet, "odd", "1");
    odd["more"] = json!(1);
    let mut keyless = item(&wallet, "", "1");
    keyless.as_object_mut().expect("an object").remove("idempotency_key");
    let results = batch(
        &admin,
        vec![
            item(&wallet, "a", "4"),
            item(&wallet, "b", "100"),
            item(&wallet, "alone", "1"),
            item(&wallet, "alone", "2"),
            item(&theirs, "c", "1"),
            item(&new_wallet(), "d", "1"),
            item(&wallet, "e", "0.0000001"),
            odd,
            keyless,
            json!(5),
            item(&wallet, "a", "4"),
            item(&wallet, "f", "5"),
        ],
    )
    .await;
    let statuses: Vec<_> =
        results.iter().map(|result| result["status"].as_u64().expect("a status")).collect();
    assert_eq!(statuses, [201, 402, 201, 422, 404, 404, 400, 400, 400, 400, 201, 201]);
    let code = |index: usize| results[index]["code"].as_str().unwrap_or_default();
    let codes =
        ["insufficient-credits", "idempotency-key-reused", "not-found", "not-found", "invalid-amount"];
    assert_eq!([code(1), code(3), code(4), code(5), code(6)], codes);
    assert_eq!([code(7), code(8), code(9)], ["bad-request", "missing-idempotency-key", "bad-request"]);
    assert_eq!([&results[1]["available"], &results[1]["shortfall"]], ["5", "95"]);
    let mut replayed = results[2].clone();
    let members = replayed.as_object_mut().expect("an object");
    assert_eq!(members.remove("replayed"), Some(json!(true)));
    members.remove("status");
    assert_eq!(replayed, alone.json());
    assert_eq!([&results[10]["id"], &results[10]["replayed"]], [&results[0]["id"], &json!(true)]);
    assert_eq!(results[11]["balance"], "0");
    let again = batch(&admin, vec![item(&wallet, "b", "100"), item(&wallet, "f", "5")]).await;
    assert!(again.iter().all(|result| result["replayed"] == true), "{again:?}");
    assert_eq!(wallet_at(&admin, &wallet, app.head().get() - 1).await["balance"], "0");
}

async fn atomic(client: &Client, wallet: &str, key: &str, costs: &[&str]) -> Answer {
    let items: Vec<_> = costs.iter().map(|cost| json!({ "service": "chat", "cost": cost })).collect();
    client.post(DEDUCTIONS, &json!({ "atomic": true, "wallet": wallet, "items": items })).key(key).await
}

#[tokio::test]
async fn an_atomic_batch_makes_all_or_none() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let refused = atomic(&admin, &wallet, "one", &["4", "5", "2"]).await;
    let problem = refused.problem(402, "insufficient-credits");
    assert_eq!([&problem["item"], &problem["available"]], [&json!(2), &json!("1")]);
    fund(&admin, &wallet, "5").await;
    let again = atomic(&admin, &wallet, "one", &["4", "5", "2"]).await;
    assert_eq!(again.problem(402, "insufficient-credits")["item"], 2);
    assert!(again.is_replayed());
    let head = app.head();
    let done = atomic(&admin, &wallet, "two", &["4", "5", "2"]).await.expect(200);
    assert_eq!(app.head().get(), head.get() + 3);
    let results = done.json()["results"].as_array().expect("results").clone();
    let shown: Vec<_> =
        results.iter().map(|item| (item["status"].as_u64(), item["balance"].as_str())).collect();
    assert_eq!(shown, [(Some(201), Some("11")), (Some(201), Some("6")), (Some(201), Some("4"))]);
    let replayed = atomic(&admin, &wallet, "two", &["4", "5", "2"]).await.expect(200);
    assert_eq!((replayed.text(), replayed.is_replayed()), (done.text(), true));
    atomic(&admin, &wallet, "two", &["4", "5"]).await.problem(422, "idempotency-key-reused");
    // Each is a deduction like any other.
    for item in results {
        let id = item["id"].as_str().expect("an id");
        admin.get(&format!("/v1/deductions/{id}")).await.expect(200);
        let path = format!("/v1/deductions/{id}/rollbacks");
        admin.post(&path, &json!({ "amount": "1" })).key(id).await.expect(201);
    }
}

#[tokio::test]
async fn an_atomic_batch_names_wallet_and_key_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let head = app.head();
    let post = |ask: Value| admin.post(DEDUCTIONS, &ask);
    let bare = json!({ "service": "chat", "cost": "1" });
    post(json!({ "atomic": true, "items": [bare] })).key("k").await.problem(400, "bad-request");
    let keyless = post(json!({ "atomic": true, "wallet": wallet, "items": [bare] }));
    keyless.await.problem(400, "missing-idempotency-key");
    let both = json!({ "atomic": true, "wallet": wallet, "items": [bare, item(&wallet, "a", "1")] });
    assert_eq!(post(both).key("k").await.problem(400, "bad-request")["item"], 1);
    let wrong =
        json!({ "atomic": true, "wallet": wallet, "items": [bare, { "service": "chat", "cost": "0" }] });
    assert_eq!(post(wrong).key("k").await.problem(400, "invalid-amount")["item"], 1);
    post(json!({ "wallet": wallet, "items": [item(&wallet, "a", "1")] })).await.problem(400, "bad-request");
    post(json!({ "atomic": true, "wallet": new_wallet(), "items": [bare] }))
        .key("k")
        .await
        .problem(404, "not-found");
    assert_eq!(app.head(), head);
}

#[tokio::test]
async fn a_batch_has_a_thousand_items_and_no_more() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "2000").await;
    let items = |count: usize| (0..count).map(|index| item(&wallet, &format!("k{index}"), "1")).collect();
    let results = batch(&admin, items(1_000)).await;
    assert!(results.len() == 1_000 && results.iter().all(|result| result["status"] == 201));
    assert_eq!(results[999]["balance"], "1000");
    let head = app.head();
    let costs = vec!["1"; 1_000];
    let all = atomic(&admin, &wallet, "all", &costs).await.expect(200).json();
    assert_eq!(all["results"][999]["balance"], "0");
    assert_eq!(app.head().get(), head.get() + 1_000);
    let head = app.head();
    for count in [0, 1_001] {
        let items: Vec<Value> = items(count);
        admin.post(DEDUCTIONS, &json!({ "items": items })).await.problem(400, "bad-request");
    }
    assert_eq!(app.head(), head);
}

#[tokio::test]
async fn checks_come_in_batches_too() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let ask = |cost: &str| json!({ "wallet": wallet, "service": "chat", "cost": cost });
    let mut holding = ask("6");
    holding["hold"] = json!(true);
    holding["timeout_seconds"] = json!(60);
    let items = json!({ "items": [ask("10"), ask("11"), holding, ask("6"), ask("x")] });
    let answer = admin.post(CHECKS, &items).await.expect(200).json();
    let results = answer["results"].as_array().expect("results");
    let shown: Vec<_> =
        results.iter().map(|result| (result["status"].as_u64(), result["sufficient"].as_bool())).collect();
    let ok = |sufficient| (Some(200), Some(sufficient));
    assert_eq!(shown, [ok(true), ok(false), ok(true), ok(false), (Some(400), None)]);
    assert!(results[2]["hold"].as_str().is_some_and(|id| id.starts_with("hol_")));
    let checks = app.with_scopes([Scope::CreditsCheck]).await;
    let answer = checks.post(CHECKS, &items).await.expect(200).json();
    assert_eq!(
        [&answer["results"][2]["status"], &answer["results"][2]["required_scope"]],
        [&json!(403), &json!("credits:hold")]
    );
    checks.post(DEDUCTIONS, &json!({ "items": [] })).await.problem(403, "forbidden");
    let atomic = json!({ "atomic": true, "items": [ask("1")] });
    checks.post(CHECKS, &atomic).await.problem(400, "bad-request");
}
