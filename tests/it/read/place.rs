//! The databases that hold projections under test, and what the cases do with them.

use std::sync::Arc;

use credit_ledger::{
    log::{Log, Recent},
    read::{
        Database, Halted, Projected, Store, StoredReads,
        postgres::{self, PostgresStore},
        sqlite::{self, NEXT_FILE, READ_FILE, SqliteFile, SqliteStore},
    },
};
use events::{LedgerId, Position};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::clock;
use crate::support::postgres::{self as server, MIGRATOR};

/// Why projections can't be opened.
#[derive(Debug)]
pub(super) enum Refused {
    NotCurrent,
    OtherLedger(LedgerId),
    Halted(Halted),
    Otherwise(String),
}

/// A place for the projections of a test, removed at its end.
pub(super) trait Place: Sized {
    type Database: Database;
    type Store: Store;

    async fn new() -> Self;

    async fn start(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
        recent: Arc<Recent>,
        stop: CancellationToken,
    ) -> Result<Projected<Self::Database>, Refused>;

    /// The projections of the whole log, at rest.
    async fn at_rest(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
    ) -> Result<StoredReads<Self::Database>, Refused>;

    async fn read_only(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
    ) -> Result<StoredReads<Self::Database>, Refused>;

    async fn rebuild(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
        report: impl FnMut(Position, Position) + Send,
    ) -> Result<(), Refused>;

    async fn store(&self, ledger: LedgerId) -> Self::Store;

    fn beside(&self, store: &Self::Store, log: Arc<dyn Log>) -> StoredReads<Self::Database>;

    /// Runs one statement behind the back of whoever has it open; returns how many rows it changed.
    async fn tamper(&self, statement: impl Into<String>) -> u64;

    /// Bytes in a statement.
    fn bytes(hex: &str) -> String;

    /// An id in a statement.
    fn id(hex: &str) -> String;

    /// A statement that adds a row.
    fn insert(table: &str, columns: &str, values: &str) -> String;

    /// `data` with another second byte, and with another last byte, in a statement.
    const SECOND_CHANGED: &str;
    const LAST_CHANGED: &str;

    /// Makes writing fail after so many rows, which `mine` holds, of any of these tables.
    async fn mine(&self, tables: &[&str]);

    /// Statements that make writing segments fail, as anything may fail; `DROP_REFUSAL` ends it.
    const REFUSALS: &[&str];
    const DROP_REFUSAL: &str;

    /// Statements that make projections those of another version, and whether they can still be told
    /// to be that without a right to change them.
    const OUTDATED: &[(&str, bool)];

    /// Leaves what a crash while building anew leaves.
    async fn leave_over(&self);

    /// Whether nothing of earlier or interrupted builds is there.
    async fn is_tidy(&self) -> bool;

    /// The projections of the whole log, which nothing keeps from being there.
    async fn project(&self, ledger: LedgerId, log: Arc<dyn Log>) -> StoredReads<Self::Database> {
        self.at_rest(ledger, log).await.expect("projections")
    }

    async fn opened(&self, ledger: LedgerId, log: Arc<dyn Log>) -> StoredReads<Self::Database> {
        self.read_only(ledger, log).await.expect("projections")
    }
}

/// A directory with `read.db` in it.
pub(super) struct Sqlite(pub(super) TempDir);

impl Place for Sqlite {
    type Database = SqliteFile;
    type Store = SqliteStore;

    async fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
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

    async fn read_only(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
    ) -> Result<StoredReads<Self::Database>, Refused> {
        sqlite::read_only(self.0.path(), ledger, log).await.map_err(Refused::from)
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
        ("UPDATE _sqlx_migrations SET checksum = x'00'", false),
    ];

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
            other => Self::Otherwise(other.to_string()),
        }
    }
}

/// A database of the test's own.
pub(super) struct Postgres(pub(super) server::Database);

impl Place for Postgres {
    type Database = postgres::Postgres;
    type Store = PostgresStore;

    async fn new() -> Self {
        Self(server::Database::migrated().await)
    }

    async fn start(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
        recent: Arc<Recent>,
        stop: CancellationToken,
    ) -> Result<Projected<Self::Database>, Refused> {
        let started = postgres::start(&self.0.url(), ledger, log, recent, clock(), stop, |_, _| {}).await;
        started.map_err(Refused::from)
    }

    async fn at_rest(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
    ) -> Result<StoredReads<Self::Database>, Refused> {
        postgres::at_rest(&self.0.url(), ledger, log, clock(), |_, _| {}).await.map_err(Refused::from)
    }

