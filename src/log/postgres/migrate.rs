//! Bringing a database's schema up to date: each migration once, in order, each in a transaction.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgTransaction};

use super::{
    failure,
    server::{self, Server},
};

/// A migration: its name, `<set>/<number>_<what>`, and its SQL, which must not end the transaction.
pub type Migration = (&'static str, &'static str);

/// How many positions one partition of the events holds, unless a test wants another number.
pub const PARTITION_EVENTS: u32 = 10_000_000;

/// One migration at a time in a database: a number that nobody else has reason to lock.
const LOCK: &str = "SELECT pg_advisory_lock(4846791580151137072)";

/// Not `CREATE … IF NOT EXISTS`, which asks for the right to create also when there is nothing to do.
const HAS_SCHEMA: &str = "SELECT to_regclass('credit_ledger.migrations') IS NOT NULL";
const SCHEMA: &str = "CREATE SCHEMA IF NOT EXISTS credit_ledger; \
     CREATE TABLE credit_ledger.migrations (name text PRIMARY KEY, sha256 bytea NOT NULL, \
     applied_at timestamptz NOT NULL DEFAULT now())";

const IS_SAME: &str = "SELECT sha256 = sha256($2::bytea) FROM credit_ledger.migrations WHERE name = $1";
const RECORD: &str = "INSERT INTO credit_ledger.migrations (name, sha256) VALUES ($1, sha256($2::bytea))";
const SET_PARTITIONS: &str = "SELECT set_config('credit_ledger.partition_events', $1, true)";

/// A migration, and whether this run applied it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    /// Its name.
    pub name: &'static str,
    /// Whether it was applied now; otherwise it had been before.
    pub now: bool,
}

/// Why the schema isn't up to date. No text of it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The URL can't be understood.
    #[error("the database's URL is not of the form postgres://user@host:port/database")]
    Url,
    /// The server can't be reached, or runs with settings that would lose events.
    #[error("can't use {server}: {why}")]
    Unusable {
        /// User, address and database.
        server: String,
        /// What is wrong, and what to do about it.
        why: String,
    },
    /// A statement failed: nothing of this migration was kept.
    #[error("{migration} can't be applied to {server}: {why}")]
    Failed {
        /// The migration's name.
        migration: &'static str,
        /// User, address and database.
        server: String,
        /// What PostgreSQL says.
        why: String,
    },
    /// A migration that ran is not the one that this version has.
    #[error(
        "{migration} was applied to {server} in another form: use the version that did so, or a later one"
    )]
    Changed {
        /// The migration's name.
        migration: &'static str,
        /// User, address and database.
        server: String,
    },
}

/// Applies those of `migrations` that the database hasn't, in order; tells of each. What was applied
/// before a failure stays. New logs are laid out with `partition_events` positions a partition.
///
/// The user of `url` becomes the owner: it needs the right to create in the database, and CREATEROLE
/// unless the role `credit_ledger_app` is there.
///
/// # Errors
/// See [`MigrateError`].
pub async fn migrate(
    url: &str,
    migrations: &[Migration],
    partition_events: u32,
) -> Result<Vec<Migrated>, MigrateError> {
    let server = Server::parse(url).ok_or(MigrateError::Url)?.patient();
    let unusable = |why: String| MigrateError::Unusable { server: server.shown(), why };
    let mut connection = server.connect_durably().await.map_err(|why| unusable(why.to_string()))?;
    prepare(&mut connection).await.map_err(|error| unusable(refused(&error)))?;
    let mut done = Vec::with_capacity(migrations.len());
    for migration in migrations {
        let name = migration.0;
        match apply(&mut connection, migration, partition_events).await {
            Ok(Some(now)) => done.push(Migrated { name, now }),
            Ok(None) => return Err(MigrateError::Changed { migration: name, server: server.shown() }),
            Err(error) => {
                let (server, why) = (server.shown(), refused(&error));
                return Err(MigrateError::Failed { migration: name, server, why });
            }
        }
    }
    // Ends the lock as well.
    server::close(connection).await;
    Ok(done)
}

async fn prepare(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute(LOCK).await?;
    if !sqlx::query_scalar(HAS_SCHEMA).fetch_one(&mut *connection).await? {
        sqlx::raw_sql(SCHEMA).execute(connection).await?;
    }
    Ok(())
}

/// Whether it was applied now; `None` when it was, but in another form.
async fn apply(
    connection: &mut PgConnection,
    (name, sql): &Migration,
    partition_events: u32,
) -> Result<Option<bool>, sqlx::Error> {
    let before = sqlx::query_scalar(IS_SAME).bind(*name).bind(sql.as_bytes());
    match before.fetch_optional(&mut *connection).await? {
        Some(true) => return Ok(Some(false)),
        Some(false) => return Ok(None),
        None => {}
    }
    let mut transaction: PgTransaction<'_> = connection.begin().await?;
    sqlx::query(SET_PARTITIONS).bind(partition_events.to_string()).execute(&mut *transaction).await?;
    sqlx::raw_sql(AssertSqlSafe(*sql)).execute(&mut *transaction).await?;
    sqlx::query(RECORD).bind(*name).bind(sql.as_bytes()).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(Some(true))
}

/// The error, and what the owner needs.
fn refused(error: &sqlx::Error) -> String {
    if error.as_database_error().and_then(|server| server.code()).as_deref() == Some("42501") {
        let needs =
            "the user who migrates must own the schema, or have CREATE on the database and CREATEROLE";
        return format!("{}; {needs}", failure::words(error));
    }
    failure::told(error)
}
