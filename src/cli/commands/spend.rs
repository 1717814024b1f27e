//! `check`, `deduct` and `rollback`: credits out, and back.

use events::{Credits, WalletId};
use serde_json::{Value, json};

use super::values::{CHANGE, object};
use crate::cli::{client::escaped, context::Context, failure::Outcome, output::Column};

const CHECKED: &[Column] = &[
    Column::new("id", "/id"),
    Column::new("wallet", "/wallet"),
    Column::new("cost", "/cost"),
    Column::new("sufficient", "/sufficient"),
    Column::new("balance", "/balance"),
    Column::new("available", "/available"),
    Column::new("position", "/position"),
    Column::new("key", "/idempotency_key"),
];

/// Ask whether a wallet could pay a cost now; recorded, but changes nothing
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  credit-ledger check 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 2.5 --service chat"
)]
pub(in crate::cli) struct Check {
    /// The wallet's id
    wallet: WalletId,
    /// Credits, with up to six decimals
    cost: Credits,
    /// What it would pay for
    #[arg(long, value_name = "NAME")]
    service: String,
    /// Idempotency key; a random one when absent
    #[arg(long)]
    key: Option<String>,
}

/// Spend credits
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    credit-ledger deduct 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 2.5 --service chat\n  \
    credit-ledger deduct 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 2.5 --service chat --key job-17 --metadata '{\"model\":\"m-1\"}'")]
pub(in crate::cli) struct Deduct {
    /// The wallet's id
    wallet: WalletId,
    /// Credits, with up to six decimals
    cost: Credits,
    /// What it pays for
    #[arg(long, value_name = "NAME")]
    service: String,
    /// A JSON object to keep with it
    #[arg(long, value_name = "JSON", value_parser = object)]
    metadata: Option<Value>,
    /// Idempotency key; a random one when absent
    #[arg(long)]
    key: Option<String>,
}

/// Give a deduction back, whole or in part
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  credit-ledger rollback ded_1f0c33aa_42\n  \
    credit-ledger rollback ded_1f0c33aa_42 --amount 0.5 --reason 'half of the answer was missing'")]
pub(in crate::cli) struct Rollback {
    /// The deduction's id
    deduction: String,
    /// Credits to give back; all that is left of the deduction, when absent
    #[arg(long, value_name = "CREDITS")]
    amount: Option<Credits>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Idempotency key; a random one when absent
    #[arg(long)]
    key: Option<String>,
}

impl Check {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/wallets/{}/checks", self.wallet);
        context.change(&path, self.key, json!({ "service": self.service, "cost": self.cost }), CHECKED).await
    }
}

impl Deduct {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/wallets/{}/deductions", self.wallet);
        let mut body = json!({ "service": self.service, "cost": self.cost });
        if let Some(metadata) = self.metadata {
            body["metadata"] = metadata;
        }
        context.change(&path, self.key, body, CHANGE).await
    }
}

impl Rollback {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/deductions/{}/rollbacks", escaped(&self.deduction));
        let mut body = json!({});
        if let Some(amount) = self.amount {
            body["amount"] = json!(amount);
        }
        if let Some(reason) = self.reason {
            body["reason"] = json!(reason);
        }
        context.change(&path, self.key, body, CHANGE).await
    }
}
