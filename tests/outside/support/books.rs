//! The books as an auditor keeps them: from the exported events alone, in whole micro-credits,
//! without any of the ledger's own crates.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sqlx::Connection;

use super::{cli::run, home::Home, spender::Paid};

/// Micro-credits in a credit.
const MICROS: i128 = 1_000_000;

/// The number of micro-credits in a decimal text.
#[track_caller]
pub(crate) fn micros(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 6 && !whole.is_empty(), "{text}");
    let fraction: i128 = format!("{fraction:0<6}").parse().expect("digits");
    sign * (whole.parse::<i128>().expect("digits") * MICROS + fraction)
}

/// Every event of a ledger, in order.
pub(crate) struct Books {
    pub(crate) events: Vec<Value>,
}

impl Books {
    /// Exports and reads them.
    pub(crate) async fn of(home: &Home) -> Self {
        let file = home.file("books.jsonl");
        run(home, &["export", "--out", file.to_str().expect("a path")]).await.ended(0);
        let text = std::fs::read_to_string(&file).expect("an export");
        let events = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        Self::with(events)
    }

    /// Reads them from a database, as they are stored.
    pub(crate) async fn in_database(url: &str) -> Self {
        let mut connection = sqlx::PgConnection::connect(url).await.expect("a connection");
        let stored = sqlx::query_scalar("SELECT body FROM credit_ledger.events ORDER BY position");
        let stored: Vec<Vec<u8>> = stored.fetch_all(&mut connection).await.expect("events");
        Self::with(stored.iter().map(|body| serde_json::from_slice(body).expect("JSON")).collect())
    }

    fn with(events: Vec<Value>) -> Self {
        let books = Self { events };
        for (index, event) in books.events.iter().enumerate() {
            assert_eq!(event["position"], index.to_string(), "positions are dense");
        }
        books
    }

    /// Events of a type.
    pub(crate) fn events_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event["type"] == kind)
    }

    /// Every deduction by its key; fails when a key was charged twice, or charged and refused.
    pub(crate) fn deductions(&self) -> HashMap<&str, &Value> {
        let mut known = HashMap::new();
        for event in self.events_of("credits.deducted.v1") {
            let key = key(event).expect("a key");
            assert!(known.insert(key, event).is_none(), "{key} was charged twice");
        }
        for event in self.events_of("credits.command_refused.v1") {
            let key = key(event).expect("a key");
            assert!(!known.contains_key(key), "{key} was charged and refused");
        }
        known
    }

    /// Every wallet's balance, summed up from what went in and out; fails at the first event that
    /// states another one.
    pub(crate) fn balances(&self) -> BTreeMap<String, i128> {
        let mut balances: BTreeMap<String, i128> = BTreeMap::new();
        for event in &self.events {
            let Some(wallet) = wallet(event) else { continue };
            let balance = balances.entry(wallet.to_owned()).or_default();
            *balance += change(event);
            let stated = event.pointer("/data/wallet/balance").and_then(Value::as_str).expect("a balance");
            assert_eq!(micros(stated), *balance, "{event}");
        }
        balances
    }

    /// Fails unless every acknowledged deduction is there, just once and just as acknowledged.
    pub(crate) fn must_have<'a>(&self, paid: impl IntoIterator<Item = &'a Paid>) -> usize {
        let deductions = self.deductions();
        let mut count = 0;
        for paid in paid {
            let event = deductions.get(paid.key.as_str()).unwrap_or_else(|| panic!("lost: {paid:?}"));
            assert_eq!(event["position"], paid.position.as_str(), "{paid:?}");
            assert_eq!(event["data"]["cost"], paid.cost.as_str(), "{paid:?}");
            assert_eq!(wallet(event), Some(paid.wallet.as_str()), "{paid:?}");
            count += 1;
        }
        count
    }
}

/// The idempotency key that an event answers.
pub(crate) fn key(event: &Value) -> Option<&str> {
    event.pointer("/data/asked/key")?.as_str()
}

/// The wallet that an event is about.
pub(crate) fn wallet(event: &Value) -> Option<&str> {
    event["subject"].as_str()?.strip_prefix("wallet/")
}

/// What an event adds to its wallet's balance.
fn change(event: &Value) -> i128 {
    let amount =
        |name: &str| micros(event["data"][name].as_str().unwrap_or_else(|| panic!("{name}: {event}")));
    match event["type"].as_str().expect("a type") {
        "credits.purchased.v1" | "credits.granted.v1" | "credits.deduction_rolled_back.v1" => {
            amount("amount")
        }
        "credits.adjusted.v1" => amount("amount"),
        "credits.deducted.v1" => -amount("cost"),
        "credits.expired.v1" | "credits.hold_captured.v1" | "credits.purchase_refunded.v1" => {
            -amount("amount")
        }
        "wallet.opened.v1"
        | "wallet.frozen.v1"
        | "wallet.unfrozen.v1"
        | "wallet.limit_set.v1"
        | "wallet.cap_set.v1"
        | "wallet.threshold_set.v1"
        | "wallet.balance_low.v1"
        | "credits.checked.v1"
        | "credits.held.v1"
        | "credits.hold_extended.v1"
        | "credits.hold_released.v1"
        | "credits.hold_expired.v1"
        | "credits.adjustment_proposed.v1"
        | "credits.command_refused.v1" => 0,
        other => panic!("what does {other} do to a wallet?"),
    }
}

/// Fails unless `verify` finds the ledger in order.
pub(crate) async fn verify(home: &Home) {
    run(home, &["verify"]).await.ended(0);
}
