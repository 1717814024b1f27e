//! The audit, page by page.

use std::time::Duration;

use serde_json::{Value, json};

use credit_ledger::identity::Scope;

use super::things::{Things, adjust, deduct, fund, funded, policy};
use crate::support::app::{Client, TestApp};

/// The entries of every page, newest first.
async fn walk(client: &Client, list: &str, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let joint = if list.contains('?') { '&' } else { '?' };
        let after = cursor.map(|cursor: String| format!("&cursor={cursor}")).unwrap_or_default();
        let page = client.get(&format!("{list}{joint}limit={limit}{after}")).await.expect(200).json();
        let data = page["data"].as_array().expect("entries");
        assert!(data.len() <= limit, "{} entries on a page of {limit}", data.len());
        all.extend(data.iter().cloned());
        assert_eq!(page["has_more"], page["next_cursor"].is_string());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return all,
        }
    }
}

fn positions(entries: &[Value]) -> Vec<u64> {
    let position = |entry: &Value| entry["position"].as_str().expect("a position").parse().expect("a number");
    entries.iter().map(position).collect()
}

/// Waits until every event is in the projections.
async fn settled(app: &TestApp) {
    app.ledger.caught_up().await;
}

#[tokio::test]
async fn all_pages_together_are_all_entries_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (one, two) = (funded(&admin, "100").await, funded(&admin, "100").await);
    for number in 0..20 {
        let wallet = if number % 3 == 0 { &one } else { &two };
        deduct(&admin, wallet, &format!("d{number}"), "1").await.expect(201);
    }
    settled(&app).await;
    let lists = [
        "/v1/entries".to_owned(),
        format!("/v1/wallets/{two}/entries"),
        "/v1/entries?kind=deduction".to_owned(),
    ];
    for (list, expected) in lists.iter().zip([22 + 2, 13 + 2, 20]) {
        let whole = walk(&admin, list, 1_000).await;
        let count = if list.contains("kind") { 20 } else { expected };
        // A first purchase opens its wallet, which is an entry of its own or not.
        assert!(whole.len() <= count && whole.len() + 2 >= count, "{list}: {} entries", whole.len());
        let positions = positions(&whole);
        assert!(positions.is_sorted_by(|newer, older| newer > older), "{list}: {positions:?}");
        for limit in [1, 7, whole.len()] {
            assert_eq!(walk(&admin, list, limit).await, whole, "{list} by {limit}");
        }
    }
}

#[tokio::test]
async fn a_walk_is_not_disturbed_by_what_comes_meanwhile() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    for number in 0..10 {
        deduct(&admin, &wallet, &format!("d{number}"), "1").await.expect(201);
    }
    settled(&app).await;
    let before = walk(&admin, "/v1/entries", 1_000).await;
    let mut seen = Vec::new();
    let mut path = "/v1/entries?limit=3".to_owned();
    for number in 10.. {
        let page = admin.get(&path).await.expect(200).json();
        seen.extend(page["data"].as_array().expect("entries").iter().cloned());
        deduct(&admin, &wallet, &format!("d{number}"), "1").await.expect(201);
        settled(&app).await;
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/entries?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, before);
}

