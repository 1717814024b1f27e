//! Opening the projections in PostgreSQL: which build is read, and building another beside it.

use std::{str::FromStr, sync::Arc, time::Duration};

use events::{LedgerId, Position};
use projections::VERSIONS;
use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::writer::PostgresStore;
use crate::{
    clock::Clock,
    log::Log,
    read::{Halted, Progress, Runner, StoreFault, stored::rows::current},
};

/// The schema that holds the tables.
const SCHEMA: &str = "credit_ledger";

/// The migrations of the projections, by name.
pub const MIGRATIONS: &[(&str, &str)] = &[
    ("read/0001_read", include_str!("../../../migrations/postgres/read/0001_read.sql")),
    ("read/0002_people", include_str!("../../../migrations/postgres/read/0002_people.sql")),
];

/// Names the youngest table too, so that a database without it is told to be migrated at once.
const CURRENT: &str = "SELECT number, versions FROM builds WHERE ledger = $1 AND current \
     AND NOT EXISTS (SELECT FROM people WHERE false)";
const CHECKPOINTS: &str = "SELECT name, version, position FROM checkpoints WHERE build = $1 ORDER BY name";
const ADD_BUILD: &str = "INSERT INTO builds (ledger, versions, current) VALUES ($1, $2, $3) \
     ON CONFLICT (ledger) WHERE current DO NOTHING RETURNING number";
const ADD_CHECKPOINT: &str =
    "INSERT INTO checkpoints (build, name, version, position) VALUES ($1, $2, $3, 0)";

const RETIRE: &str = "UPDATE builds SET current = false WHERE ledger = $1 AND current RETURNING number";
const PROMOTE: &str = "UPDATE builds SET current = true WHERE number = $1";
const FORGET: &str = "DELETE FROM checkpoints WHERE build = $1";
const OTHERS: &str = "SELECT number FROM builds WHERE ledger = $1 AND NOT current";
const REMOVE_BUILD: &str = "DELETE FROM builds WHERE number = $1 AND NOT current";

/// What removes the rows of a build, its checkpoint first: nobody reads or writes a build without one.
const REMOVE_ROWS: [&str; 20] = [
    FORGET,
    "DELETE FROM ids WHERE build = $1",
    "DELETE FROM wallets WHERE build = $1",
    "DELETE FROM wallet_marks WHERE build = $1",
    "DELETE FROM timers WHERE build = $1",
    "DELETE FROM bases WHERE build = $1",
    "DELETE FROM entries WHERE build = $1",
    "DELETE FROM entry_lists WHERE build = $1",
    "DELETE FROM returned WHERE build = $1",
    "DELETE FROM usage WHERE build = $1",
    "DELETE FROM liability_marks WHERE build = $1",
    "DELETE FROM prices WHERE build = $1",
    "DELETE FROM policies WHERE build = $1",
    "DELETE FROM organizations WHERE build = $1",
    "DELETE FROM apps WHERE build = $1",
    "DELETE FROM keys WHERE build = $1",
    "DELETE FROM people WHERE build = $1",
    "DELETE FROM command_segments WHERE build = $1",
    "DELETE FROM command_pages WHERE build = $1",
    "DELETE FROM command_filters WHERE build = $1",
];

const END_SESSIONS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
     WHERE datname = current_database() AND usename = current_user AND application_name = $1";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Undefined table or schema: nobody ran the migrations.
const MISSING: [&str; 2] = ["42P01", "3F000"];

/// Why the projections couldn't be opened or built.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The log ends before the checkpoint, holds something unreadable, or the rows are damaged.
    #[error(transparent)]
    Halted(#[from] Halted),
    /// The rows can't be read.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// There are none, or of other versions, so there is nothing that could be read as it is.
    #[error(
        "the database holds no projections of this version: start the server, or run `credit-ledger replay --rebuild`"
    )]
    NotCurrent,
    /// The tables are missing.
    #[error("the database has no tables for the projections: run `credit-ledger migrate`")]
    NotMigrated,
    /// Any other refusal of the database.
    #[error("the projections in PostgreSQL can't be opened: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        if code.is_some_and(|code| MISSING.contains(&code.as_ref())) {
            return Self::NotMigrated;
        }
        Self::Database(error)
    }
}

