//! `ledger add|list`: the ledgers of a PostgreSQL database.

use events::LedgerId;
use serde_json::{Value, json};

use crate::{
    cli::{
        context::Context,
        failure::{Failure, Outcome},
        output::Column,
        place::unusable,
    },
    cluster::postgres::{Listed, PostgresProcesses},
    log::postgres::PostgresLog,
};

const LISTED: &[Column] = &[
    Column::new("ledger", "/ledger"),
    Column::new("number", "/number"),
    Column::new("default", "/default"),
    Column::new("writer", "/writer"),
    Column::new("epoch", "/epoch"),
];

/// Add and list the ledgers of a PostgreSQL database
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum LedgerCommand {
    /// Add a ledger, with an order, positions and a writer of its own
    #[command(
        after_help = "The first ledger of a database is its default one. Replicas serve a new one once they are started \
                      anew, one after the other. Then register organizations in it: name it with --ledger, or in \
                      the header X-Ledger.\n\n\
                      Example:\n  credit-ledger ledger add --database-url postgres://owner@db.internal/ledger"
    )]
    Add(Add),
    /// List the ledgers, and which replica writes each
    #[command(
        after_help = "Example:\n  credit-ledger ledger list --database-url postgres://owner@db.internal/ledger -o json"
    )]
    List(List),
}

/// The database.
#[derive(Debug, clap::Args)]
struct Database {
    /// The database
    #[arg(long, value_name = "URL", env = "CREDIT_LEDGER_DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

/// Options of `ledger add`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Add {
    #[command(flatten)]
    database: Database,
    /// Its id; a random one when absent. One that is there already stays as it is
    #[arg(long, value_name = "UUID")]
    id: Option<LedgerId>,
}

/// Options of `ledger list`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    database: Database,
}

impl LedgerCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::Add(add) => add.run(context).await,
            Self::List(list) => list.run(context).await,
        }
    }
}

impl Add {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let id = self.id.unwrap_or_else(|| LedgerId(context.random_id()));
        let url = &self.database.database_url;
        PostgresLog::add_ledger(url, id).await.map_err(unusable)?;
        let known = listed(url).await?;
        let added = known.into_iter().find(|ledger| ledger["ledger"] == json!(id));
        context.out.one(&added.unwrap_or_default(), LISTED)
    }
}

impl List {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let url = &self.database.database_url;
        // Says what is wrong with the database, if anything is.
        PostgresLog::ledger_ids(url).await.map_err(unusable)?;
        context.out.many(&listed(url).await?, LISTED)
    }
}

async fn listed(url: &str) -> Outcome<Vec<Value>> {
    let known =
        PostgresProcesses::list(url).await.map_err(|error| Failure::Unreachable(error.to_string()))?;
    let default = known.first().map(|first| first.ledger);
    let row = |Listed { number, ledger, writer, epoch }: Listed| {
        let epoch = epoch.map(|epoch| epoch.to_string());
        let is_default = default == Some(ledger);
        json!({ "ledger": ledger, "number": number, "default": is_default, "writer": writer, "epoch": epoch })
    };
    Ok(known.into_iter().map(row).collect())
}
