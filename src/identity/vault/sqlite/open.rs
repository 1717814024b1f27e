//! Opening `identity.db`.

use std::{fs::OpenOptions, io, path::Path, time::Duration};

use events::LedgerId;
use sqlx::{
    ConnectOptions, SqlSafeStr, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{SqliteVault, writer::Writer};
use crate::identity::vault::asked::words;

/// The vault's file in the data directory.
pub const IDENTITY_FILE: &str = "identity.db";

const IDENTITY_SQL: &str = include_str!("../../../../migrations/sqlite/identity/0001_identity.sql");

const READERS_MAX: u32 = 4;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The write-ahead log is cut back to this size, in bytes, after a burst that a reader held up.
const WAL_BYTES_KEPT: &str = "16777216";

/// Why the vault couldn't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The schema is not one that this version knows.
    #[error("the schema of {IDENTITY_FILE} can't be brought up to date: {0}")]
    Schema(#[from] MigrateError),
    /// The file can't be made.
    #[error("{IDENTITY_FILE} in the data directory can't be made: {0}")]
    File(#[from] io::Error),
    /// Any other refusal of the database.
    #[error("{IDENTITY_FILE} in the data directory can't be opened: {}", words(.0))]
    Database(#[from] sqlx::Error),
}

impl SqliteVault {
    /// Opens a ledger's vault in `directory`, or makes one that only its owner can read. The directory's
    /// lock is the log's: whoever writes there holds it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(directory: &Path, ledger: LedgerId) -> Result<Self, OpenError> {
        let file = directory.join(IDENTITY_FILE);
        touch(&file)?;
        let writing = options(&file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("journal_size_limit", WAL_BYTES_KEPT)
            // What was deleted is gone, also from pages that are not used again soon.
            .pragma("secure_delete", "ON")
            .pragma("fullfsync", "ON")
            .pragma("checkpoint_fullfsync", "ON");
        let mut connection = writing.connect().await?;
        migrator().run_direct(None, &mut connection, false).await?;
        let writer = Writer::start(connection, ledger);
        Ok(Self { ledger, readers: readers(&file), writer })
    }
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cell_size_check", "ON")
        .disable_statement_logging()
}

fn readers(file: &Path) -> SqlitePool {
    // A connection to a file has no network to lose, so testing it before each use is for nothing.
    let pool = SqlitePoolOptions::new().max_connections(READERS_MAX).test_before_acquire(false);
    pool.connect_lazy_with(options(file).read_only(true))
}

/// Makes the file, so that it has its mode before anything is in it; SQLite gives it to those beside it.
fn touch(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

fn migrator() -> Migrator {
    let identity =
        Migration::new(1, "identity".into(), MigrationType::Simple, IDENTITY_SQL.into_sql_str(), false);
    Migrator::with_migrations(vec![identity])
}
