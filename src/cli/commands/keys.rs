//! `keys list|rotate|revoke`: the keys that sign tokens.

use serde_json::json;

use crate::cli::{client::Query, context::Context, failure::Outcome, output::Column};

const LISTED: &[Column] =
    &[Column::new("kid", "/kid"), Column::new("state", "/state"), Column::new("since", "/since")];

/// The keys that sign tokens
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum KeysCommand {
    /// List them, oldest first
    #[command(after_help = "Example:\n  credit-ledger keys list")]
    List(List),
    /// Publish a new key, which signs in ten minutes; the one before is retained while its tokens live
    #[command(after_help = "Example:\n  credit-ledger keys rotate")]
    Rotate(Rotate),
    /// End a key and every token that it signed, at once
    #[command(
        after_help = "Example:\n  credit-ledger keys revoke 0kPZQ0hmPX3tJq2wV3m8oZ1m2bQ0lq8Yy0b3T1w5u9E"
    )]
    Revoke(Revoke),
}

/// Options of `keys list`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {}

/// Options of `keys rotate`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Rotate {}

/// Options of `keys revoke`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Revoke {
    /// Name of the key
    #[arg(value_name = "KID")]
    kid: String,
}

impl KeysCommand {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::List(List {}) => {
                let query = Query::of("/v1/signing-keys");
                context.ledger(async |client, out| out.many(&client.all(&query).await?, LISTED)).await
            }
            Self::Rotate(Rotate {}) => {
                context
                    .ledger(async |client, out| {
                        let key = client.post("/v1/signing-keys", None, &json!({})).await?.json()?;
                        out.one(&key, LISTED)
                    })
                    .await
            }
            Self::Revoke(Revoke { kid }) => {
                context
                    .ledger(async |client, out| {
                        client.delete(&format!("/v1/signing-keys/{kid}")).await?;
                        out.one(&json!({ "kid": kid, "state": "revoked" }), LISTED)
                    })
                    .await
            }
        }
    }
}
