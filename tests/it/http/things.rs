//! One of each thing that a path can name.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::{Answer, Client};

/// What an organization has.
#[derive(Debug, Clone)]
pub(super) struct Things {
    /// Holds 1,000 credits and more, in two lots.
    pub(super) wallet: String,
    pub(super) purchase: String,
    pub(super) grant: String,
    pub(super) check: String,
    /// Of 2 credits, of which 0.5 were given back.
    pub(super) deduction: String,
    pub(super) rollback: String,
    /// The app that made it all.
    pub(super) app: String,
    /// A key of that app which nobody uses.
    pub(super) key: String,
}

impl Things {
    /// Makes one of each with a client that may do everything.
    pub(super) async fn made_by(client: &Client) -> Self {
        let wallet = new_wallet();
        let base = format!("/v1/wallets/{wallet}");
        let purchase = fund(client, &wallet, "1000").await.member("id");
        let grant = client.post(&format!("{base}/grants"), &json!({ "amount": "5" })).key("things");
        let check = client.post(&format!("{base}/checks"), &json!({ "service": "chat", "cost": "1" }));
        let deduction = deduct(client, &wallet, "things", "2").await.expect(201).member("id");
        let rollback =
            client.post(&format!("/v1/deductions/{deduction}/rollbacks"), &json!({ "amount": "0.5" }));
        let app = client.app_id.as_deref().expect("an app").to_owned();
        let key = client.post(&format!("/v1/apps/{app}/keys"), &json!({ "scopes": ["credits:check"] }));
        let (grant, check) = (grant.await.expect(201), check.await.expect(200));
        let rollback = rollback.key("things").await.expect(201);
        // From now on every read shows all of it.
        wallet_at(client, &wallet, rollback.position()).await;
        Self {
            wallet,
            purchase,
            grant: grant.member("id"),
            check: check.member("id"),
            deduction,
            rollback: rollback.member("id"),
            app,
            key: key.await.expect(201).member("key_id"),
        }
    }

    /// The path of a route with its parameters filled in.
    pub(super) fn fill(&self, path: &str) -> String {
        let id = match path.split('/').rev().find(|segment| KINDS.contains(segment)) {
            Some("deductions") => &self.deduction,
            Some("checks") => &self.check,
            Some("purchases") => &self.purchase,
            Some("grants") => &self.grant,
            Some("rollbacks") => &self.rollback,
            _ => "",
        };
        // The deduction is what `/v1/deductions/{id}/rollbacks` names.
        let id = if path.starts_with("/v1/deductions/{id}") { &self.deduction } else { id };
        path.replace("{wallet}", &self.wallet)
            .replace("{id}", id)
            .replace("{app}", &self.app)
            .replace("{key}", &self.key)
            .replace("{code}", "not-found")
    }
}

const KINDS: [&str; 5] = ["deductions", "checks", "purchases", "grants", "rollbacks"];

/// The id of a wallet that nobody has opened. Ids are only names: any random one will do.
pub(super) fn new_wallet() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u64_pair(0x7d1f_6f0a_4f0e_4b1c, NEXT.fetch_add(1, Ordering::Relaxed)).to_string()
}

/// Buys credits for a wallet, which is opened when new.
pub(super) async fn fund(client: &Client, wallet: &str, amount: &str) -> Answer {
    let request = client.post(&format!("/v1/wallets/{wallet}/purchases"), &json!({ "amount": amount }));
    request.key(&format!("fund-{wallet}-{amount}")).await.expect(201)
}

/// A new wallet with so many credits.
pub(super) async fn funded(client: &Client, amount: &str) -> String {
    let wallet = new_wallet();
    fund(client, &wallet, amount).await;
    wallet
}

/// Asks for a deduction under a key.
pub(super) async fn deduct(client: &Client, wallet: &str, key: &str, cost: &str) -> Answer {
    let request = json!({ "service": "chat", "cost": cost });
    client.post(&format!("/v1/wallets/{wallet}/deductions"), &request).key(key).await
}

/// The wallet as it is now that the event at `position` has been applied.
pub(super) async fn wallet_at(client: &Client, wallet: &str, position: u64) -> Value {
    client.get(&format!("/v1/wallets/{wallet}?min_position={position}")).await.expect(200).json()
}
