//! `migrate`: makes a PostgreSQL database ready for this version.

use serde_json::{Value, json};

use crate::{
    app::migrations,
    cli::{
        context::Context,
        failure::{Failure, Outcome},
        output::Column,
    },
    log::postgres::{MigrateError, PARTITION_EVENTS, migrate},
};

const MIGRATION: &[Column] = &[Column::new("migration", "/migration"), Column::new("result", "/result")];

/// Make a PostgreSQL database ready for this version
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Makes what is missing in the schema `credit_ledger`, and the role `credit_ledger_app`, which may read \
                  and append and nothing else. Run it before `serve`, as often as you like: what is there stays.\n\
                  The user becomes the owner: it needs CREATE on the database, and CREATEROLE when the role is \
                  missing. Let the service log in as another user, which is a member of the role.\n\
                  Without a password in the URL, PGPASSWORD or the password file of PostgreSQL is used.\n\n\
                  Examples:\n  credit-ledger migrate --database-url postgres://owner@db.internal/ledger\n  \
                  psql -c \"CREATE ROLE ledger LOGIN PASSWORD '…' IN ROLE credit_ledger_app\""
)]
pub(in crate::cli) struct Migrate {
    /// The database
    #[arg(long, value_name = "URL", env = "CREDIT_LEDGER_DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

impl Migrate {
    pub(in crate::cli) async fn run(&self, context: &mut Context<'_>) -> Outcome {
        let done = migrate(&self.database_url, &migrations::postgres(), PARTITION_EVENTS).await;
        let done: Vec<Value> = done
            .map_err(failed)?
            .iter()
            .map(|migrated| {
                let result = if migrated.now { "applied" } else { "was there" };
                json!({ "migration": migrated.name, "result": result })
            })
            .collect();
        context.out.many(&done, MIGRATION)
    }
}

fn failed(error: MigrateError) -> Failure {
    match error {
        MigrateError::Url => Failure::Usage(error.to_string()),
        MigrateError::Unusable { .. } => Failure::Unreachable(error.to_string()),
        MigrateError::Failed { .. } | MigrateError::Changed { .. } => Failure::Other(error.into()),
    }
}
