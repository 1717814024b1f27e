//! Projections in PostgreSQL.

use std::sync::Arc;

use credit_ledger::{
    app::migrations,
    log::{
        Log, Recent,
        postgres::{PARTITION_EVENTS, migrate},
    },
    read::{
        Projected, StoredReads,
        postgres::{self, PostgresStore},
    },
};
use events::{LedgerId, Position};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio_util::sync::CancellationToken;

use super::{Place, Refused};
use crate::{
    read::clock,
    support::postgres::{self as server, MIGRATOR},
};

/// A database of the test's own.
pub(in crate::read) struct Postgres(pub(in crate::read) server::Database);

impl Place for Postgres {
    type Database = postgres::Postgres;
    type Frozen = postgres::Frozen;
    type Store = PostgresStore;

    async fn new() -> Self {
        Self(server::Database::migrated().await)
    }

    async fn copy(&self) -> Self {
        Self(self.0.copy().await)
    }

    async fn start(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
        recent: Arc<Recent>,
        stop: CancellationToken,
    ) -> Result<Projected<Self::Database>, Refused> {
        let url = self.0.url();
        let place = postgres::Place { url: &url, ledger, label: None };
        let started = postgres::start(place, log, recent, clock(), stop, |_, _| {}).await;
        started.map_err(Refused::from)
    }

    async fn at_rest(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
    ) -> Result<StoredReads<Self::Database>, Refused> {
        postgres::at_rest(&self.0.url(), ledger, log, clock(), |_, _| {}).await.map_err(Refused::from)
    }

    async fn frozen(
        &self,
        ledger: LedgerId,
        log: Arc<dyn Log>,
    ) -> Result<StoredReads<Self::Frozen>, Refused> {
        postgres::frozen(&self.0.url(), ledger, log).await.map_err(Refused::from)
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

    // Every statement is undone by the server as a whole, and most write many rows.
    const MINED: usize = 11;

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

    const BEFORE_PEOPLE: &[&str] = &[
        "DROP TABLE people",
        "ALTER TABLE keys DROP COLUMN expires",
        "DELETE FROM migrations WHERE name = 'read/0002_people'",
        "UPDATE checkpoints SET version = 1 WHERE name = 'identity'",
        "UPDATE builds SET versions = 'identity=1'",
    ];

    async fn migrate(&self) {
        let url = self.0.url_as(MIGRATOR);
        migrate(&url, &migrations::postgres(), PARTITION_EVENTS).await.expect("migrated");
    }

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
            postgres::OpenError::Store(_)
            | postgres::OpenError::NotMigrated
            | postgres::OpenError::Database(_) => Self::Otherwise(error.to_string()),
        }
    }
}
