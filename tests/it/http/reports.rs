//! Usage, and what is owed.

use std::collections::BTreeMap;

use credit_ledger::identity::Scope;
use serde_json::{Value, json};

use super::things::{Things, adjust, deduct, fund, hold, new_wallet, wallet_at};
use crate::support::{
    app::{Client, TestApp},
    words::credits,
};

fn micros(amount: &Value) -> i64 {
    credits(amount.as_str().unwrap_or_else(|| panic!("no amount: {amount}"))).micros()
}

/// The report of a period, which must add up.
async fn liability(client: &Client, query: &str) -> Value {
    let report = client.get(&format!("/v1/reports/liability?{query}")).await.expect(200).json();
    for name in ["paid", "promotional", "debt", "balance"] {
        let flows = report["flows"].as_array().expect("flows");
        let sum: i64 = flows.iter().map(|flow| micros(&flow[name])).sum();
        assert_eq!(
            micros(&report["opening"][name]) + sum,
            micros(&report["closing"][name]),
            "{name}: {report}"
        );
    }
    for value in report["deferred_revenue"].as_array().expect("currencies") {
        let sum: i64 =
            value["flows"].as_array().expect("flows").iter().map(|flow| micros(&flow["change"])).sum();
        assert_eq!(micros(&value["opening"]) + sum, micros(&value["closing"]), "{value}");
    }
    report
}

fn flow<'a>(flows: &'a Value, name: &str) -> &'a Value {
    flows.as_array().expect("flows").iter().find(|flow| flow["flow"] == name).expect("a flow")
}

/// A purchase of 100 credits for 10 euros, of which 30 are spent, 5 given back and 20 held; and a
/// second wallet in debt.
async fn business(client: &Client) -> [String; 2] {
    let (one, two) = (new_wallet(), new_wallet());
    let ask = json!({ "amount": "100", "price_paid": { "amount": "10", "currency": "EUR" } });
    client.post(&format!("/v1/wallets/{one}/purchases"), &ask).key("buy").await.expect(201);
    let spent = deduct(client, &one, "spend", "30").await.expect(201).member("id");
    let back = client.post(&format!("/v1/deductions/{spent}/rollbacks"), &json!({ "amount": "5" }));
    back.key("back").await.expect(201);
    hold(client, &one, "hold", "20").await.expect(201);
    let bought = fund(client, &two, "50").await.member("id");
    deduct(client, &two, "all", "50").await.expect(201);
    client.post(&format!("/v1/purchases/{bought}/chargebacks"), &json!({})).key("cb").await.expect(201);
    client
        .post(&format!("/v1/wallets/{two}/grants"), &json!({ "amount": "8" }))
        .key("gift")
        .await
        .expect(201);
    adjust(client, &one, "slip", "-3").await.expect(201);
    [one, two]
}

#[tokio::test]
async fn what_is_owed_is_what_the_wallets_hold_and_every_period_adds_up() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallets = business(&admin).await;
    let last = app.head().get() - 1;
    let now = liability(&admin, &format!("min_position={last}")).await;
    let mut balance = 0;
    for wallet in &wallets {
        balance += micros(&wallet_at(&admin, wallet, last).await["balance"]);
    }
    assert_eq!(micros(&now["closing"]["balance"]), balance);
    assert_eq!(now["closing"], json!({ "paid": "72", "promotional": "0", "debt": "42", "balance": "30" }));
    assert_eq!(flow(&now["flows"], "purchased")["paid"], "150");
    assert_eq!(flow(&now["flows"], "charged_back")["debt"], "50");
    assert_eq!(flow(&now["flows"], "settled")["promotional"], "-8");
    assert_eq!(flow(&now["flows"], "adjusted")["balance"], "-3");
    assert_eq!(now["to"]["position"], app.head().to_string());
    let [euros] = now["deferred_revenue"].as_array().expect("currencies").as_slice() else { panic!("{now}") };
    assert_eq!([&euros["currency"], &euros["closing"], &euros["recognised"]], ["EUR", "7.2", "2.5"]);
    // Every cut makes two periods that join.
    for cut in 0..=app.head().get() {
        let (first, second) =
            (liability(&admin, &format!("to={cut}")).await, liability(&admin, &format!("from={cut}")).await);
        assert_eq!(first["closing"], second["opening"], "{cut}");
        assert_eq!(second["closing"], now["closing"]);
    }
    let csv = admin.get("/v1/reports/liability").header("accept", "text/csv").await.expect(200);
    let lines: Vec<_> = csv.text().lines().collect();
    assert_eq!(lines[0], "unit,line,paid,promotional,debt,total");
    assert!(
        lines.contains(&"credits,closing,72,0,42,30") && lines.contains(&"EUR,recognised,,,,2.5"),
        "{lines:?}"
    );
    let stranger = app.stranger().await;
    let theirs = liability(&stranger, "").await;
    assert_eq!([&theirs["closing"]["paid"], &theirs["deferred_revenue"]], [&json!("0"), &json!([])]);
}

