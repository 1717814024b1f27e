//! `wallet create|show`, and the commands of [`super::wallet_control`].

use events::WalletId;
use serde_json::{Value, json};

use super::{
    values::at,
    wallet_control::{Cap, Freeze, Limit, Threshold},
};
use crate::cli::{
    change::Intent,
    client::Query,
    context::Context,
    failure::Outcome,
    output::{Column, Output},
};

const WALLET: &[Column] = &[
    Column::new("wallet", "/wallet"),
    Column::new("balance", "/balance"),
    Column::new("available", "/available"),
    Column::new("reserved", "/reserved"),
    Column::new("debt", "/debt"),
    Column::new("credit_limit", "/credit_limit"),
    Column::new("low_balance", "/low_balance"),
    Column::new("frozen", "/frozen"),
    Column::new("position", "/position"),
    Column::new("as of position", "/as_of_position"),
    Column::new("dry_run", "/dry_run"),
];
const LOT: &[Column] = &[
    Column::new("lot", "/id"),
    Column::new("class", "/class"),
    Column::new("priority", "/priority"),
    Column::new("remaining", "/remaining"),
    Column::new("expires_at", "/expires_at"),
];
const HOLD: &[Column] = &[
    Column::new("hold", "/id"),
    Column::new("service", "/service"),
    Column::new("remaining", "/remaining"),
    Column::new("captured", "/captured"),
    Column::new("cap", "/cap"),
    Column::new("expires_at", "/expires_at"),
];
const CAP: &[Column] = &[
    Column::new("app", "/app"),
    Column::new("budget", "/budget"),
    Column::new("period", "/period"),
    Column::new("amount", "/amount"),
    Column::new("used", "/used"),
    Column::new("since", "/since"),
];

/// Open, show and control wallets
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum WalletCommand {
    /// Open an empty wallet (a first purchase or grant opens one as well)
    #[command(after_help = "Example:\n  credit-ledger wallet create 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11")]
    Create(Create),
    /// Show what a wallet holds or held: its lots in the order in which they are spent, its holds and caps
    #[command(after_help = "Examples:\n  credit-ledger wallet show 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11\n  \
        credit-ledger wallet show 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 --at 2026-11-01T12:00:00Z")]
    Show(Show),
    /// Stop spending from a wallet; credits may still come in and be given back
    #[command(
        after_help = "Example:\n  credit-ledger wallet freeze 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 --reason dispute"
    )]
    Freeze(Freeze),
    /// Allow spending from a frozen wallet again
    #[command(after_help = "Example:\n  credit-ledger wallet unfreeze 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11")]
    Unfreeze(Freeze),
    /// Agree how far a wallet may be overdrawn
    #[command(after_help = "Example:\n  credit-ledger wallet limit 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 50")]
    Limit(Limit),
    /// Cap what an app, or a budget of it, may spend in a day, in a month or in all
    #[command(after_help = "Examples:\n  \
        credit-ledger wallet cap 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 100 --app 5f0e8a52-7a37-4d0e-b6ce-6f0c1c7a3f11 --period day\n  \
        credit-ledger wallet cap 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 none --app 5f0e8a52-7a37-4d0e-b6ce-6f0c1c7a3f11 --budget agent-7 --period month")]
    Cap(Cap),
    /// Say below which available amount a wallet's credits are low; an event tells of each crossing
    #[command(
        after_help = "Example:\n  credit-ledger wallet threshold 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 10"
    )]
    Threshold(Threshold),
}

/// Options of `wallet create`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Create {
    /// Its id; a random one when absent
    wallet: Option<WalletId>,
    #[command(flatten)]
    intent: Intent,
}

/// Options of `wallet show`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Show {
    /// Its id
    wallet: WalletId,
    /// As it was right after this position, time or date; now when absent
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
}

impl WalletCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::Create(create) => {
                let wallet = create.wallet.unwrap_or_else(|| WalletId(context.random_id()));
                context.post("/v1/wallets", create.intent, json!({ "wallet": wallet }), WALLET).await
            }
            Self::Show(show) => show.run(context).await,
            Self::Freeze(freeze) => freeze.run(context, "freeze").await,
            Self::Unfreeze(unfreeze) => unfreeze.run(context, "unfreeze").await,
            Self::Limit(limit) => limit.run(context).await,
            Self::Cap(cap) => cap.run(context).await,
            Self::Threshold(threshold) => threshold.run(context).await,
        }
    }
}

impl Show {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let query = at(Query::of(format!("/v1/wallets/{}", self.wallet)), self.at.as_deref());
        context
            .ledger(async |client, out| {
                let wallet = client.get_fresh(query).await?.json()?;
                out.one(&wallet, WALLET)?;
                if !out.is_for_people() {
                    return Ok(());
                }
                listed(out, &wallet["lots"], "Lots, in the order in which they are spent:", LOT)?;
                listed(out, &wallet["holds"], "Open holds:", HOLD)?;
                listed(out, &wallet["caps"], "Caps:", CAP)
            })
            .await
    }
}

/// A list under a heading, when there is anything in it.
fn listed(out: &mut Output<'_>, list: &Value, heading: &str, columns: &[Column]) -> Outcome {
    match list.as_array() {
        Some(list) if !list.is_empty() => {
            out.heading(heading)?;
            out.many(list, columns)
        }
        Some(_) | None => Ok(()),
    }
}
