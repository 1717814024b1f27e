//! What apps do in these tests: they buy once, and spend.

use serde_json::{Value, json};

use crate::support::app::{Answer, Client, TestApp};

const WALLET: &str = "/v1/wallets/7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";

/// Buys this much.
pub(super) async fn buy(client: &Client, amount: &str) {
    let bought = client.post(&format!("{WALLET}/purchases"), &json!({ "amount": amount })).key("P").await;
    bought.expect(201);
}

/// Spends one credit under this key.
pub(super) async fn spend(client: &Client, key: &str) -> Answer {
    let cost = json!({ "service": "chat", "cost": "1" });
    client.post(&format!("{WALLET}/deductions"), &cost).key(key).await
}

/// Spends one credit for each of `keys`, for the first time.
pub(super) async fn spend_all(client: &Client, keys: impl IntoIterator<Item = u32>) {
    for key in keys {
        spend(client, &format!("D{key}")).await.expect(201);
    }
}

/// The wallet, with everything that is stored now.
pub(super) async fn wallet(app: &TestApp, client: &Client) -> Value {
    let last = app.ledger.log.head().await.expect("a head").get() - 1;
    client.get(&format!("{WALLET}?min_position={last}")).await.expect(200).json()
}