/// Buys 100 credits for 10 of a currency of its own.
async fn buy(client: &Client, wallet: &str, key: &str, currency: &str, more: Value) -> String {
    let mut ask = json!({ "amount": "100", "price_paid": { "amount": "10", "currency": currency } });
    ask.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    client
        .post(&format!("/v1/wallets/{wallet}/purchases"), &ask)
        .key(&format!("{currency}-{key}"))
        .await
        .expect(201)
        .member("id")
}

#[tokio::test]
async fn what_was_paid_and_kept_is_earned_or_deferred_whatever_was_refunded() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let money = async |currency: &str, wanted: [&str; 5]| {
        let report = liability(&admin, &format!("min_position={}", app.head().get() - 1)).await;
        let lines = report["deferred_revenue"].as_array().expect("currencies");
        let line = lines.iter().find(|line| line["currency"] == currency).expect("the currency");
        let seen = ["paid", "refunded", "recognised", "breakage", "closing"].map(|name| &line[name]);
        assert_eq!(seen, wanted.map(|text| json!(text)).each_ref(), "{currency}");
    };
    let back = async |purchase: &str, how: &str, ask: Value| {
        admin
            .post(&format!("/v1/purchases/{purchase}/{how}"), &ask)
            .key(&format!("{purchase}-{how}"))
            .await
            .expect(201)
    };
    // Spent, and taken back by the bank; the next purchase pays the debt.
    let wallet = new_wallet();
    let bought = buy(&admin, &wallet, "one", "EUR", json!({})).await;
    deduct(&admin, &wallet, "spend-1", "100").await.expect(201);
    back(&bought, "chargebacks", json!({})).await;
    money("EUR", ["10", "10", "0", "0", "0"]).await;
    buy(&admin, &wallet, "two", "EUR", json!({})).await;
    money("EUR", ["20", "10", "10", "0", "0"]).await;
    // Held, refunded, and then freed.
    let wallet = new_wallet();
    let bought = buy(&admin, &wallet, "one", "USD", json!({})).await;
    let held = hold(&admin, &wallet, "hold", "100").await.expect(201).member("id");
    back(&bought, "refunds", json!({})).await;
    money("USD", ["10", "10", "-10", "0", "10"]).await;
    admin.post(&format!("/v1/holds/{held}/release"), &json!({})).key("free").await.expect(200);
    money("USD", ["10", "10", "0", "0", "0"]).await;
    // Overdrawn, paid, and given back: as a gift, which is worth nothing.
    let wallet = new_wallet();
    fund(&admin, &wallet, "1").await;
    let limit = admin.put(&format!("/v1/wallets/{wallet}/credit-limit"), &json!({ "limit": "99" }));
    limit.key("limit").await;
    let spent = deduct(&admin, &wallet, "spend-2", "100").await.expect(201).member("id");
    let bought = buy(&admin, &wallet, "one", "CHF", json!({})).await;
    admin.post(&format!("/v1/deductions/{spent}/rollbacks"), &json!({})).key("b").await.expect(201);
    money("CHF", ["10", "0", "9.9", "0", "0.1"]).await;
    back(&bought, "refunds", json!({})).await;
    money("CHF", ["10", "10", "0", "0", "0"]).await;
    // Spent in part and expired: what is refunded as spent reduces what was earned, never the breakage.
    let wallet = new_wallet();
    let bought = buy(&admin, &wallet, "one", "GBP", json!({ "expires_in_seconds": 60 })).await;
    deduct(&admin, &wallet, "spend-3", "30").await.expect(201);
    app.clock.advance(std::time::Duration::from_secs(61));
    back(&bought, "refunds", json!({ "amount": "30" })).await;
    money("GBP", ["10", "3", "0", "7", "0"]).await;
}

