//! `purchase` and `grant`: credits in.

use std::time::Duration;

use events::{Credits, Time, WalletId};
use serde_json::{Value, json};

use super::values::{CHANGE, set, span};
use crate::cli::{change::Intent, context::Context, failure::Outcome};

/// Record bought credits, which form a lot of their own; opens a new wallet
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    credit-ledger purchase 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 100\n  \
    credit-ledger purchase 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 100 --price 9.99 --currency EUR --payment-reference pi_123 --key pi_123")]
pub(in crate::cli) struct Purchase {
    #[command(flatten)]
    lot: Lot,
    /// The payment's id at the payment provider
    #[arg(long, value_name = "ID")]
    payment_reference: Option<String>,
    /// What was paid, such as 9.99
    #[arg(long, value_name = "DECIMAL", requires = "currency")]
    price: Option<rust_decimal::Decimal>,
    /// Currency of the price, such as EUR
    #[arg(long, value_name = "CODE", requires = "price")]
    currency: Option<String>,
}

/// Give credits away, which form a lot of their own; opens a new wallet
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    credit-ledger grant 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 5 --expires-in 30d --reason welcome")]
pub(in crate::cli) struct Grant {
    #[command(flatten)]
    lot: Lot,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Lot {
    /// The wallet's id
    wallet: WalletId,
    /// Credits, with up to six decimals
    amount: Credits,
    /// Paid or promotional, when it is not what the command suggests
    #[arg(long, value_parser = ["paid", "promotional"])]
    class: Option<String>,
    /// Which lots are spent first: 0 before 255
    #[arg(long, value_name = "0-255")]
    priority: Option<u8>,
    /// When the rest expires, such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "expires_in")]
    expires_at: Option<Time>,
    /// After which time the rest expires, such as 30d or 12h
    #[arg(long, value_name = "SPAN", value_parser = span)]
    expires_in: Option<Duration>,
    #[command(flatten)]
    intent: Intent,
}

impl Lot {
    fn path(&self, what: &str) -> String {
        format!("/v1/wallets/{}/{what}", self.wallet)
    }

    /// The members that purchases and grants share.
    fn body(&self) -> Value {
        let mut body = json!({ "amount": self.amount });
        set(&mut body, "class", self.class.as_ref());
        set(&mut body, "priority", self.priority.as_ref());
        set(&mut body, "expires_at", self.expires_at.as_ref());
        set(&mut body, "expires_in_seconds", self.expires_in.map(|span| span.as_secs()).as_ref());
        body
    }
}

impl Purchase {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let mut body = self.lot.body();
        set(&mut body, "payment_reference", self.payment_reference.as_ref());
        if let (Some(amount), Some(currency)) = (self.price, self.currency) {
            body["price_paid"] = json!({ "amount": amount.to_string(), "currency": currency });
        }
        context.post(&self.lot.path("purchases"), self.lot.intent, body, CHANGE).await
    }
}

impl Grant {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let mut body = self.lot.body();
        set(&mut body, "reason", self.reason.as_ref());
        context.post(&self.lot.path("grants"), self.lot.intent, body, CHANGE).await
    }
}
