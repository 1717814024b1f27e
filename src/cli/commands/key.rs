//! `key create|rotate|revoke|list`: the API keys of apps.

use std::time::Duration;

use events::{AppId, KeyId};
use serde_json::{Value, json};

use super::values::{scopes, set, span};
use crate::{
    cli::{client::Query, context::Context, failure::Outcome, output::Column},
    identity::Scope,
};

const CREATED: &[Column] = &[
    Column::new("key_id", "/key_id"),
    Column::new("app_id", "/app_id"),
    Column::new("scopes", "/scopes"),
    Column::new("expires", "/expires"),
    Column::new("api_key", "/api_key"),
];
const ROTATED: &[Column] = &[
    Column::new("key_id", "/key_id"),
    Column::new("app_id", "/app_id"),
    Column::new("expires", "/expires"),
    Column::new("api_key", "/api_key"),
    Column::new("old_key", "/replaces/key_id"),
    Column::new("old_key_expires", "/replaces/expires"),
];
const LISTED: &[Column] = &[
    Column::new("key_id", "/key_id"),
    Column::new("app_id", "/app_id"),
    Column::new("scopes", "/scopes"),
    Column::new("issued", "/issued"),
    Column::new("expires", "/expires"),
    Column::new("last_used", "/last_used"),
    Column::new("revoked", "/revoked"),
];

/// Issue, replace, revoke and list API keys
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum KeyCommand {
    /// Issue a further key to an app; it is shown this once
    #[command(
        after_help = "Examples:\n  credit-ledger key create --app 5f0e8a52-7a37-4d0e-b6ce-6f0c1c7a3f11 --scopes credits:read\n  \
                      credit-ledger key create --app 5f0e8a52-7a37-4d0e-b6ce-6f0c1c7a3f11 --scopes credits:check,credits:deduct --expires-in 90d"
    )]
    Create(Create),
    /// Replace a key by a new one that allows the same, which is shown this once
    #[command(after_help = "The old key goes on for the overlap, so that nobody has to stop in between.\n\n\
                      Example:\n  credit-ledger key rotate 0d9f5c9e-2b1e-4a0a-9a54-4a3f0f3f9b21 --overlap 1h")]
    Rotate(Rotate),
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
    /// After which time it is no longer accepted, such as 90d; never, when absent
    #[arg(long, value_name = "SPAN", value_parser = span)]
    expires_in: Option<Duration>,
}

/// Options of `key rotate`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Rotate {
    /// Id of the old key
    #[arg(value_name = "KEY_ID")]
    key: KeyId,
    /// How long the old key is still accepted, at most 30d; 0s ends it at once
    #[arg(long, value_name = "SPAN", value_parser = span, default_value = "24h")]
    overlap: Duration,
    /// After which time the new key is no longer accepted, such as 90d; when absent, it lives as long as the old one was to live from its issue
    #[arg(long, value_name = "SPAN", value_parser = span)]
    expires_in: Option<Duration>,
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
            Self::Rotate(rotate) => rotate.run(context).await,
            Self::Revoke(revoke) => revoke.run(context).await,
            Self::List(list) => list.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let scopes: Vec<_> = self.scopes.iter().map(|scope| scope.as_str()).collect();
        let path = format!("/v1/apps/{}/keys", self.app);
        let mut body = json!({ "scopes": scopes });
        set(&mut body, "expires_in_seconds", self.expires_in.map(|span| span.as_secs()).as_ref());
        context
            .ledger(async |client, out| {
                let key = client.post(&path, None, &body).await?.json()?;
                out.one(&key, CREATED)
            })
            .await
    }
}

impl Rotate {
    async fn run(self, context: &mut Context<'_>) -> Outcome {
        let path = format!("/v1/keys/{}/rotate", self.key);
        let mut body = json!({ "overlap_seconds": self.overlap.as_secs() });
        set(&mut body, "expires_in_seconds", self.expires_in.map(|span| span.as_secs()).as_ref());
        context
            .ledger(async |client, out| {
                let key = client.post(&path, None, &body).await?.json()?;
                out.one(&key, ROTATED)
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
