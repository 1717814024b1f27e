//! `refund` and `chargeback`: a purchase is taken back.

use events::Credits;
use serde_json::json;

use super::values::set;
use crate::cli::{change::Intent, client::escaped, context::Context, failure::Outcome, output::Column};

const REFUND: &[Column] = &[
    Column::new("id", "/id"),
    Column::new("cause", "/cause"),
    Column::new("purchase", "/purchase"),
    Column::new("wallet", "/wallet"),
    Column::new("amount", "/amount"),
    Column::new("refunded", "/refunded"),
    Column::new("taken", "/taken"),
    Column::new("debt", "/debt"),
    Column::new("settled", "/settled"),
    Column::new("balance", "/balance"),
    Column::new("available", "/available"),
    Column::new("position", "/position"),
    Column::new("time", "/time"),
    Column::new("key", "/idempotency_key"),
    Column::new("replayed", "/replayed"),
    Column::new("dry_run", "/dry_run"),
];

/// Take a purchase back because the money is given back; what was spent becomes debt
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  credit-ledger refund pur_1f0c33aa_42\n  \
    credit-ledger refund pur_1f0c33aa_42 --amount 40 --reason cancelled --payment-reference re_123 --key re_123")]
pub(in crate::cli) struct Refund {
    #[command(flatten)]
    taken: TakenBack,
}

/// Record that the payer's bank took the money of a purchase back
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    credit-ledger chargeback pur_1f0c33aa_42 --payment-reference dp_123 --key dp_123")]
pub(in crate::cli) struct Chargeback {
    #[command(flatten)]
    taken: TakenBack,
}

#[derive(Debug, clap::Args)]
struct TakenBack {
    /// The purchase's id
    purchase: String,
    /// Credits to take back; all that is left of the purchase, when absent
    #[arg(long, value_name = "CREDITS")]
    amount: Option<Credits>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Id of the refund or dispute at the payment provider
    #[arg(long, value_name = "ID")]
    payment_reference: Option<String>,
    #[command(flatten)]
    intent: Intent,
}

impl TakenBack {
    async fn run(self, context: &mut Context<'_>, what: &str) -> Outcome {
        let path = format!("/v1/purchases/{}/{what}", escaped(&self.purchase));
        let mut body = json!({});
        set(&mut body, "amount", self.amount.as_ref());
        set(&mut body, "reason", self.reason.as_ref());
        set(&mut body, "payment_reference", self.payment_reference.as_ref());
        context.post(&path, self.intent, body, REFUND).await
    }
}

impl Refund {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        self.taken.run(context, "refunds").await
    }
}

impl Chargeback {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        self.taken.run(context, "chargebacks").await
    }
}
