//! Projections in a file.

use std::sync::Arc;

use credit_ledger::{
    log::{Log, Recent},
    read::{
        Projected, StoredReads,
        sqlite::{self, NEXT_FILE, READ_FILE, SqliteFile, SqliteStore},
    },
};
use events::{LedgerId, Position};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{Place, Refused};
use crate::read::clock;

/// A directory with `read.db` in it.
pub(in crate::read) struct Sqlite(TempDir);

impl Place for Sqlite {
    type Database = SqliteFile;
    type Frozen = sqlite::Frozen;
    type Store = SqliteStore;

    async fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    async fn copy(&self) -> Self {
        let copy = tempfile::tempdir().expect("a directory");
        for entry in std::fs::read_dir(self.0.path()).expect("a directory") {
            let entry = entry.expect("a file");
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("a copy");
        }
        Self(copy)
    }

    async fn start(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
        recent: Arc<Recent>,
        stop: CancellationToken,
    ) -> Result<Projected<Self::Database>, Refused> {
        let started = sqlite::start(self.0.path(), ledger, log, recent, clock(), stop, |_, _| {});
        started.await.map_err(Refused::from)
    }

    async fn at_rest(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
    ) -> Result<StoredReads<Self::Database>, Refused> {
        sqlite::at_rest(self.0.path(), ledger, log, clock(), |_, _| {}).await.map_err(Refused::from)
    }

    async fn frozen(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
    ) -> Result<StoredReads<Self::Frozen>, Refused> {
        sqlite::frozen(self.0.path(), ledger, log).await.map_err(Refused::from)
    }

    async fn rebuild(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
        report: impl FnMut(Position, Position) + Send,
    ) -> Result<(), Refused> {
        sqlite::rebuild(self.0.path(), ledger, log, clock(), report).await.map_err(Refused::from)
    }

    async fn store(&self, ledger: LedgerId) -> SqliteStore {
        sqlite::open_store(self.0.path(), ledger).await.expect("a store")
    }

    fn beside(&self, store: &SqliteStore, log: Arc<dyn Log>) -> StoredReads<Self::Database> {
        store.reads(self.0.path(), log)
    }

    async fn tamper(&self, statement: impl Into<String>) -> u64 {
        let options = SqliteConnectOptions::new().filename(self.0.path().join(READ_FILE));
        let mut connection = options.connect().await.expect("a connection");
        let result = connection.execute(AssertSqlSafe(statement.into())).await.expect("a statement");
        connection.close().await.expect("a close");
        result.rows_affected()
    }

    fn bytes(hex: &str) -> String {
        format!("x'{hex}'")
    }

    fn id(hex: &str) -> String {
        format!("x'{hex}'")
    }

    fn insert(table: &str, columns: &str, values: &str) -> String {
        format!("INSERT INTO {table} ({columns}) VALUES ({values})")
    }

    const SECOND_CHANGED: &str = "cast(substr(data, 1, 1) || \
         CASE substr(data, 2, 1) WHEN x'00' THEN x'01' ELSE x'00' END || substr(data, 3) AS BLOB)";
    const LAST_CHANGED: &str = "cast(substr(data, 1, length(data) - 1) || \
         CASE substr(data, -1) WHEN x'7f' THEN x'7e' ELSE x'7f' END AS BLOB)";

    const MINED: usize = 1;

    async fn mine(&self, tables: &[&str]) {
        self.tamper("CREATE TABLE mine (rows_left INTEGER NOT NULL)").await;
        self.tamper("INSERT INTO mine VALUES (0)").await;
        for table in tables {
            for write in ["INSERT", "UPDATE"] {
                // FAIL undoes nothing by itself, not even this statement: that is left to the transaction.
                let trigger = format!(
                    "CREATE TRIGGER mine_{table}_{write} AFTER {write} ON {table} BEGIN \
                     UPDATE mine SET rows_left = rows_left - 1; \
                     SELECT RAISE(FAIL, 'a mine') FROM mine WHERE rows_left < 0; END"
                );
                self.tamper(trigger).await;
            }
        }
    }

    // A full disk may end the transaction, as ROLLBACK does, or only the statement.
    const REFUSALS: &[&str] = &[
        "CREATE TRIGGER refuse BEFORE INSERT ON command_segments BEGIN SELECT RAISE(ABORT, 'no room'); END",
        "CREATE TRIGGER refuse BEFORE INSERT ON command_segments BEGIN SELECT RAISE(ROLLBACK, 'no room'); END",
        "CREATE TRIGGER refuse BEFORE INSERT ON command_segments BEGIN SELECT RAISE(FAIL, 'no room'); END",
    ];
    const DROP_REFUSAL: &str = "DROP TRIGGER refuse";

    const OUTDATED: &[(&str, bool)] = &[
        ("UPDATE checkpoints SET version = version + 1 WHERE name = 'entries'", true),
        ("UPDATE checkpoints SET position = 0 WHERE name = 'wallets'", true),
        ("DELETE FROM checkpoints WHERE name = 'commands'", true),
        ("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1", false),
    ];

    const BEFORE_PEOPLE: &[&str] = &[
        "DROP TABLE people",
        "ALTER TABLE keys DROP COLUMN expires",
        "DELETE FROM _sqlx_migrations WHERE version = 2",
        "UPDATE checkpoints SET version = 1 WHERE name = 'identity'",
    ];

    async fn migrate(&self) {}

    async fn leave_over(&self) {
        std::fs::write(self.0.path().join(NEXT_FILE), b"left over from a crash").expect("a file");
    }

    async fn is_tidy(&self) -> bool {
        // The write-ahead log's content has moved into the file itself.
        let wal = self.0.path().join("read.db-wal").metadata();
        !self.0.path().join(NEXT_FILE).exists() && wal.map_or(true, |wal| wal.len() == 0)
    }
}

impl From<sqlite::OpenError> for Refused {
    fn from(error: sqlite::OpenError) -> Self {
        match error {
            sqlite::OpenError::NotCurrent { .. } => Self::NotCurrent,
            sqlite::OpenError::OtherLedger { found, .. } => Self::OtherLedger(found),
            sqlite::OpenError::Halted(halted) => Self::Halted(halted),
            sqlite::OpenError::Store(_)
            | sqlite::OpenError::Busy { .. }
            | sqlite::OpenError::Schema(_)
            | sqlite::OpenError::Replace(_)
            | sqlite::OpenError::Database(_) => Self::Otherwise(error.to_string()),
        }
    }
}