/// How every connection works: reads are by key, so statistics that are behind must not lead to
/// scans of whole tables, nor to compiling a query that takes a millisecond. Commits wait for the
/// disk: the engine forgets what the checkpoint covers and outlives a crash of the server.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    let options = PgConnectOptions::from_str(url)?.application_name("credit-ledger projections");
    Ok(options.options([
        ("search_path", SCHEMA),
        ("synchronous_commit", "on"),
        ("statement_timeout", "60s"),
        ("idle_in_transaction_session_timeout", "60s"),
        ("enable_seqscan", "off"),
        ("jit", "off"),
    ]))
}

/// A connection that is not one of a pool.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connecting = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(options));
    connecting.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// A connection for the one who writes the projections of a ledger.
pub(super) async fn connect_to_write(
    options: &PgConnectOptions,
    ledger: LedgerId,
) -> Result<PgConnection, sqlx::Error> {
    connect(&options.clone().application_name(&writer(ledger))).await
}

/// What the server knows sessions by that write the projections of a ledger.
fn writer(ledger: LedgerId) -> String {
    format!("credit-ledger projects {ledger}")
}

/// Ends the sessions of those who wrote the projections of a ledger before. One that stands still in a
/// transaction would hold up the next writer, and one that goes on too late would move the checkpoint
/// under it.
pub(super) async fn end_earlier(url: &str, ledger: LedgerId) -> Result<(), OpenError> {
    let mut connection = connect(&options(url)?).await?;
    let ended: i64 = sqlx::query_scalar(END_SESSIONS).bind(writer(ledger)).fetch_one(&mut connection).await?;
    if ended > 0 {
        tracing::info!(ended, "sessions of the writer before were ended");
    }
    Ok(connection.close().await?)
}

/// At most `most` connections that only read.
pub(super) fn readers(options: PgConnectOptions, most: u32) -> PgPool {
    let pool = PgPoolOptions::new().max_connections(most).acquire_timeout(CONNECT_TIMEOUT);
    pool.connect_lazy_with(options)
}

/// The projections and their versions, as one text: builds of other versions are another's.
pub(super) fn versions() -> String {
    let versions: Vec<String> = VERSIONS.iter().map(|(name, version)| format!("{name}={version}")).collect();
    versions.join(" ")
}

/// The current build of a ledger and its checkpoint; `None` when there is none of these versions, or
/// it is not whole.
pub(super) async fn current_build(
    connection: &mut PgConnection,
    ledger: LedgerId,
) -> Result<Option<(i32, Position)>, OpenError> {
    let found: Option<(i32, String)> =
        sqlx::query_as(CURRENT).bind(ledger.0).fetch_optional(&mut *connection).await?;
    let Some((build, _)) = found.filter(|(_, stored)| *stored == versions()) else {
        return Ok(None);
    };
    Ok(checkpoint(connection, build).await?.map(|checkpoint| (build, checkpoint)))
}

/// Opens the current build for writing, a first one when the ledger has none; `None` when it is of
/// other versions.
pub(super) async fn open(url: &str, ledger: LedgerId) -> Result<Option<PostgresStore>, OpenError> {
    let options = options(url)?;
    let mut connection = connect_to_write(&options, ledger).await?;
    let none = sqlx::query(CURRENT).bind(ledger.0).fetch_optional(&mut connection).await?.is_none();
    if none {
        add_build(&mut connection, ledger, true).await?;
    }
    let Some((build, checkpoint)) = current_build(&mut connection, ledger).await? else {
        return Ok(None);
    };
    Ok(Some(PostgresStore::new(options, connection, (ledger, build), checkpoint).await?))
}

