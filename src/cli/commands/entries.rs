//! `entries`: the audit of a wallet.

use events::{Time, WalletId};

use crate::cli::{client::Query, context::Context, failure::Outcome, output::Column};

const ENTRY: &[Column] = &[
    Column::new("position", "/position"),
    Column::new("time", "/time"),
    Column::new("kind", "/kind"),
    Column::new("id", "/id"),
    Column::new("amount", "/amount"),
    Column::new("balance", "/balance"),
    Column::new("reference", "/reference"),
    Column::new("app", "/app"),
    Column::new("key", "/idempotency_key"),
    Column::new("reversed_by", "/reversed_by"),
];

/// The most entries that a page may have.
const PAGE: u32 = 1_000;

/// Show every entry of a wallet, checks and refusals included, oldest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    credit-ledger entries 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11\n  \
    credit-ledger entries 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 --from 2026-11-01T00:00:00Z -o csv > november.csv")]
pub(in crate::cli) struct Entries {
    /// The wallet's id
    wallet: WalletId,
    /// Only at or after this moment
    #[arg(long, value_name = "TIME")]
    from: Option<Time>,
    /// Only before this moment
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
    /// Only of these kinds, between commas, such as deduction,rollback
    #[arg(long, value_name = "KINDS")]
    kind: Option<String>,
}

impl Entries {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let query = Query::of(format!("/v1/wallets/{}/entries", self.wallet))
            .maybe("from", self.from)
            .maybe("until", self.until)
            .maybe("kind", self.kind)
            .with("limit", PAGE);
        context
            .ledger(async |client, out| {
                // Pages come newest first; a list of what happened reads from top to bottom.
                let mut entries = client.all_fresh(query).await?;
                entries.reverse();
                out.many(&entries, ENTRY)
            })
            .await
    }
}
