//! Opening `log.db`: lock, schema, and what must hold before the first read is believed.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use events::Position;
use sqlx::{
    ConnectOptions, Connection, SqlSafeStr, SqliteConnection,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    SqliteLog,
    checkpoint::Checkpointer,
    failure::{Halt, advice},
    lock::DirectoryLock,
    reader::Reader,
    writer::Writer,
};

/// The log's file in the data directory.
pub const LOG_FILE: &str = "log.db";

/// The file in the data directory that the writing process keeps locked.
pub const LOCK_FILE: &str = "ledger.lock";

const EVENTS_SQL: &str = include_str!("../../../migrations/sqlite/log/0001_events.sql");

/// Moves the write-ahead log into the database and syncs both: what is read afterwards is on disk.
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

const FIRST_AND_HEAD: &str =
    "SELECT (SELECT min(position) FROM events), (SELECT coalesce(max(position) + 1, 0) FROM events)";

/// Readers are few and short: the projections, the feed and single lookups.
const READERS_MAX: u32 = 4;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Of a new log. Groups are a few of these long, and each page costs a write; larger ones would write
/// more of what is already there when a group is small.
pub(super) const PAGE_BYTES: u32 = 8192;

/// The write-ahead log is cut back to this size, in bytes, after a burst that a reader held up.
const WAL_BYTES_KEPT: &str = "134217728";

/// Why a log couldn't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process (or another handle of this one) writes to this directory.
    #[error("{} is in use by another credit-ledger process: end that one, or choose another data directory", directory.display())]
    Locked {
        /// The data directory.
        directory: PathBuf,
    },
    /// The directory can't be created or its files can't be opened.
    #[error("can't use {} as data directory: {source}", directory.display())]
    Directory {
        /// The data directory.
        directory: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Opened for reading, but there is no log.
    #[error("{} holds no event log ({LOG_FILE})", directory.display())]
    NotFound {
        /// The data directory.
        directory: PathBuf,
    },
    /// A reader kept the write-ahead log from being moved into the database.
    #[error("{} is being read by another program: end that one and start again", directory.display())]
    Busy {
        /// The data directory.
        directory: PathBuf,
    },
    /// The first events are missing.
    #[error("the event log in {} is corrupt: it starts at position {first}, not at 0", directory.display())]
    Corrupt {
        /// The data directory.
        directory: PathBuf,
        /// The first position that is there.
        first: i64,
    },
    /// The schema is not the one this version knows.
    #[error("the schema of {LOG_FILE} can't be brought up to date: {0}")]
    Schema(#[from] MigrateError),
    /// Any other refusal of the database.
    #[error("{LOG_FILE} in the data directory can't be opened: {}", advice(.0))]
    Database(#[from] sqlx::Error),
}

impl SqliteLog {
    /// Opens the log in `directory` for writing and reading; creates both when they are missing.
    ///
    /// # Errors
    /// [`OpenError::Locked`] while another handle has it open for writing, and the other cases of
    /// [`OpenError`].
    pub async fn open(directory: &Path) -> Result<Self, OpenError> {
        create(directory)?;
        let lock = DirectoryLock::take(directory)?;
        let options = options(directory)
            .create_if_missing(true)
            .page_size(PAGE_BYTES)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // The writer checkpoints itself, where a failure is seen and no append waits for it.
            .pragma("wal_autocheckpoint", "0")
            .pragma("journal_size_limit", WAL_BYTES_KEPT)
            .pragma("fullfsync", "ON")
            .pragma("checkpoint_fullfsync", "ON");
        let mut connection = options.connect().await?;
        migrator().run_direct(None, &mut connection, false).await?;
        let head = settle(&mut connection, directory).await?;
        let halt = Halt::default();
        let checkpointer = Checkpointer::new(options.connect().await?);
        let writer = Writer::start(connection, checkpointer, head, halt.clone(), lock);
        Ok(Self { reader: reader(directory), writer: Some(writer), halt })
    }

    /// Opens the log in `directory` for reading, without the lock, also beside a process that writes.
    ///
    /// SQLite needs to write its `-shm` file even to read, so the directory must be writable.
    ///
    /// # Errors
    /// [`OpenError::NotFound`] when there is no log, and the other cases of [`OpenError`].
    pub async fn open_read_only(directory: &Path) -> Result<Self, OpenError> {
        if !directory.join(LOG_FILE).is_file() {
            return Err(OpenError::NotFound { directory: directory.to_owned() });
        }
        let mut connection = options(directory).read_only(true).connect().await?;
        check_first(&mut connection, directory).await?;
        connection.close().await?;
        Ok(Self { reader: reader(directory), writer: None, halt: Halt::default() })
    }
}

fn options(directory: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(directory.join(LOG_FILE))
        .busy_timeout(BUSY_TIMEOUT)
        // Damage to a page is found when the page is read, not when its bytes are believed.
        .pragma("cell_size_check", "ON")
        .disable_statement_logging()
}

fn reader(directory: &Path) -> Reader {
    // A connection to a file has no network to lose, so testing it before each use is for nothing.
    let pool = SqlitePoolOptions::new().max_connections(READERS_MAX).test_before_acquire(false);
    Reader::new(pool.connect_lazy_with(options(directory).read_only(true)))
}

fn migrator() -> Migrator {
    let events = Migration::new(1, "events".into(), MigrationType::Simple, EVENTS_SQL.into_sql_str(), false);
    Migrator::with_migrations(vec![events])
}

/// Creates the directory so that it is still there after a loss of power.
fn create(directory: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Directory { directory: directory.to_owned(), source };
    if directory.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(directory).map_err(failed)?;
    let absolute = directory.canonicalize().map_err(failed)?;
    let parent = absolute.parent().unwrap_or(&absolute);
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)
}

/// Makes sure that what will be read is what the disk holds; returns the head.
async fn settle(connection: &mut SqliteConnection, directory: &Path) -> Result<Position, OpenError> {
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as(CHECKPOINT).fetch_one(&mut *connection).await?;
    if busy != 0 {
        return Err(OpenError::Busy { directory: directory.to_owned() });
    }
    check_first(connection, directory).await
}

async fn check_first(connection: &mut SqliteConnection, directory: &Path) -> Result<Position, OpenError> {
    let (first, head): (Option<i64>, i64) = sqlx::query_as(FIRST_AND_HEAD).fetch_one(connection).await?;
    match first.unwrap_or(0) {
        0 => Ok(Position(head.cast_unsigned())),
        first => Err(OpenError::Corrupt { directory: directory.to_owned(), first }),
    }
}
