//! Corrections, and the second person that large ones need.

use credit_ledger::identity::Scope;
use serde_json::{Value, json};

use super::things::{adjust, funded, new_wallet, policy};
use crate::support::app::{Answer, Client, TestApp};

async fn approve(client: &Client, id: &str, key: &str) -> Answer {
    client.post(&format!("/v1/adjustments/{id}/approval"), &json!({})).key(key).await
}

#[tokio::test]
async fn a_correction_adds_a_lot_or_takes_from_the_lots() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let ask = json!({ "wallet": wallet, "amount": "5", "reason": "sorry", "class": "paid", "priority": 3,
        "expires_in_seconds": 60 });
    let added = admin.post("/v1/adjustments", &ask).key("a").await.expect(201);
    let shown = added.json();
    assert_eq!(
        [&shown["status"], &shown["amount"], &shown["balance"], &shown["class"]],
        ["done", "5", "15", "paid"]
    );
    assert_eq!([&shown["lot"], &shown["priority"]], [&shown["position"], &json!(3)]);
    let key = admin.key_id.as_deref().expect("a key");
    assert_eq!(shown["by"], format!("key/{key}"));
    let read = admin.get(&format!("/v1/adjustments/{}", added.member("id"))).await.expect(200);
    assert_eq!(read.text(), added.text());
    let taken = adjust(&admin, &wallet, "b", "-7").await.expect(201).json();
    assert_eq!([&taken["amount"], &taken["balance"], &taken["slices"][0]["amount"]], ["-7", "8", "5"]);
    adjust(&admin, &wallet, "c", "-8.5").await.problem(402, "insufficient-credits");
    adjust(&admin, &new_wallet(), "d", "1").await.problem(404, "not-found");
    adjust(&app.stranger().await, &wallet, "e", "1").await.problem(404, "not-found");
    let terms = json!({ "wallet": wallet, "amount": "-1", "reason": "r", "class": "paid" });
    admin.post("/v1/adjustments", &terms).key("f").await.problem(400, "bad-request");
}

#[tokio::test]
async fn a_large_one_takes_two_people_and_effect_once() {
    let app = TestApp::start().await;
    let one = app.admin().await;
    let two = app.another_key(&one, &[Scope::CreditsAdjust]).await;
    let wallet = funded(&one, "500").await;
    one.put("/v1/policy", &policy()).await.expect(200);
    adjust(&one, &wallet, "small", "-100").await.expect(201);
    let proposed = adjust(&one, &wallet, "large", "-100.000001").await.expect(202);
    let (id, shown) = (proposed.member("id"), proposed.json());
    assert_eq!([&shown["status"], &shown["balance"]], ["proposed", "400"]);
    let again = adjust(&one, &wallet, "large", "-100.000001").await.expect(202);
    assert_eq!((again.text(), again.is_replayed()), (proposed.text(), true));
    approve(&one, &id, "a").await.problem(422, "approver-is-proposer");
    let done = approve(&two, &id, "b").await.expect(201);
    let shown = done.json();
    assert_eq!(
        [&shown["status"], &shown["amount"], &shown["balance"]],
        ["done", "-100.000001", "299.999999"]
    );
    assert_eq!([&shown["proposal"], &shown["reason"]], [id.as_str(), "a slip"]);
    let key = |client: &Client| Value::from(format!("key/{}", client.key_id.as_deref().expect("a key")));
    assert_eq!([&shown["by"], &shown["proposed_by"]], [&key(&two), &key(&one)]);
    assert!(approve(&two, &id, "b").await.expect(201).is_replayed());
    approve(&app.operator(), &id, "c").await.problem(409, "adjustment-already-approved");
    let view = format!("/v1/adjustments/{id}?min_position={}", app.head().get() - 1);
    assert_eq!(one.get(&view).await.expect(200).json()["approved_by"], shown["id"]);
    // What was done is no proposal, and another organization's is none either.
    approve(&two, &done.member("id"), "d").await.problem(404, "not-found");
    approve(&app.stranger().await, &id, "e").await.problem(404, "not-found");
}