    async fn read_only(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
    ) -> Result<StoredReads<Self::Database>, Refused> {
        postgres::read_only(&self.0.url(), ledger, log).await.map_err(Refused::from)
    }

    async fn rebuild(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
        report: impl FnMut(Position, Position) + Send,
    ) -> Result<(), Refused> {
        postgres::rebuild(&self.0.url(), ledger, log, clock(), report).await.map_err(Refused::from)
    }

    async fn store(&self, ledger: LedgerId) -> PostgresStore {
        postgres::open_store(&self.0.url(), ledger).await.expect("a store")
    }

    fn beside(&self, store: &PostgresStore, log: Arc<dyn Log>) -> StoredReads<Self::Database> {
        store.reads(log)
    }

    async fn tamper(&self, statement: impl Into<String>) -> u64 {
        let mut connection = self.0.connect_as(MIGRATOR).await;
        connection.execute("SET search_path TO credit_ledger").await.expect("a schema");
        let result = connection.execute(AssertSqlSafe(statement.into())).await.expect("a statement");
        connection.close().await.expect("a close");
        result.rows_affected()
    }

    fn bytes(hex: &str) -> String {
        format!(r"'\x{hex}'::bytea")
    }

    fn id(hex: &str) -> String {
        format!("'{hex}'::uuid")
    }

    fn insert(table: &str, columns: &str, values: &str) -> String {
        format!("INSERT INTO {table} (build, {columns}) SELECT number, {values} FROM builds WHERE current")
    }

    const SECOND_CHANGED: &str = "set_byte(data, 1, CASE get_byte(data, 1) WHEN 0 THEN 1 ELSE 0 END)";
    const LAST_CHANGED: &str = "set_byte(data, length(data) - 1, \
         CASE get_byte(data, length(data) - 1) WHEN 127 THEN 126 ELSE 127 END)";

    async fn mine(&self, tables: &[&str]) {
        self.tamper(
            "CREATE TABLE mine (rows_left integer NOT NULL); INSERT INTO mine VALUES (0); \
             CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN \
             UPDATE credit_ledger.mine SET rows_left = rows_left - 1; \
             IF (SELECT rows_left < 0 FROM credit_ledger.mine) THEN RAISE EXCEPTION 'a mine'; END IF; \
             RETURN NULL; END $$",
        )
        .await;
        for table in tables {
            let trigger = format!(
                "CREATE TRIGGER mine AFTER INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION mine()"
            );
            self.tamper(trigger).await;
        }
    }

    // The statement fails, or the server ends the connection.
    const REFUSALS: &[&str] = &[
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'no room'; END $$; CREATE TRIGGER refuse BEFORE INSERT ON command_segments \
         FOR EACH ROW EXECUTE FUNCTION refuse()",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE INSERT ON command_segments FOR EACH ROW EXECUTE FUNCTION refuse()",
    ];
    const DROP_REFUSAL: &str = "DROP FUNCTION refuse CASCADE";

    const OUTDATED: &[(&str, bool)] = &[
        ("UPDATE checkpoints SET version = version + 1 WHERE name = 'entries'", true),
        ("UPDATE checkpoints SET position = 0 WHERE name = 'wallets'", true),
        ("DELETE FROM checkpoints WHERE name = 'commands'", true),
        ("UPDATE builds SET versions = 'wallets=1'", true),
    ];

    async fn leave_over(&self) {
        self.tamper(
            "INSERT INTO builds (ledger, versions, current) SELECT ledger, versions, false FROM builds",
        )
        .await;
        self.tamper(
            "INSERT INTO ids (build, number, id) SELECT max(number), 1, gen_random_uuid() FROM builds",
        )
        .await;
    }

    async fn is_tidy(&self) -> bool {
        self.tamper("DELETE FROM builds WHERE NOT current").await == 0
            && self.tamper("DELETE FROM ids WHERE build NOT IN (SELECT number FROM builds)").await == 0
    }
}

impl From<postgres::OpenError> for Refused {
    fn from(error: postgres::OpenError) -> Self {
        match error {
            postgres::OpenError::NotCurrent => Self::NotCurrent,
            postgres::OpenError::Halted(halted) => Self::Halted(halted),
            other => Self::Otherwise(other.to_string()),
        }
    }
}

/// Makes a test of each case for each database: `sqlite::<case>` and `postgres::<case>`.
macro_rules! on_every_store {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case::<crate::read::place::Sqlite>().await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case::<crate::read::place::Postgres>().await;
            })+
        }
    };
}
pub(super) use on_every_store;
