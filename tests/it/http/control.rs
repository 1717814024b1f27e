//! Freezing, overdrafts, caps with their budgets, and thresholds.

use serde_json::{Value, json};

use super::things::{deduct, fund, funded, hold, wallet_at};
use crate::support::app::{Answer, Client, TestApp};

async fn put(client: &Client, wallet: &str, what: &str, key: &str, ask: Value) -> Answer {
    client.put(&format!("/v1/wallets/{wallet}/{what}"), &ask).key(key).await
}

#[tokio::test]
async fn a_frozen_wallet_spends_nothing_and_takes_credits() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let freeze = |what: &str, key: &'static str| {
        admin.post(&format!("/v1/wallets/{wallet}/{what}"), &json!({ "reason": "dispute" })).key(key)
    };
    freeze("unfreeze", "early").await.problem(409, "wallet-not-frozen");
    let frozen = freeze("freeze", "f").await.expect(200).json();
    assert_eq!([&frozen["frozen"], &frozen["reason"]], [&json!(true), &json!("dispute")]);
    assert!(freeze("freeze", "f").await.expect(200).is_replayed());
    freeze("freeze", "f2").await.problem(423, "wallet-frozen");
    deduct(&admin, &wallet, "d", "1").await.problem(423, "wallet-frozen");
    hold(&admin, &wallet, "h", "1").await.problem(423, "wallet-frozen");
    fund(&admin, &wallet, "1").await;
    assert_eq!(wallet_at(&admin, &wallet, app.head().get() - 1).await["frozen"], true);
    assert_eq!(freeze("unfreeze", "u").await.expect(200).json()["frozen"], false);
    deduct(&admin, &wallet, "d2", "1").await.expect(201);
}

#[tokio::test]
async fn a_credit_limit_is_an_agreed_overdraft() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let set = put(&admin, &wallet, "credit-limit", "l", json!({ "limit": "5" })).await.expect(200).json();
    assert_eq!([&set["limit"], &set["available"]], ["5", "10"]);
    let spent = deduct(&admin, &wallet, "d", "12").await.expect(201).json();
    assert_eq!([&spent["overdrawn"], &spent["balance"]], ["2", "-2"]);
    deduct(&admin, &wallet, "d2", "3.5").await.problem(402, "insufficient-credits");
    put(&admin, &wallet, "credit-limit", "l0", json!({ "limit": "0" })).await.expect(200);
    let seen = wallet_at(&admin, &wallet, app.head().get() - 1).await;
    assert_eq!([&seen["debt"], &seen["credit_limit"], &seen["balance"]], ["2", "0", "-2"]);
    let paid = fund(&admin, &wallet, "3").await.json();
    assert_eq!([&paid["settled"], &paid["balance"]], ["2", "1"]);
}

#[tokio::test]
async fn an_app_and_its_budgets_spend_up_to_their_caps() {
    let app = TestApp::start().await;
    let (admin, other, stranger) = (app.admin().await, app.admin().await, app.stranger().await);
    let wallet = funded(&admin, "100").await;
    let id = |client: &Client| client.app_id.as_deref().expect("an app").to_owned();
    let cap = |key: &'static str, ask: Value| put(&admin, &wallet, "caps", key, ask);
    let all = json!({ "app": id(&admin), "period": "day", "amount": "10" });
    let set = cap("all", all).await.expect(200).json();
    assert_eq!([&set["amount"], &set["period"], &set["app"]], ["10", "day", id(&admin).as_str()]);
    cap("agent", json!({ "app": id(&admin), "budget": "agent", "period": "month", "amount": "4" }))
        .await
        .expect(200);
    let spend = |key: &'static str, cost: &str, budget: Value| {
        let ask = json!({ "service": "chat", "cost": cost, "budget": budget });
        admin.post(&format!("/v1/wallets/{wallet}/deductions"), &ask).key(key)
    };
    assert_eq!(spend("1", "3", json!("agent")).await.expect(201).json()["budget"], "agent");
    let over = spend("2", "1.5", json!("agent")).await.problem(422, "cap-exceeded");
    assert_eq!([&over["period"], &over["cap"], &over["used"], &over["required"]], ["month", "4", "3", "1.5"]);
    spend("3", "1", json!("nobody")).await.problem(422, "unknown-budget");
    hold(&admin, &wallet, "h", "6").await.expect(201);
    assert_eq!(spend("4", "2", Value::Null).await.problem(422, "cap-exceeded")["used"], "9");
    deduct(&other, &wallet, "d", "20").await.expect(201);
    let seen = wallet_at(&admin, &wallet, app.head().get() - 1).await;
    assert_eq!([&seen["caps"][0]["used"], &seen["caps"][1]["budget"]], ["3", "agent"]);
    let none = cap("none", json!({ "app": id(&admin), "period": "day", "amount": null })).await.expect(200);
    assert_eq!(none.json()["amount"], Value::Null);
    spend("5", "2", Value::Null).await.expect(201);
    let head = app.head();
    let theirs = json!({ "app": id(&stranger), "period": "day", "amount": "1" });
    cap("theirs", theirs).await.problem(404, "not-found");
    let own = json!({ "app": id(&stranger), "period": "day", "amount": "1" });
    put(&stranger, &wallet, "caps", "x", own).await.problem(404, "not-found");
    assert_eq!(app.head(), head);
}

#[tokio::test]
async fn low_credits_are_told_once_for_each_crossing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let set = put(&admin, &wallet, "low-balance", "t", json!({ "threshold": "5" })).await.expect(200).json();
    assert_eq!(set["threshold"], "5");
    let from = app.head().get();
    for (key, cost) in [("a", "4"), ("b", "2"), ("c", "1")] {
        deduct(&admin, &wallet, key, cost).await.expect(201);
    }
    let low = app.stored_from(from).await.into_iter().filter(|body| body.contains("wallet.balance_low"));
    assert_eq!(low.count(), 1);
    assert_eq!(wallet_at(&admin, &wallet, app.head().get() - 1).await["low_balance"], "5");
    let none =
        put(&admin, &wallet, "low-balance", "n", json!({ "threshold": null })).await.expect(200).json();
    assert_eq!(none["threshold"], Value::Null);
}
