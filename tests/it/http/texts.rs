//! Texts of callers come back as they were sent, whatever they would mean elsewhere.

use serde_json::{Value, json};

use super::things::funded;
use crate::support::app::TestApp;

const TEXTS: [&str; 9] = [
    "'; DROP TABLE events; --",
    "\" OR \"\"=\"",
    "<script>alert(1)</script>",
    "{{7*7}} ${7*7} %s %n %00",
    "../../etc/passwd",
    "\\u0000 \\n \\",
    "null",
    "💸 Zażółć \u{202e}gęślą\u{2028}",
    "data: x",
];

#[tokio::test]
async fn texts_come_back_exactly() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "1000").await;
    for (index, text) in TEXTS.into_iter().enumerate() {
        let key = format!("text-{index}");
        let metadata = json!({ text: { "deep": [text, 1.10, null] } });
        let ask = json!({ "service": text, "cost": "1", "metadata": metadata });
        let made = admin.post(&format!("/v1/wallets/{wallet}/deductions"), &ask).key(&key).await.expect(201);
        let (id, position) = (made.member("id"), made.position());
        let read = admin.get(&format!("/v1/deductions/{id}")).await.expect(200);
        for shown in [made.json(), read.json()] {
            assert_eq!([&shown["service"], &shown["metadata"]], [&json!(text), &metadata]);
        }
        let entries = format!("/v1/wallets/{wallet}/entries?limit=1&min_position={position}");
        let entry: Value = admin.get(&entries).await.expect(200).json();
        assert_eq!(entry["data"][0]["reference"], text);
        let event = admin.get(&format!("/v1/events?after={}&limit=1", position - 1)).await.expect(200).json();
        assert_eq!([&event[0]["data"]["service"], &event[0]["data"]["metadata"]], [&json!(text), &metadata]);
        let back = json!({ "reason": text });
        let rollback =
            admin.post(&format!("/v1/deductions/{id}/rollbacks"), &back).key(&key).await.expect(201);
        assert_eq!(rollback.member("reason"), text);
    }
}

#[tokio::test]
async fn references_of_payments_come_back_exactly() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (index, text) in TEXTS.into_iter().enumerate() {
        let wallet = super::things::new_wallet();
        let price = json!({ "amount": "9.90", "currency": "EUR" });
        let ask = json!({ "amount": "1", "payment_reference": text, "price_paid": price });
        let request = admin.post(&format!("/v1/wallets/{wallet}/purchases"), &ask);
        let made = request.key(&format!("text-{index}")).await.expect(201);
        let read = admin.get(&format!("/v1/purchases/{}", made.member("id"))).await.expect(200);
        assert_eq!(read.body, made.body);
        assert_eq!([&read.json()["payment_reference"], &read.json()["price_paid"]], [&json!(text), &price]);
    }
}
