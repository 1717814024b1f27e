//! `adjust` and `approve`: corrections by people, large ones by two.

use std::time::Duration;

use events::{Credits, WalletId};
use serde_json::json;

use super::values::{set, span};
use crate::cli::{change::Intent, client::escaped, context::Context, failure::Outcome, output::Column};

const ADJUSTMENT: &[Column] = &[
    Column::new("id", "/id"),
    Column::new("status", "/status"),
    Column::new("proposal", "/proposal"),
    Column::new("wallet", "/wallet"),
    Column::new("amount", "/amount"),
    Column::new("settled", "/settled"),
    Column::new("reason", "/reason"),
    Column::new("by", "/by"),
    Column::new("proposed_by", "/proposed_by"),
    Column::new("balance", "/balance"),
    Column::new("available", "/available"),
    Column::new("position", "/position"),
    Column::new("time", "/time"),
    Column::new("key", "/idempotency_key"),
    Column::new("replayed", "/replayed"),
    Column::new("dry_run", "/dry_run"),
];

/// Correct a wallet; above the policy's amount, only propose it for somebody else to approve
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    credit-ledger adjust 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 -12.5 --reason 'granted twice'\n  \
    credit-ledger adjust 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 5 --reason goodwill --expires-in 30d")]
pub(in crate::cli) struct Adjust {
    /// The wallet's id
    wallet: WalletId,
    /// Credits to add or, with a minus, to take
    #[arg(allow_negative_numbers = true)]
    amount: Credits,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Of added credits: promotional when absent
    #[arg(long, value_parser = ["paid", "promotional"])]
    class: Option<String>,
    /// Of added credits, which lots are spent first: 0 before 255
    #[arg(long, value_name = "0-255")]
    priority: Option<u8>,
    /// Of added credits, after which time the rest expires, such as 30d
    #[arg(long, value_name = "SPAN", value_parser = span)]
    expires_in: Option<Duration>,
    #[command(flatten)]
    intent: Intent,
}

/// Approve a proposed adjustment, as somebody else than who proposed it
#[derive(Debug, clap::Args)]
#[command(after_help = "Every API key is a person of its own, and so is the operator, as whom commands \
    work that have no --url.\n\nExample:\n  credit-ledger approve adj_1f0c33aa_42")]
pub(in crate::cli) struct Approve {
    /// Id of the proposed adjustment
    proposal: String,
    #[command(flatten)]
    intent: Intent,
}

impl Adjust {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let mut body = json!({ "wallet": self.wallet, "amount": self.amount, "reason": self.reason });
        set(&mut body, "class", self.class.as_ref());
        set(&mut body, "priority", self.priority.as_ref());
        set(&mut body, "expires_in_seconds", self.expires_in.map(|span| span.as_secs()).as_ref());
        context.post("/v1/adjustments", self.intent, body, ADJUSTMENT).await
    }
}

impl Approve {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/adjustments/{}/approval", escaped(&self.proposal));
        context.post(&path, self.intent, json!({}), ADJUSTMENT).await
    }
}
