//! `explain`: where every credit of a wallet came from, and where it went.

use events::WalletId;
use serde_json::Value;

use super::values::at;
use crate::cli::{client::Query, context::Context, failure::Outcome, output::Column};

const WALLET: &[Column] = &[
    Column::new("wallet", "/wallet"),
    Column::new("balance", "/balance"),
    Column::new("available", "/available"),
    Column::new("reserved", "/reserved"),
    Column::new("debt", "/debt/owed"),
    Column::new("debt from spending", "/debt/spent"),
    Column::new("debt from refunds", "/debt/refunded"),
    Column::new("debt given back", "/debt/given_back"),
    Column::new("debt settled", "/debt/settled"),
    Column::new("as of position", "/as_of_position"),
];
const LOT: &[Column] = &[
    Column::new("lot", "/id"),
    Column::new("origin", "/origin"),
    Column::new("class", "/class"),
    Column::new("amount", "/amount"),
    Column::new("given_back", "/given_back"),
    Column::new("spent", "/spent"),
    Column::new("expired", "/expired"),
    Column::new("refunded", "/refunded"),
    Column::new("adjusted", "/adjusted"),
    Column::new("settled", "/settled"),
    Column::new("free", "/free"),
    Column::new("held", "/held"),
    Column::new("reference", "/reference"),
];

/// Explain a balance: every lot of a wallet, what came into it and where it went
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Of each lot, amount + given_back = spent + expired + refunded + adjusted + settled + free + held.\n\n\
    Examples:\n  credit-ledger explain 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11\n  \
    credit-ledger explain 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11 --at 2026-11-01 -o csv > lots.csv"
)]
pub(in crate::cli) struct Explain {
    /// The wallet's id
    wallet: WalletId,
    /// As it was right after this position, time or date; now when absent
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
}

impl Explain {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/wallets/{}/explanation", self.wallet);
        let query = at(Query::of(path), self.at.as_deref());
        context
            .ledger(async |client, out| {
                let mut told = client.get_fresh(query).await?.json()?;
                if out.format.is_json() {
                    return out.one(&told, &[]);
                }
                listed(&mut told["debt"]["spent"]);
                let mut lots = told["lots"].take();
                let lots = lots.as_array_mut().map(std::mem::take).unwrap_or_default();
                let lots: Vec<Value> = lots
                    .into_iter()
                    .map(|mut lot| {
                        listed(&mut lot["spent"]);
                        lot
                    })
                    .collect();
                if out.is_for_people() {
                    out.one(&told, WALLET)?;
                    out.heading("Lots, oldest first:")?;
                }
                out.many(&lots, LOT)
            })
            .await
    }
}

/// Amounts by service as a text, such as `chat 32.5, image 2`.
fn listed(spent: &mut Value) {
    let services = spent.as_object().into_iter().flatten();
    let parts: Vec<_> = services
        .map(|(service, amount)| format!("{service} {}", amount.as_str().unwrap_or_default()))
        .collect();
    *spent = parts.join(", ").into();
}
