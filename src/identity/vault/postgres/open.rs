//! Opening the vault in PostgreSQL.

use std::{str::FromStr, time::Duration};

use events::LedgerId;
use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::PostgresVault;
use crate::identity::vault::asked::words;

/// What `credit-ledger migrate` runs for identity, after the log's: name and SQL.
pub const MIGRATIONS: &[(&str, &str)] =
    &[("identity/0001_identity", include_str!("../../../../migrations/postgres/identity/0001_identity.sql"))];

/// The schema that holds the tables.
const SCHEMA: &str = "credit_ledger";

const IS_MIGRATED: &str = "SELECT to_regclass('credit_ledger.identity_rows') IS NOT NULL";

const CONNECTIONS_MAX: u32 = 8;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);

/// How long the server works on one statement, or waits for the next of a transaction.
const STATEMENT_TIMEOUT: &str = "5s";

/// Why the vault couldn't be opened. No text of it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL can't be understood.
    #[error("the database's URL is not of the form postgres://user@host:port/database")]
    Url,
    /// The tables are missing.
    #[error("the database has no tables for identity: run `credit-ledger migrate`")]
    NotMigrated,
    /// Any other refusal of the database.
    #[error("the identity tables in PostgreSQL can't be used: {}", words(.0))]
    Database(#[from] sqlx::Error),
}

impl PostgresVault {
    /// The vault of a ledger, whose tables must be there already ([`MIGRATIONS`]).
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &str, ledger: LedgerId) -> Result<Self, OpenError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| OpenError::Url)?
            .application_name("credit-ledger identity")
            .options([
                ("search_path", SCHEMA),
                ("synchronous_commit", "on"),
                ("statement_timeout", STATEMENT_TIMEOUT),
                ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT),
                ("jit", "off"),
            ])
            .disable_statement_logging();
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(CONNECT);
        let pool = pool.connect_lazy_with(options);
        if !sqlx::query_scalar(IS_MIGRATED).fetch_one(&pool).await? {
            return Err(OpenError::NotMigrated);
        }
        Ok(Self { ledger, pool })
    }
}
