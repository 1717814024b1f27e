//! Giving back: in part, repeatedly, and never more than was taken.

use serde_json::{Value, json};

use super::things::{deduct, fund, funded, wallet_at};
use crate::support::app::{Answer, Client, TestApp};

async fn roll_back(client: &Client, deduction: &str, key: &str, ask: Value) -> Answer {
    client.post(&format!("/v1/deductions/{deduction}/rollbacks"), &ask).key(key).await
}

#[tokio::test]
async fn a_deduction_is_given_back_in_parts_up_to_its_cost() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let deduction = deduct(&admin, &wallet, "d", "4").await.expect(201).member("id");
    let part = roll_back(&admin, &deduction, "r1", json!({ "amount": "1.5" })).await.expect(201).json();
    assert_eq!([&part["amount"], &part["returned"], &part["balance"]], ["1.5", "1.5", "7.5"]);
    assert_eq!(part["deduction"], deduction);
    let over = roll_back(&admin, &deduction, "r2", json!({ "amount": "2.500001" })).await;
    let over = over.problem(422, "rollback-exceeds-deduction");
    assert_eq!([&over["returnable"], &over["requested"]], ["2.5", "2.500001"]);
    let rest = roll_back(&admin, &deduction, "r3", json!({ "reason": "failed" })).await.expect(201);
    let shown = rest.json();
    assert_eq!(
        [&shown["amount"], &shown["returned"], &shown["balance"], &shown["reason"]],
        ["2.5", "4", "10", "failed"]
    );
    roll_back(&admin, &deduction, "r4", json!({})).await.problem(422, "rollback-exceeds-deduction");
    let at = rest.position();
    let view = admin.get(&format!("/v1/deductions/{deduction}?min_position={at}")).await.expect(200).json();
    assert_eq!([&view["returned"], &view["cost"]], ["4", "4"]);
    assert_eq!(view["rolled_back_by"], shown["id"]);
    assert_eq!(wallet_at(&admin, &wallet, at).await["balance"], "10");
}

#[tokio::test]
async fn a_body_is_not_needed_to_give_everything_back() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let deduction = deduct(&admin, &wallet, "d", "4").await.expect(201).member("id");
    let path = format!("/v1/deductions/{deduction}/rollbacks");
    let bare = || admin.request(reqwest::Method::POST, &path).key("all");
    let first = bare().await.expect(201);
    assert_eq!(first.member("returned"), "4");
    assert!(bare().await.expect(201).is_replayed());
}

#[tokio::test]
async fn slices_come_back_in_reverse() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "2").await;
    fund(&admin, &wallet, "3").await;
    let taken = deduct(&admin, &wallet, "d", "4").await.expect(201).json();
    let slices = taken["slices"].as_array().expect("slices");
    assert_eq!([&slices[0]["amount"], &slices[1]["amount"]], ["2", "2"]);
    let id = taken["id"].as_str().expect("an id");
    let given = roll_back(&admin, id, "r", json!({ "amount": "3" })).await.expect(201).json();
    let expected = json!([
        { "lot": slices[1]["lot"], "amount": "2" },
        { "lot": slices[0]["lot"], "amount": "1" },
    ]);
    assert_eq!(given["slices"], expected);
}

#[tokio::test]
async fn a_refused_rollback_stays_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "10").await;
    let deduction = deduct(&admin, &wallet, "d", "4").await.expect(201).member("id");
    let over = || roll_back(&admin, &deduction, "r", json!({ "amount": "5" }));
    over().await.problem(422, "rollback-exceeds-deduction");
    let head = app.head();
    let again = over().await;
    again.problem(422, "rollback-exceeds-deduction");
    assert!(again.is_replayed());
    assert_eq!(app.head(), head);
}

#[tokio::test]
async fn what_comes_back_to_an_expired_lot_expires_again() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = super::things::new_wallet();
    let grant = json!({ "amount": "10", "expires_in_seconds": 60 });
    admin.post(&format!("/v1/wallets/{wallet}/grants"), &grant).key("g").await.expect(201);
    let deduction = deduct(&admin, &wallet, "d", "4").await.expect(201).member("id");
    app.clock.advance(std::time::Duration::from_secs(61));
    roll_back(&admin, &deduction, "r", json!({})).await.expect(201);
    let last = app.head().get() - 1;
    assert_eq!(wallet_at(&admin, &wallet, last).await["balance"], "0");
    let kinds = admin.get(&format!("/v1/wallets/{wallet}/entries?kind=expiry")).await.expect(200).json();
    let amounts: Vec<_> =
        kinds["data"].as_array().expect("entries").iter().map(|entry| &entry["amount"]).collect();
    assert_eq!(amounts, ["-4", "-6"]);
}
