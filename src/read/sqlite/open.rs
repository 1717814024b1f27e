//! Opening `read.db`: schema, ledger and versions, and building it anew beside the old one.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use events::{LedgerId, Position};
use projections::VERSIONS;
use sqlx::{
    ConnectOptions, Connection, SqlSafeStr, SqliteConnection, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use uuid::Uuid;

use super::writer::SqliteStore;
use crate::{
    clock::Clock,
    log::Log,
    read::{Halted, Progress, Runner, StoreFault, stored::rows::current},
};

/// The projections' file in the data directory.
pub const READ_FILE: &str = "read.db";

/// The projections while they are built anew.
pub const NEXT_FILE: &str = "read.db.next";

/// The migrations by number and name.
const MIGRATIONS: [(i64, &str, &str); 2] = [
    (1, "read", include_str!("../../../migrations/sqlite/read/0001_read.sql")),
    (2, "people", include_str!("../../../migrations/sqlite/read/0002_people.sql")),
];

const CHECKPOINTS: &str = "SELECT ledger, name, version, position FROM checkpoints ORDER BY name";
const ADD_CHECKPOINT: &str = "INSERT INTO checkpoints (ledger, name, version, position) VALUES (?, ?, ?, 0)";

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages of the write-ahead log between checkpoints, 16 MB: a wallet's page that changes in several
/// batches is copied into the file once.
const AUTOCHECKPOINT: &str = "4000";

/// Cache of the writing connection, in KiB: the pages of busy wallets and the ends of the indexes.
const CACHE: &str = "-16384";

/// The write-ahead log is cut back to this size, in bytes, after a burst that a reader held up.
const WAL_BYTES_KEPT: &str = "67108864";

/// Why the projections couldn't be opened or built.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file holds another ledger.
    #[error("{} holds the projections of ledger {found}, not of {expected}: choose the data directory that belongs to the log", file.display())]
    OtherLedger {
        /// The file.
        file: PathBuf,
        /// Whose projections it holds.
        found: LedgerId,
        /// Whose it should hold.
        expected: LedgerId,
    },
    /// The log ends before the checkpoint, holds something unreadable, or the rows are damaged.
    #[error(transparent)]
    Halted(#[from] Halted),
    /// The rows can't be read.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// There are none, or of other versions, so there is nothing that could be read as it is.
    #[error("{} holds no projections of this version: start the server, or run `credit-ledger replay --rebuild`", file.display())]
    NotCurrent {
        /// The file.
        file: PathBuf,
    },
    /// Another program reads the old file, so it can't be replaced.
    #[error("{} is in use by another program: end that one and start again", file.display())]
    Busy {
        /// The file.
        file: PathBuf,
    },
    /// The schema can't be created.
    #[error("the schema of {READ_FILE} can't be created: {0}")]
    Schema(#[from] MigrateError),
    /// A file can't be removed or renamed.
    #[error("can't replace {READ_FILE}: {0}")]
    Replace(#[from] io::Error),
    /// Any other refusal of the database.
    #[error("{READ_FILE} in the data directory can't be opened: {0}")]
    Database(#[from] sqlx::Error),
}

/// What a file turned out to be.
pub(super) enum Found {
    /// Of this ledger and these versions.
    Current(Box<SqliteStore>),
    /// Of other versions of the projections: its rows can't be used. Closed.
    Stale,
}

/// Opens a file, which is created when it is missing.
pub(super) async fn open(file: &Path, ledger: LedgerId) -> Result<Found, OpenError> {
    let options = options(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A loss of power may take the last transactions, never half of one; the log has them all.
        .synchronous(SqliteSynchronous::Normal)
        .pragma("wal_autocheckpoint", AUTOCHECKPOINT)
        .pragma("journal_size_limit", WAL_BYTES_KEPT)
        .pragma("cache_size", CACHE);
    let mut connection = options.connect().await?;
    if !migrate(&mut connection).await? {
        connection.close().await?;
        return Ok(Found::Stale);
    }
    let Some(checkpoint) = checkpoint(&mut connection, file, ledger).await? else {
        connection.close().await?;
        return Ok(Found::Stale);
    };
    Ok(Found::Current(Box::new(SqliteStore::new(connection, ledger, checkpoint).await?)))
}

/// A connection that goes on to see what the file holds now, and the checkpoint of that.
pub(super) async fn freeze(file: &Path, ledger: LedgerId) -> Result<(SqliteConnection, Position), OpenError> {
    let stale = || OpenError::NotCurrent { file: file.to_owned() };
    if !file.is_file() {
        return Err(stale());
    }
    let mut connection = options(file).read_only(true).connect().await?;
    sqlx::raw_sql("BEGIN").execute(&mut connection).await?;
    match checkpoints(&mut connection, file, ledger).await.map(|rows| current(&rows)) {
        Ok(Some(checkpoint)) => Ok((connection, checkpoint)),
        Ok(None) => {
            connection.close().await?;
            Err(stale())
        }
        Err(error) => {
            connection.close().await?;
            Err(error)
        }
    }
}

/// At most `most` connections that only read.
pub(super) fn readers(file: &Path, most: u32) -> SqlitePool {
    // A connection to a file has no network to lose, so testing it before each use is for nothing.
    let pool = SqlitePoolOptions::new().max_connections(most).test_before_acquire(false);
    // After an error SQLite may roll back by itself, and the driver would nest the next snapshot into
    // one that never ends.
    let pool = pool.after_release(|connection, _| {
        let is_idle = !connection.is_in_transaction();
        Box::pin(async move { Ok(is_idle) })
    });
    pool.connect_lazy_with(options(file).read_only(true))
}

/// Builds the projections anew from the first event, beside the old file, and puts them in its place.
///
/// # Errors
/// As [`OpenError`] says; the old file is then as before.
pub(super) async fn rebuild(
    directory: &Path,
    ledger: LedgerId,
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    report: impl FnMut(Position, Position) + Send,
) -> Result<(), OpenError> {
    let (old, next) = (directory.join(READ_FILE), directory.join(NEXT_FILE));
    remove(&next)?;
    let Found::Current(store) = open(&next, ledger).await? else {
        return Err(io::Error::other("a new file has old versions").into());
    };
    let progress = Arc::new(Progress::at(Position(0)));
    let mut runner = Runner::new(ledger, log, *store, clock, progress).await?;
    let caught_up = runner.catch_up(report).await;
    runner.close().await;
    caught_up?;
    // The old file's write-ahead log belongs to the old file alone; a clean close has emptied it.
    if old.with_extension("db-wal").metadata().is_ok_and(|wal| wal.len() > 0) {
        return Err(OpenError::Busy { file: old });
    }
    fs::File::open(&next)?.sync_all()?;
    fs::rename(&next, &old)?;
    Ok(fs::File::open(directory)?.sync_all()?)
}

/// Removes a database file with what SQLite keeps beside it.
fn remove(file: &Path) -> Result<(), io::Error> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cell_size_check", "ON")
        .disable_statement_logging()
}

/// Creates the schema; false when the file has another one.
async fn migrate(connection: &mut SqliteConnection) -> Result<bool, OpenError> {
    let migrations = MIGRATIONS.map(|(number, name, sql)| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    match Migrator::with_migrations(migrations.into()).run_direct(None, connection, false).await {
        Ok(()) => Ok(true),
        Err(MigrateError::VersionMismatch(_) | MigrateError::VersionMissing(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The checkpoint of a file with this ledger's projections in their current versions.
async fn checkpoint(
    connection: &mut SqliteConnection,
    file: &Path,
    ledger: LedgerId,
) -> Result<Option<Position>, OpenError> {
    let rows = checkpoints(connection, file, ledger).await?;
    if !rows.is_empty() {
        return Ok(current(&rows));
    }
    let mut transaction = connection.begin().await?;
    for (name, version) in VERSIONS {
        let add = sqlx::query(ADD_CHECKPOINT).bind(ledger.0.into_bytes().to_vec()).bind(*name);
        add.bind(i64::from(*version)).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(Some(Position(0)))
}

/// Name, version and position of each projection in the file, which must be this ledger's.
async fn checkpoints(
    connection: &mut SqliteConnection,
    file: &Path,
    ledger: LedgerId,
) -> Result<Vec<(String, i64, i64)>, OpenError> {
    let rows: Vec<(Uuid, String, i64, i64)> = sqlx::query_as(CHECKPOINTS).fetch_all(connection).await?;
    if let Some((found, ..)) = rows.iter().find(|(found, ..)| *found != ledger.0) {
        let (file, found) = (file.to_owned(), LedgerId(*found));
        return Err(OpenError::OtherLedger { file, found, expected: ledger });
    }
    Ok(rows.into_iter().map(|(_, name, version, position)| (name, version, position)).collect())
}