#[tokio::test]
async fn usage_is_counted_by_what_was_asked_for() {
    let app = TestApp::start().await;
    let (one, two) = (app.admin().await, app.admin().await);
    let wallet = new_wallet();
    fund(&one, &wallet, "100").await;
    let spend = async |client: &Client, service: &str, cost: &str| {
        let ask = json!({ "service": service, "cost": cost });
        let key = format!("{service}-{cost}");
        client.post(&format!("/v1/wallets/{wallet}/deductions"), &ask).key(&key).await.expect(201)
    };
    spend(&one, "chat", "1").await;
    let image = spend(&two, "image", "4").await.member("id");
    app.clock.advance(std::time::Duration::from_secs(86_400));
    spend(&one, "chat", "2").await;
    let held = hold(&two, &wallet, "h", "5").await.expect(201).member("id");
    let capture = two.post(&format!("/v1/holds/{held}/captures"), &json!({ "cost": "3", "last": true }));
    capture.key("c").await.expect(201);
    // By one app, of what the other had spent.
    one.post(&format!("/v1/deductions/{image}/rollbacks"), &json!({ "amount": "1.5" }))
        .key("b")
        .await
        .expect(201);
    app.ledger.caught_up().await;
    let usage = async |query: &str| one.get(&format!("/v1/reports/usage?{query}")).await.expect(200).json();
    let net = async |query: &str, by: &str| -> BTreeMap<String, String> {
        let report = usage(query).await;
        let lines = report["data"].as_array().expect("lines").iter();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        lines.map(|line| (text(&line[by]), text(&line["net"]))).collect()
    };
    let expected = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, net)| ((*name).to_owned(), (*net).to_owned())).collect()
    };
    assert_eq!(net("by=service", "service").await, expected(&[("chat", "6"), ("image", "2.5")]));
    assert_eq!(net("by=day", "day").await, expected(&[("2026-01-01", "5"), ("2026-01-02", "3.5")]));
    let of = |client: &Client| client.app_id.as_deref().expect("an app").to_owned();
    assert_eq!(net("by=app", "app").await, expected(&[(&of(&one), "3"), (&of(&two), "5.5")]));
    assert_eq!(
        net("by=service&from=2026-01-02", "service").await,
        expected(&[("chat", "5"), ("image", "-1.5")])
    );
    assert_eq!(net("by=day&to=2026-01-02", "day").await, expected(&[("2026-01-01", "5")]));
    let all = usage("").await;
    assert_eq!(all["data"].as_array().expect("lines").len(), 5, "{all}");
    assert_eq!(
        all["total"],
        json!({ "spendings": 4, "spent": "10", "rollbacks": 1, "returned": "1.5", "net": "8.5" })
    );
    assert_eq!(all["as_of_position"], app.head().to_string());
    let csv = one.get("/v1/reports/usage?by=service&format=csv").await.expect(200);
    assert_eq!(csv.text().lines().nth(1), Some(",,,chat,3,6,0,0,6"));
    one.get("/v1/reports/usage?from=2026-01-02&to=2026-01-01").await.problem(400, "bad-request");
    let reader = app.with_scopes([Scope::CreditsRead]).await;
    reader.get("/v1/reports/usage").await.problem(403, "forbidden");
}

#[tokio::test]
async fn reports_are_of_the_callers_organization_alone() {
    let app = TestApp::start().await;
    let (admin, stranger) = (app.admin().await, app.stranger().await);
    Things::made_by(&admin).await;
    let theirs = Things::made_by(&stranger).await;
    app.ledger.caught_up().await;
    let report = stranger.get("/v1/reports/usage?by=app").await.expect(200).json();
    let [line] = report["data"].as_array().expect("lines").as_slice() else { panic!("{report}") };
    assert_eq!(line["app"], theirs.app.as_str());
    let owed = liability(&stranger, "").await;
    assert_eq!(owed["closing"]["balance"], "1003.5", "{owed}");
}