/// A new build without rows; `None` when the ledger has got a current one meanwhile.
async fn add_build(
    connection: &mut PgConnection,
    ledger: LedgerId,
    current: bool,
) -> Result<Option<i32>, OpenError> {
    let mut transaction = connection.begin().await?;
    let add = sqlx::query_scalar(ADD_BUILD).bind(ledger.0).bind(versions()).bind(current);
    let Some(build) = add.fetch_optional(&mut *transaction).await? else {
        return Ok(None);
    };
    for (name, version) in VERSIONS {
        let add = sqlx::query(ADD_CHECKPOINT).bind(build).bind(*name).bind(i64::from(*version));
        add.execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(Some(build))
}

/// Builds the projections anew from the first event, beside the current ones, and puts them in their
/// place.
///
/// # Errors
/// As [`OpenError`] says; the current ones are then as before.
pub(super) async fn rebuild(
    url: &str,
    ledger: LedgerId,
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    report: impl FnMut(Position, Position) + Send,
) -> Result<(), OpenError> {
    let options = options(url)?;
    let mut connection = connect_to_write(&options, ledger).await?;
    remove_others(&mut connection, ledger).await?;
    let build = add_build(&mut connection, ledger, false).await?.ok_or(OpenError::NotCurrent)?;
    let store = PostgresStore::new(options, connection, (ledger, build), Position(0)).await?;
    let progress = Arc::new(Progress::at(Position(0)));
    let mut runner = Runner::new(ledger, log, store, clock, progress).await?;
    let caught_up = runner.catch_up(report).await;
    runner.close().await;
    caught_up?;
    let mut connection = connect(&self::options(url)?).await?;
    swap(&mut connection, ledger, build).await?;
    remove_others(&mut connection, ledger).await?;
    Ok(connection.close().await?)
}

/// Makes a build the current one. Whoever still writes the one before loses: its checkpoint is gone.
async fn swap(connection: &mut PgConnection, ledger: LedgerId, build: i32) -> Result<(), OpenError> {
    let mut transaction = connection.begin().await?;
    let retired: Vec<i32> = sqlx::query_scalar(RETIRE).bind(ledger.0).fetch_all(&mut *transaction).await?;
    for old in retired {
        sqlx::query(FORGET).bind(old).execute(&mut *transaction).await?;
    }
    let promoted = sqlx::query(PROMOTE).bind(build).execute(&mut *transaction).await?.rows_affected();
    if promoted != 1 {
        return Err(StoreFault::Unavailable("somebody else removed what was built anew".to_owned()).into());
    }
    Ok(transaction.commit().await?)
}

/// Removes builds that are not current: replaced ones, and left-overs of a crash.
async fn remove_others(connection: &mut PgConnection, ledger: LedgerId) -> Result<(), OpenError> {
    let others: Vec<i32> = sqlx::query_scalar(OTHERS).bind(ledger.0).fetch_all(&mut *connection).await?;
    // A table may hold more than a statement is given time for.
    sqlx::raw_sql("SET statement_timeout = 0").execute(&mut *connection).await?;
    for build in others {
        for remove in REMOVE_ROWS {
            sqlx::query(remove).bind(build).execute(&mut *connection).await?;
        }
        sqlx::query(REMOVE_BUILD).bind(build).execute(&mut *connection).await?;
    }
    sqlx::raw_sql("RESET statement_timeout").execute(&mut *connection).await?;
    Ok(())
}

/// The checkpoint of a build, where its projections are whole and of these versions.
pub(super) async fn checkpoint(
    connection: &mut PgConnection,
    build: i32,
) -> Result<Option<Position>, sqlx::Error> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(CHECKPOINTS).bind(build).fetch_all(connection).await?;
    Ok(current(&rows))
}
