//! `hold create|capture|extend|release|show`: credits reserved for a cost that is not known yet.

use std::time::Duration;

use events::{Credits, WalletId};
use serde_json::{Value, json};

use super::values::{Charge, Usage, object, set, span};
use crate::cli::{
    change::Intent,
    client::{Query, escaped},
    context::Context,
    failure::Outcome,
    output::Column,
};

const HOLD: &[Column] = &[
    Column::new("id", "/id"),
    Column::new("hold", "/hold"),
    Column::new("wallet", "/wallet"),
    Column::new("service", "/service"),
    Column::new("status", "/status"),
    Column::new("amount", "/amount"),
    Column::new("cost", "/cost"),
    Column::new("cap", "/cap"),
    Column::new("captured", "/captured"),
    Column::new("released", "/released"),
    Column::new("remaining", "/remaining"),
    Column::new("expires_at", "/expires_at"),
    Column::new("ended_at", "/ended_at"),
    Column::new("balance", "/balance"),
    Column::new("available", "/available"),
    Column::new("reserved", "/reserved"),
    Column::new("position", "/position"),
    Column::new("time", "/time"),
    Column::new("key", "/idempotency_key"),
    Column::new("replayed", "/replayed"),
    Column::new("dry_run", "/dry_run"),
];

/// Reserve credits, spend from what is reserved, release it
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum HoldCommand {
    /// Reserve credits for a cost that is not known yet
    #[command(after_help = "Examples:\n  \
        credit-ledger hold create 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 10 --service video --timeout 15m --cap 12\n  \
        credit-ledger hold create 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 --service chat --usage output_tokens=4000 --timeout 5m")]
    Create(Box<Create>),
    /// Spend from a hold, in parts or at once
    #[command(after_help = "Examples:\n  credit-ledger hold capture hol_1f0c33aa_42 4\n  \
        credit-ledger hold capture hol_1f0c33aa_42 2.5 --last\n  credit-ledger hold capture hol_1f0c33aa_42")]
    Capture(Capture),
    /// Let an open hold live until so long from now
    #[command(after_help = "Example:\n  credit-ledger hold extend hol_1f0c33aa_42 --timeout 30m")]
    Extend(Extend),
    /// Release what is left of an open hold
    #[command(after_help = "Example:\n  credit-ledger hold release hol_1f0c33aa_42")]
    Release(Release),
    /// Show a hold and what became of it
    #[command(after_help = "Example:\n  credit-ledger hold show hol_1f0c33aa_42")]
    Show(Show),
}

/// Options of `hold create`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Create {
    /// The wallet's id
    wallet: WalletId,
    #[command(flatten)]
    charge: Charge,
    /// What it will pay for
    #[arg(long, value_name = "NAME")]
    service: String,
    /// After which time what is left is released by itself, such as 15m
    #[arg(long, value_name = "SPAN", value_parser = span)]
    timeout: Duration,
    /// The most that may be captured in all; what is held, when absent
    #[arg(long, value_name = "CREDITS")]
    cap: Option<Credits>,
    /// The budget that will pay
    #[arg(long, value_name = "NAME")]
    budget: Option<String>,
    /// A JSON object to keep with it
    #[arg(long, value_name = "JSON", value_parser = object)]
    metadata: Option<Value>,
    #[command(flatten)]
    intent: Intent,
}

/// Options of `hold capture`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Capture {
    /// The hold's id
    hold: String,
    /// Credits, or name the --usage; all that is left of the hold, when both are absent
    #[arg(conflicts_with = "usage")]
    cost: Option<Credits>,
    #[command(flatten)]
    usage: Usage,
    /// Release the rest of the hold with it
    #[arg(long)]
    last: bool,
    /// A JSON object to keep with it
    #[arg(long, value_name = "JSON", value_parser = object)]
    metadata: Option<Value>,
    #[command(flatten)]
    intent: Intent,
}

/// Options of `hold extend`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Extend {
    /// The hold's id
    hold: String,
    /// How long from now, such as 30m; may be sooner than before
    #[arg(long, value_name = "SPAN", value_parser = span)]
    timeout: Duration,
    #[command(flatten)]
    intent: Intent,
}

/// Options of `hold release`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Release {
    /// The hold's id
    hold: String,
    #[command(flatten)]
    intent: Intent,
}

/// Options of `hold show`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Show {
    /// The hold's id
    hold: String,
}

fn path(hold: &str, what: &str) -> String {
    format!("/v1/holds/{}{what}", escaped(hold))
}

impl HoldCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::Create(create) => create.run(context).await,
            Self::Capture(capture) => capture.run(context).await,
            Self::Extend(extend) => {
                let body = json!({ "timeout_seconds": extend.timeout.as_secs() });
                context.post(&path(&extend.hold, "/extensions"), extend.intent, body, HOLD).await
            }
            Self::Release(release) => {
                context.post(&path(&release.hold, "/release"), release.intent, json!({}), HOLD).await
            }
            Self::Show(show) => {
                let query = Query::of(path(&show.hold, ""));
                context
                    .ledger(async |client, out| out.one(&client.get_fresh(query).await?.json()?, HOLD))
                    .await
            }
        }
    }
}

impl Create {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let timeout = self.timeout.as_secs();
        let mut body = json!({ "wallet": self.wallet, "service": self.service, "timeout_seconds": timeout });
        self.charge.add_to(&mut body)?;
        set(&mut body, "cap", self.cap.as_ref());
        set(&mut body, "budget", self.budget.as_ref());
        set(&mut body, "metadata", self.metadata.as_ref());
        context.post("/v1/holds", self.intent, body, HOLD).await
    }
}

impl Capture {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let mut body = json!({ "last": self.last });
        set(&mut body, "cost", self.cost.as_ref());
        self.usage.add_to(&mut body)?;
        set(&mut body, "metadata", self.metadata.as_ref());
        context.post(&path(&self.hold, "/captures"), self.intent, body, HOLD).await
    }
}
