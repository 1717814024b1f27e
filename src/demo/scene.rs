//! A scene beside the story: a price for usage, a hold that is captured in parts, and a refund, in a
//! wallet that the story does not touch.

use anyhow::anyhow;
use events::{Credits, WalletId};
use hyper::Method;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::play::{persist, text};
use crate::cli::{
    client::{Client, escaped},
    failure::{Failure, Outcome},
};

const HOLD_SECONDS: u64 = 15 * 60;

/// What happened in the scene, with the wallet's balance after each step.
#[derive(Debug, Clone, Serialize)]
pub struct Scene {
    /// Its wallet.
    pub wallet: WalletId,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One step of the scene.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// What was done.
    pub what: &'static str,
    /// The id of what was made; of a price, its version.
    pub id: String,
    /// In a few words.
    pub detail: &'static str,
    /// All credits of the wallet afterwards; what is held is still its own. None of a price.
    pub balance: Option<Credits>,
    /// What can be spent afterwards.
    pub available: Option<Credits>,
}

/// A request of the scene, and what has to come of it.
struct Act {
    what: &'static str,
    detail: &'static str,
    path: String,
    body: Value,
    /// Balance and available amount afterwards, worked out by hand.
    leaves: [&'static str; 2],
}

/// The wallet of the scene: UUIDv5 of the OID namespace and `wallet-scene`.
fn wallet() -> WalletId {
    WalletId(Uuid::new_v5(&Uuid::NAMESPACE_OID, b"wallet-scene"))
}

/// Plays the scene as the operator.
///
/// # Errors
/// When the ledger answers other than the scene foresees.
pub async fn play(operator: &Client) -> Outcome<Scene> {
    let wallet = wallet();
    let priced = price(operator).await?;
    let bought = act(operator, purchase(wallet)).await?;
    let used = act(operator, usage(wallet)).await?;
    let held = act(operator, hold(wallet)).await?;
    let first = act(operator, capture(&held.id, 1)).await?;
    let last = act(operator, capture(&held.id, 2)).await?;
    let refunded = act(operator, refund(&bought.id)).await?;
    Ok(Scene { wallet, steps: vec![priced, bought, used, held, first, last, refunded] })
}

async fn price(operator: &Client) -> Outcome<Step> {
    let body =
        json!({ "units": { "minutes": { "credits": "0.6" }, "speakers": { "credits": "1", "per": 4 } } });
    let answer = operator.change(Method::PUT, "/v1/prices/transcription", None, &body).await?.json()?;
    let detail = "transcription: 0.6 credits a minute, 1 credit for every 4 speakers";
    Ok(Step { what: "price", id: text(&answer, "/version")?, detail, balance: None, available: None })
}

fn purchase(wallet: WalletId) -> Act {
    Act {
        what: "purchase",
        detail: "100 credits",
        path: format!("/v1/wallets/{wallet}/purchases"),
        body: json!({ "amount": "100", "price_paid": { "amount": "9.00", "currency": "EUR" } }),
        leaves: ["100", "100"],
    }
}

fn usage(wallet: WalletId) -> Act {
    Act {
        what: "deduction",
        detail: "12.5 minutes with 2 speakers: 7.5 + 0.5 credits",
        path: format!("/v1/wallets/{wallet}/deductions"),
        body: json!({ "service": "transcription", "usage": { "minutes": "12.5", "speakers": 2 } }),
        leaves: ["92", "92"],
    }
}

fn hold(wallet: WalletId) -> Act {
    Act {
        what: "hold",
        detail: "20 credits for a video whose cost is not known yet",
        path: "/v1/holds".to_owned(),
        body: json!({ "wallet": wallet, "service": "video", "cost": "20", "timeout_seconds": HOLD_SECONDS }),
        leaves: ["92", "72"],
    }
}

fn capture(hold: &str, number: u8) -> Act {
    let path = format!("/v1/holds/{}/captures", escaped(hold));
    if number == 1 {
        let (detail, body) = ("6.5 credits for the first part", json!({ "cost": "6.5" }));
        return Act { what: "capture", detail, path, body, leaves: ["85.5", "72"] };
    }
    let (detail, body) =
        ("8.25 for the last part; 5.25 are released", json!({ "cost": "8.25", "last": true }));
    Act { what: "capture", detail, path, body, leaves: ["77.25", "77.25"] }
}

fn refund(purchase: &str) -> Act {
    Act {
        what: "refund",
        detail: "50 of the 100 credits, from what is left of them",
        path: format!("/v1/purchases/{}/refunds", escaped(purchase)),
        body: json!({ "amount": "50", "reason": "bought too many" }),
        leaves: ["27.25", "27.25"],
    }
}

async fn act(operator: &Client, act: Act) -> Outcome<Step> {
    let Act { what, detail, path, body, leaves } = act;
    let key = format!("scene-{what}-{}", leaves.join("-"));
    let answer = persist(operator, &path, &key, &body).await?.json()?;
    let credits = |name: &str| -> Outcome<Credits> {
        Ok(text(&answer, name)?.parse().map_err(|error| anyhow!("{name}: {error}"))?)
    };
    let (balance, available) = (credits("/balance")?, credits("/available")?);
    if [balance.to_string(), available.to_string()] != leaves {
        let [expected, spendable] = leaves;
        let message =
            format!("the {what} leaves {balance} and {available} available, not {expected} and {spendable}");
        return Err(Failure::Verification(message));
    }
    let (balance, available) = (Some(balance), Some(available));
    Ok(Step { what, id: text(&answer, "/id")?, detail, balance, available })
}
