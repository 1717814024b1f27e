//! `wallet create|show`.

use events::WalletId;
use serde_json::{Value, json};

use crate::cli::{client::Query, context::Context, failure::Outcome, output::Column};

const WALLET: &[Column] = &[
    Column::new("wallet", "/wallet"),
    Column::new("balance", "/balance"),
    Column::new("available", "/available"),
    Column::new("reserved", "/reserved"),
    Column::new("position", "/position"),
];
const LOT: &[Column] = &[
    Column::new("lot", "/id"),
    Column::new("class", "/class"),
    Column::new("priority", "/priority"),
    Column::new("remaining", "/remaining"),
    Column::new("expires_at", "/expires_at"),
];

/// Open and show wallets
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum WalletCommand {
    /// Open an empty wallet (a first purchase or grant opens one as well)
    #[command(after_help = "Example:\n  credit-ledger wallet create 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11")]
    Create(Create),
    /// Show what a wallet holds, and its lots in the order in which they are spent
    #[command(after_help = "Example:\n  credit-ledger wallet show 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11")]
    Show(Show),
}

/// Options of `wallet create`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Create {
    /// Its id; a random one when absent
    wallet: Option<WalletId>,
    /// Idempotency key; a random one when absent
    #[arg(long)]
    key: Option<String>,
}

/// Options of `wallet show`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Show {
    /// Its id
    wallet: WalletId,
}

impl WalletCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::Create(create) => {
                let wallet = create.wallet.unwrap_or_else(|| WalletId(context.random_id()));
                context.change("/v1/wallets", create.key, json!({ "wallet": wallet }), WALLET).await
            }
            Self::Show(show) => show.run(context).await,
        }
    }
}

impl Show {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let query = Query::of(format!("/v1/wallets/{}", self.wallet));
        context
            .ledger(async |client, out| {
                let wallet = client.get_fresh(query).await?.json()?;
                out.one(&wallet, WALLET)?;
                match wallet.get("lots").and_then(Value::as_array) {
                    Some(lots) if !lots.is_empty() && out.is_for_people() => {
                        out.heading("Lots, in the order in which they are spent:")?;
                        out.many(lots, LOT)
                    }
                    Some(_) | None => Ok(()),
                }
            })
            .await
    }
}
