//! `check`, `deduct` and `rollback`: credits out, and back.

use std::time::Duration;

use events::{Credits, WalletId};
use serde_json::{Value, json};

use super::values::{CHANGE, Charge, object, set, span};
use crate::cli::{change::Intent, client::escaped, context::Context, failure::Outcome, output::Column};

const CHECKED: &[Column] = &[
    Column::new("id", "/id"),
    Column::new("wallet", "/wallet"),
    Column::new("cost", "/cost"),
    Column::new("sufficient", "/sufficient"),
    Column::new("hold", "/hold"),
    Column::new("balance", "/balance"),
    Column::new("available", "/available"),
    Column::new("position", "/position"),
    Column::new("key", "/idempotency_key"),
    Column::new("dry_run", "/dry_run"),
];

/// Ask whether a wallet could pay a cost now; recorded, but changes nothing unless it holds the cost
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    credit-ledger check 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 2.5 --service chat\n  \
    credit-ledger check 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 2.5 --service chat --hold --timeout 15m")]
pub(in crate::cli) struct Check {
    /// The wallet's id
    wallet: WalletId,
    #[command(flatten)]
    charge: Charge,
    /// What it would pay for
    #[arg(long, value_name = "NAME")]
    service: String,
    /// The budget that would pay
    #[arg(long, value_name = "NAME")]
    budget: Option<String>,
    /// Hold the cost in the same step, when it can be paid
    #[arg(long, requires = "timeout")]
    hold: bool,
    /// After which time what is left of the hold is released by itself, such as 15m
    #[arg(long, value_name = "SPAN", value_parser = span, requires = "hold")]
    timeout: Option<Duration>,
    /// The most that may be captured of the hold; the cost, when absent
    #[arg(long, value_name = "CREDITS", requires = "hold")]
    cap: Option<Credits>,
    #[command(flatten)]
    intent: Intent,
}

/// Spend credits
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    credit-ledger deduct 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 2.5 --service chat\n  \
    credit-ledger deduct 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 2.5 --service chat --key job-17 --metadata '{\"model\":\"m-1\"}'\n  \
    credit-ledger deduct 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 --service chat --usage input_tokens=1183 --usage output_tokens=246\n  \
    credit-ledger deduct 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 2.5 --service chat --dry-run")]
pub(in crate::cli) struct Deduct {
    /// The wallet's id
    wallet: WalletId,
    #[command(flatten)]
    charge: Charge,
    /// What it pays for
    #[arg(long, value_name = "NAME")]
    service: String,
    /// The budget that pays
    #[arg(long, value_name = "NAME")]
    budget: Option<String>,
    /// A JSON object to keep with it
    #[arg(long, value_name = "JSON", value_parser = object)]
    metadata: Option<Value>,
    #[command(flatten)]
    intent: Intent,
}

/// Give a deduction or a capture back, whole or in part
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  credit-ledger rollback ded_1f0c33aa_42\n  \
    credit-ledger rollback ded_1f0c33aa_42 --amount 0.5 --reason 'half of the answer was missing'")]
pub(in crate::cli) struct Rollback {
    /// Id of the deduction or capture
    deduction: String,
    /// Credits to give back; all that is left of it, when absent
    #[arg(long, value_name = "CREDITS")]
    amount: Option<Credits>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    intent: Intent,
}

impl Check {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/wallets/{}/checks", self.wallet);
        let mut body = json!({ "service": self.service });
        self.charge.add_to(&mut body)?;
        set(&mut body, "budget", self.budget.as_ref());
        set(&mut body, "hold", self.hold.then_some(true).as_ref());
        set(&mut body, "timeout_seconds", self.timeout.map(|span| span.as_secs()).as_ref());
        set(&mut body, "cap", self.cap.as_ref());
        context.post(&path, self.intent, body, CHECKED).await
    }
}

impl Deduct {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/wallets/{}/deductions", self.wallet);
        let mut body = json!({ "service": self.service });
        self.charge.add_to(&mut body)?;
        set(&mut body, "budget", self.budget.as_ref());
        set(&mut body, "metadata", self.metadata.as_ref());
        context.post(&path, self.intent, body, CHANGE).await
    }
}

impl Rollback {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/deductions/{}/rollbacks", escaped(&self.deduction));
        let mut body = json!({});
        set(&mut body, "amount", self.amount.as_ref());
        set(&mut body, "reason", self.reason.as_ref());
        context.post(&path, self.intent, body, CHANGE).await
    }
}
