//! `key create|revoke|list`: the API keys of apps.

use events::{AppId, KeyId};
use serde_json::{Value, json};

use super::values::scopes;
use crate::{
    cli::{client::Query, context::Context, failure::Outcome, output::Column},
    identity::Scope,
};

const CREATED: &[Column] = &[
    Column::new("key_id", "/key_id"),
    Column::new("app_id", "/app_id"),
    Column::new("scopes", "/scopes"),
    Column::new("api_key", "/api_key"),
];
const LISTED: &[Column] = &[
    Column::new("key_id", "/key_id"),
    Column::new("app_id", "/app_id"),
    Column::new("scopes", "/scopes"),
    Column::new("issued", "/issued"),
    Column::new("revoked", "/revoked"),
];

/// Issue, revoke and list API keys
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum KeyCommand {
    /// Issue a further key to an app; it is shown this once
    #[command(
        after_help = "Example:\n  credit-ledger key create --app 5f0e8a52-7a37-4d0e-b6ce-6f0c1c7a3f11 --scopes credits:read"
    )]
    Create(Create),
    /// Revoke a key at once and for ever
    #[command(after_help = "Example:\n  credit-ledger key revoke 0d9f5c9e-2b1e-4a0a-9a54-4a3f0f3f9b21")]
    Revoke(Revoke),
    /// List keys, without their secrets
    #[command(after_help = "Example:\n  credit-ledger key list --app 5f0e8a52-7a37-4d0e-b6ce-6f0c1c7a3f11")]
    List(List),
}

/// Options of `key create`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Create {
    /// Id of the app
    #[arg(long, value_name = "ID")]
    app: AppId,
    #[arg(long, value_delimiter = ',', required = true, value_name = "SCOPES", help = scopes())]
    scopes: Vec<Scope>,
}

/// Options of `key revoke`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Revoke {
    /// Id of the key
    #[arg(value_name = "KEY_ID")]
    key: KeyId,
}

/// Options of `key list`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {
    /// Id of the app; all apps' keys when absent
    #[arg(long, value_name = "ID")]
    app: Option<AppId>,
}

impl KeyCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::Create(create) => create.run(context).await,
            Self::Revoke(revoke) => revoke.run(context).await,
            Self::List(list) => list.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let scopes: Vec<_> = self.scopes.iter().map(|scope| scope.as_str()).collect();
        let path = format!("/v1/apps/{}/keys", self.app);
        context
            .ledger(async |client, out| {
                let key = client.post(&path, None, &json!({ "scopes": scopes })).await?.json()?;
                out.one(&key, CREATED)
            })
            .await
    }
}

impl Revoke {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/keys/{}", self.key);
        context
            .ledger(async |client, out| {
                client.delete(&path).await?;
                out.one(&json!({ "key_id": self.key, "revoked": true }), LISTED)
            })
            .await
    }
}

impl List {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        context
            .ledger(async |client, out| {
                let apps = match self.app {
                    Some(app) => vec![json!({ "app_id": app })],
                    None => client.all(&Query::of("/v1/apps")).await?,
                };
                let mut keys = Vec::new();
                for app in apps.iter().filter_map(|app| app.get("app_id").and_then(Value::as_str)) {
                    let of_app = client.all(&Query::of(format!("/v1/apps/{app}/keys"))).await?;
                    keys.extend(of_app.into_iter().map(|mut key| {
                        key["app_id"] = json!(app);
                        key
                    }));
                }
                out.many(&keys, LISTED)
            })
            .await
    }
}
