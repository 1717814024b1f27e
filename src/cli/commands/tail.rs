//! `tail`: the events as they are stored.

use std::borrow::Cow;

use events::{AppId, Position, WalletId};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    broker::{Broken, Tap, TapError, TapKind},
    cli::{
        client::{Client, Query},
        context::Context,
        failure::{Failure, Outcome},
        output::Output,
    },
    feed::TypeFilter,
};

/// The most events that a page may have.
const PAGE: u32 = 1_000;
/// The longest that the server waits for a new event.
const WAIT_SECONDS: u32 = 30;

/// Print events as they are stored, one JSON object a line
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  credit-ledger tail --types credits.deducted.v1,credits.deduction_rolled_back.v1\n  \
                  credit-ledger tail --after 1000 --follow | jq .data\n  \
                  credit-ledger tail --amqp amqp://user:password@127.0.0.1/credits --app 3ce927d5-0a4b-4f7c-b1d8-7e45c1b03f03"
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
    /// Print what the broker tells an app, as it comes, until Ctrl-C. The user must be allowed to
    /// declare queues: the app's own messages stay where they are
    #[arg(long, value_name = "URL", requires = "app", conflicts_with_all = ["after", "follow"])]
    amqp: Option<String>,
    /// The app, with --amqp
    #[arg(long, value_name = "ID", requires = "amqp")]
    app: Option<AppId>,
    /// With --amqp, take the messages from the app's own queue: the app will not get them. Its own user
    /// may do that
    #[arg(long, requires = "amqp")]
    take: bool,
}

/// What of an event the filters look at.
#[derive(Deserialize)]
struct Header<'a> {
    #[serde(rename = "type", borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow, default)]
    subject: Cow<'a, str>,
}

impl Tail {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        if let (Some(url), Some(app)) = (&self.amqp, self.app) {
            return self.listen(url, app, &mut context.out).await;
        }
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

    /// Prints what the broker tells the app.
    async fn listen(&self, url: &str, app: AppId, out: &mut Output<'_>) -> Outcome {
        let types = self.types.iter().flat_map(|types| types.split(','));
        let types: Result<Vec<TypeFilter>, _> = types.map(|name| name.trim().parse()).collect();
        let types = types.map_err(|unknown| Failure::Usage(format!("--types: {unknown}")))?;
        let wallet = self.wallet.map(|wallet| format!("wallet/{wallet}"));
        let kind = if self.take { TapKind::Take } else { TapKind::Copy };
        let mut tap = Tap::open(url, app, kind).await.map_err(|error| match error {
            TapError::Url(error) => Failure::Usage(format!("--amqp: {error}")),
            TapError::Broken(error @ (Broken::Lost(_) | Broken::Silent(_))) => {
                Failure::Unreachable(error.to_string())
            }
            TapError::Broken(Broken::Setup(reason)) => {
                Failure::Other(anyhow::anyhow!("the broker refused: {reason}"))
            }
        })?;
        loop {
            let body = tap.next().await.map_err(|error| Failure::Unreachable(error.to_string()))?;
            let Ok(header) = serde_json::from_slice::<Header<'_>>(&body) else { continue };
            let of_type = types.is_empty() || types.iter().any(|filter| filter.takes(&header.event_type));
            if of_type && wallet.as_ref().is_none_or(|wallet| *wallet == header.subject) {
                out.line(&String::from_utf8_lossy(&body))?;
            }
        }
    }
}