#[tokio::test]
async fn entries_are_filtered_by_kind_app_and_time() {
    let app = TestApp::start().await;
    let (one, two) = (app.admin().await, app.admin().await);
    let wallet = funded(&one, "100").await;
    deduct(&one, &wallet, "d", "1").await.expect(201);
    app.clock.advance(Duration::from_secs(3_600));
    deduct(&two, &wallet, "d", "2").await.expect(201);
    deduct(&two, &wallet, "much", "2000").await.problem(402, "insufficient-credits");
    settled(&app).await;
    let amounts = async |query: &str| -> Vec<Value> {
        let entries = walk(&one, &format!("/v1/entries?{query}"), 10).await;
        entries.iter().map(|entry| json!([entry["kind"], entry["amount"]])).collect()
    };
    let of_two = format!("app={}", two.app_id.as_deref().expect("an app"));
    assert_eq!(amounts("kind=deduction").await, [json!(["deduction", "-2"]), json!(["deduction", "-1"])]);
    assert_eq!(
        amounts("kind=refusal,%20purchase").await,
        [json!(["refusal", "0"]), json!(["purchase", "100"])]
    );
    assert_eq!(amounts(&of_two).await, [json!(["refusal", "0"]), json!(["deduction", "-2"])]);
    assert_eq!(amounts(&format!("{of_two}&kind=deduction")).await, [json!(["deduction", "-2"])]);
    let hour = "2026-01-01T01:00:00Z";
    assert_eq!(amounts(&format!("from={hour}")).await, amounts(&of_two).await);
    assert_eq!(amounts(&format!("kind=deduction&until={hour}")).await, [json!(["deduction", "-1"])]);
    assert_eq!(amounts("from=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z").await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_entry_says_what_happened() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let things = Things::made_by(&admin).await;
    fund(&admin, &things.wallet, "7").await;
    settled(&app).await;
    let entries = walk(&admin, &format!("/v1/wallets/{}/entries", things.wallet), 100).await;
    let deduction = entries.iter().find(|entry| entry["kind"] == "deduction").expect("a deduction");
    assert_eq!(deduction["id"], things.deduction);
    assert_eq!(deduction["reversed_by"], things.rollback);
    assert_eq!(
        [&deduction["amount"], &deduction["reference"], &deduction["idempotency_key"]],
        ["-2", "chat", "things"]
    );
    assert_eq!([&deduction["wallet"], &deduction["app"]], [&things.wallet, &things.app]);
    let balances: Vec<_> = entries.iter().map(|entry| entry["balance"].clone()).collect();
    assert_eq!(entries[0]["balance"], "1010.5", "{balances:?}");
}

#[tokio::test]
async fn what_undid_an_entry_can_be_read_by_its_id() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let things = Things::made_by(&admin).await;
    admin.put("/v1/policy", &policy()).await.expect(200);
    let proposed = adjust(&admin, &things.wallet, "large", "-200").await.expect(202).member("id");
    let other = app.another_key(&admin, &[Scope::CreditsAdjust]).await;
    let approval = format!("/v1/adjustments/{proposed}/approval");
    let approved = other.post(&approval, &json!({})).key("yes").await.expect(201).member("id");
    let capture = format!("/v1/deductions/{}/rollbacks", things.capture);
    let returned =
        admin.post(&capture, &json!({ "amount": "0.25" })).key("back").await.expect(201).member("id");
    settled(&app).await;
    let entries = walk(&admin, &format!("/v1/wallets/{}/entries", things.wallet), 100).await;
    let undone = entries.iter().filter(|entry| entry.get("reversed_by").is_some());
    let undone: Vec<_> =
        undone.map(|entry| (entry["kind"].as_str(), entry["reversed_by"].as_str())).collect();
    let expected = [
        ("proposal", &approved, "adjustments"),
        ("capture", &returned, "rollbacks"),
        ("deduction", &things.rollback, "rollbacks"),
        ("purchase", &things.refund, "refunds"),
    ];
    let found: Vec<_> = expected.iter().map(|(kind, by, _)| (Some(*kind), Some(by.as_str()))).collect();
    assert_eq!(undone, found);
    for (_, by, kind) in expected {
        admin.get(&format!("/v1/{kind}/{by}")).await.expect(200);
    }
}

#[tokio::test]
async fn another_organization_has_its_own_audit() {
    let app = TestApp::start().await;
    let (admin, stranger) = (app.admin().await, app.stranger().await);
    let ours = Things::made_by(&admin).await;
    let theirs = Things::made_by(&stranger).await;
    settled(&app).await;
    for (client, own, foreign) in [(&admin, &ours, &theirs), (&stranger, &theirs, &ours)] {
        let entries = walk(client, "/v1/entries", 100).await;
        assert!(!entries.is_empty() && entries.iter().all(|entry| entry["wallet"] == own.wallet));
        let by_their_app = format!("/v1/entries?app={}", foreign.app);
        assert!(walk(client, &by_their_app, 100).await.is_empty());
    }
}
