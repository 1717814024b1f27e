//! `wallet freeze|unfreeze|limit|cap|threshold`: what a wallet may be spent for, and how far.

use events::{AppId, Credits, WalletId};
use serde_json::json;

use super::values::{OrNone, or_none, set};
use crate::cli::{change::Intent, context::Context, failure::Outcome, output::Column};

const CONTROL: &[Column] = &[
    Column::new("wallet", "/wallet"),
    Column::new("frozen", "/frozen"),
    Column::new("reason", "/reason"),
    Column::new("limit", "/limit"),
    Column::new("threshold", "/threshold"),
    Column::new("app", "/app"),
    Column::new("budget", "/budget"),
    Column::new("period", "/period"),
    Column::new("amount", "/amount"),
    Column::new("balance", "/balance"),
    Column::new("available", "/available"),
    Column::new("position", "/position"),
    Column::new("time", "/time"),
    Column::new("key", "/idempotency_key"),
    Column::new("replayed", "/replayed"),
    Column::new("dry_run", "/dry_run"),
];

/// Options of `wallet freeze` and `wallet unfreeze`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Freeze {
    /// The wallet's id
    wallet: WalletId,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    intent: Intent,
}

/// Options of `wallet limit`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Limit {
    /// The wallet's id
    wallet: WalletId,
    /// How far it may be overdrawn, in credits; 0 for not at all
    limit: Credits,
    #[command(flatten)]
    intent: Intent,
}

/// Options of `wallet cap`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Cap {
    /// The wallet's id
    wallet: WalletId,
    /// The most that may be spent in the period, in credits; `none` takes the cap away
    #[arg(value_name = "CREDITS|none", value_parser = or_none)]
    amount: OrNone,
    /// Id of the app that spends
    #[arg(long, value_name = "ID")]
    app: AppId,
    /// Name of a budget that the app's requests then may name; all that the app spends, when absent
    #[arg(long, value_name = "NAME")]
    budget: Option<String>,
    /// Over which time it counts; days and months are in UTC
    #[arg(long, value_parser = ["day", "month", "total"])]
    period: String,
    #[command(flatten)]
    intent: Intent,
}

/// Options of `wallet threshold`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Threshold {
    /// The wallet's id
    wallet: WalletId,
    /// Below which available amount its credits are low; `none` for never
    #[arg(value_name = "CREDITS|none", value_parser = or_none)]
    threshold: OrNone,
    #[command(flatten)]
    intent: Intent,
}

impl Freeze {
    /// `what` is `freeze` or `unfreeze`.
    pub(super) async fn run(self, context: &mut Context<'_>, what: &str) -> Outcome {
        let mut body = json!({});
        set(&mut body, "reason", self.reason.as_ref());
        context.post(&format!("/v1/wallets/{}/{what}", self.wallet), self.intent, body, CONTROL).await
    }
}

impl Limit {
    pub(super) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/wallets/{}/credit-limit", self.wallet);
        context.put(&path, self.intent, json!({ "limit": self.limit }), CONTROL).await
    }
}

impl Cap {
    pub(super) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let OrNone(amount) = self.amount;
        let mut body = json!({ "app": self.app, "period": self.period, "amount": amount });
        set(&mut body, "budget", self.budget.as_ref());
        context.put(&format!("/v1/wallets/{}/caps", self.wallet), self.intent, body, CONTROL).await
    }
}

impl Threshold {
    pub(super) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/wallets/{}/low-balance", self.wallet);
        let OrNone(threshold) = self.threshold;
        context.put(&path, self.intent, json!({ "threshold": threshold }), CONTROL).await
    }
}
