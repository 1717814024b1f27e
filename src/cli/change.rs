//! Changes: what is asked of the ledger, under which key, and whether it is meant.

use hyper::Method;
use serde_json::{Value, json};

use super::{client::Query, context::Context, failure::Outcome, output::Column};

/// How a change is meant.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Intent {
    /// Idempotency key; a random one when absent
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    rehearsal: Rehearsal,
}

/// Whether a change is meant.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Rehearsal {
    /// Only tell what would happen now: nothing is stored, and no key is used up
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl Rehearsal {
    /// The path as it is asked for.
    pub(super) fn path(&self, path: impl Into<String>) -> Query {
        Query::of(path).maybe("dry_run", self.dry_run.then_some(true))
    }
}

impl Context<'_> {
    /// Asks for a change with POST, and prints the answer.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub(super) async fn post(
        &mut self,
        path: &str,
        intent: Intent,
        body: Value,
        columns: &[Column],
    ) -> Outcome {
        self.change(Method::POST, path, intent, body, columns).await
    }

    /// Asks with PUT for something to be set, and prints the answer.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub(super) async fn put(
        &mut self,
        path: &str,
        intent: Intent,
        body: Value,
        columns: &[Column],
    ) -> Outcome {
        self.change(Method::PUT, path, intent, body, columns).await
    }

    /// Asks under the given key, or a random one, and prints the answer with the key. A dry run needs none.
    async fn change(
        &mut self,
        method: Method,
        path: &str,
        intent: Intent,
        body: Value,
        columns: &[Column],
    ) -> Outcome {
        let path = intent.rehearsal.path(path);
        let drawn = (!intent.rehearsal.dry_run).then(|| format!("cli-{}", self.random_id()));
        let key = intent.key.or(drawn);
        self.ledger_or_new(Some(&intent.rehearsal), async |client, out| {
            let answer = client.change(method, path.as_str(), key.as_deref(), &body).await?;
            let mut shown = answer.json()?;
            if let Some(key) = key {
                shown["idempotency_key"] = json!(key);
                shown["replayed"] = json!(answer.replayed);
            }
            out.one(&shown, columns)
        })
        .await
    }
}
