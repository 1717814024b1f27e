//! `app create|list`: the clients of an organization.

use serde_json::json;

use super::values::scopes;
use crate::{
    cli::{client::Query, context::Context, failure::Outcome, output::Column},
    identity::Scope,
};

const CREATED: &[Column] = &[
    Column::new("app_id", "/app_id"),
    Column::new("name", "/name"),
    Column::new("organization", "/organization"),
    Column::new("scopes", "/scopes"),
    Column::new("key_id", "/key_id"),
    Column::new("api_key", "/api_key"),
];
const LISTED: &[Column] = &[
    Column::new("app_id", "/app_id"),
    Column::new("name", "/name"),
    Column::new("organization", "/organization"),
    Column::new("registered", "/registered"),
];

/// Register and list apps
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum AppCommand {
    /// Register an app and issue its first API key, which is shown this once
    #[command(
        after_help = "Example:\n  credit-ledger app create --name chat --scopes credits:check,credits:deduct -o json"
    )]
    Create(Create),
    /// List the apps
    #[command(after_help = "Example:\n  credit-ledger app list -o csv")]
    List(List),
}

/// Options of `app create`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Create {
    /// Name, unique in the organization
    #[arg(long)]
    name: String,
    #[arg(long, value_delimiter = ',', required = true, value_name = "SCOPES", help = scopes())]
    scopes: Vec<Scope>,
    /// Name or id of its organization; the default one when absent
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
}

/// Options of `app list`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {}

impl AppCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::Create(create) => create.run(context).await,
            Self::List(list) => list.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let scopes: Vec<_> = self.scopes.iter().map(|scope| scope.as_str()).collect();
        let mut body = json!({ "name": self.name, "scopes": scopes });
        if let Some(organization) = self.organization {
            body["organization"] = json!(organization);
        }
        context
            .ledger_or_new(None, async |client, out| {
                let app = client.post("/v1/apps", None, &body).await?.json()?;
                out.one(&app, CREATED)
            })
            .await
    }
}

impl List {
    async fn run(&self, context: &mut Context<'_>) -> Outcome {
        let query = Query::of("/v1/apps");
        context.ledger(async |client, out| out.many(&client.all(&query).await?, LISTED)).await
    }
}
