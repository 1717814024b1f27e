//! `tail`: the events as they are stored.

use events::{Position, WalletId};
use serde_json::value::RawValue;

use crate::cli::{
    client::{Client, Query},
    context::Context,
    failure::{Failure, Outcome},
    output::Output,
};

/// The most events that a page may have.
const PAGE: u32 = 1_000;
/// The longest that the server waits for a new event.
const WAIT_SECONDS: u32 = 30;

/// Print events as they are stored, one JSON object a line
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  credit-ledger tail --types credits.deducted.v1,credits.deduction_rolled_back.v1\n  \
                  credit-ledger tail --after 1000 --follow | jq .data"
)]
pub(in crate::cli) struct Tail {
    /// Only events after this position
    #[arg(long, value_name = "POSITION")]
    after: Option<Position>,
    /// Only of these types, between commas, such as credits.deducted.v1 or credits.*
    #[arg(long, value_name = "TYPES")]
    types: Option<String>,
    /// Only about this wallet
    #[arg(long, value_name = "ID")]
    wallet: Option<WalletId>,
    /// Wait for further events until Ctrl-C
    #[arg(long, short)]
    follow: bool,
}

impl Tail {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        context.ledger(async |client, out| self.print(client, out).await).await
    }

    async fn print(&self, client: &Client, out: &mut Output<'_>) -> Outcome {
        let filters = Query::of("/v1/events")
            .maybe("types", self.types.as_ref())
            .maybe("wallet", self.wallet)
            .maybe("wait", self.follow.then_some(WAIT_SECONDS))
            .with("limit", PAGE);
        let mut after = self.after.map(Position::get);
        loop {
            let answer = client.get(filters.clone().maybe("after", after).as_str()).await?;
            // Raw, so that what is printed is what is stored.
            let events: Vec<&RawValue> = serde_json::from_str(&answer.body).map_err(|error| {
                Failure::Other(anyhow::anyhow!("the answer is no list of events: {error}"))
            })?;
            for event in events {
                out.line(event.get())?;
            }
            let at_head = answer.head.is_none_or(|head| answer.next.is_none_or(|next| next + 1 >= head));
            if at_head && !self.follow {
                return Ok(());
            }
            after = answer.next.or(after);
        }
    }
}
