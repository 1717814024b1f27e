//! Taking purchases back.

use serde_json::{Value, json};

use super::things::{deduct, fund, new_wallet, wallet_at};
use crate::support::app::{Answer, Client, TestApp};

async fn take_back(client: &Client, purchase: &str, how: &str, key: &str, ask: Value) -> Answer {
    client.post(&format!("/v1/purchases/{purchase}/{how}"), &ask).key(key).await
}

#[tokio::test]
async fn a_purchase_is_taken_back_in_parts_up_to_its_amount() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = new_wallet();
    let purchase = fund(&admin, &wallet, "100").await.member("id");
    let ask = json!({ "amount": "40", "reason": "cancelled", "payment_reference": "re_1" });
    let part = take_back(&admin, &purchase, "refunds", "r1", ask).await.expect(201);
    let shown = part.json();
    assert!(part.member("id").starts_with("ref_"));
    assert_eq!(
        [&shown["cause"], &shown["purchase"], &shown["reason"]],
        ["refund", purchase.as_str(), "cancelled"]
    );
    assert_eq!(
        [&shown["amount"], &shown["taken"], &shown["debt"], &shown["balance"]],
        ["40", "40", "0", "60"]
    );
    let read = admin.get(&format!("/v1/refunds/{}", part.member("id"))).await.expect(200);
    assert_eq!(read.text(), part.text());
    let over = take_back(&admin, &purchase, "chargebacks", "r2", json!({ "amount": "60.000001" })).await;
    let over = over.problem(422, "refund-exceeds-purchase");
    assert_eq!([&over["refundable"], &over["requested"]], ["60", "60.000001"]);
    let rest = take_back(&admin, &purchase, "chargebacks", "r3", json!({})).await.expect(201).json();
    assert_eq!([&rest["cause"], &rest["amount"], &rest["refunded"]], ["chargeback", "60", "100"]);
    take_back(&admin, &purchase, "refunds", "r4", json!({})).await.problem(422, "refund-exceeds-purchase");
    app.ledger.caught_up().await;
    let view = admin.get(&format!("/v1/purchases/{purchase}")).await.expect(200).json();
    assert_eq!([&view["refunded"], &view["refunded_by"]], [&json!("100"), &rest["id"]]);
}

#[tokio::test]
async fn what_was_spent_becomes_debt_which_later_credits_pay() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = new_wallet();
    let purchase = fund(&admin, &wallet, "100").await.member("id");
    deduct(&admin, &wallet, "d", "70").await.expect(201);
    let back = take_back(&admin, &purchase, "chargebacks", "c", json!({})).await.expect(201).json();
    assert_eq!([&back["taken"], &back["debt"], &back["balance"]], ["30", "70", "-70"]);
    let seen = wallet_at(&admin, &wallet, app.head().get() - 1).await;
    assert_eq!([&seen["debt"], &seen["balance"]], ["70", "-70"]);
    let paid = fund(&admin, &wallet, "50").await.json();
    assert_eq!([&paid["settled"], &paid["balance"]], ["50", "-20"]);
    deduct(&admin, &wallet, "d2", "1").await.problem(402, "insufficient-credits");
}

#[tokio::test]
async fn only_a_purchase_is_refunded_and_only_ones_own() {
    let app = TestApp::start().await;
    let (admin, stranger) = (app.admin().await, app.stranger().await);
    let purchase = fund(&admin, &new_wallet(), "100").await.member("id");
    let head = app.head();
    take_back(&stranger, &purchase, "refunds", "r", json!({})).await.problem(404, "not-found");
    let grant = purchase.replace("pur_", "gra_");
    take_back(&admin, &grant, "refunds", "r", json!({})).await.problem(404, "not-found");
    assert_eq!(app.head(), head);
}
