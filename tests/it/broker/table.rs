//! An app's own database: the inbox that `credit_ledger_client::Inbox` describes, over SQLite, and a
//! table of what was handled.

use std::path::Path;

use credit_ledger_client::{Failure, Handler, Inbox, Received};
use events::{Position, Subject};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use tokio::sync::watch;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS event_cursors (subject TEXT PRIMARY KEY, position BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS event_reached (id INTEGER PRIMARY KEY CHECK (id = 1), position BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS handled (number INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, position BIGINT NOT NULL);
";
const CLAIM: &str = "
INSERT INTO event_cursors (subject, position) VALUES ($1, $2)
ON CONFLICT (subject) DO UPDATE SET position = excluded.position
WHERE event_cursors.position < excluded.position";
const REACHED: &str = "
INSERT INTO event_reached (id, position) VALUES (1, $1)
ON CONFLICT (id) DO UPDATE SET position = excluded.position
WHERE event_reached.position < excluded.position";

/// The app's database.
#[derive(Clone)]
pub(super) struct Table {
    pool: SqlitePool,
    commits: watch::Sender<()>,
}

impl Table {
    pub(super) async fn open(folder: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(folder.join("app.db")).create_if_missing(true);
        let options = options.journal_mode(SqliteJournalMode::Wal);
        let pool =
            SqlitePoolOptions::new().max_connections(4).connect_with(options).await.expect("a database");
        sqlx::raw_sql(SCHEMA).execute(&pool).await.expect("tables");
        Self { pool, commits: watch::Sender::new(()) }
    }

    /// Subject and position of everything that was handled, in order.
    pub(super) async fn handled(&self) -> Vec<(String, u64)> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT subject, position FROM handled ORDER BY number")
                .fetch_all(&self.pool)
                .await
                .expect("rows");
        rows.into_iter().map(|(subject, position)| (subject, position.cast_unsigned())).collect()
    }

    /// Waits until so many were handled.
    pub(super) async fn until(&self, count: usize) {
        let mut commits = self.commits.subscribe();
        while self.handled().await.len() < count {
            commits.changed().await.expect("an app");
        }
    }
}

fn number(position: Position) -> i64 {
    position.get().try_into().expect("a position of today")
}

impl Inbox for Table {
    type Transaction = Transaction<'static, Sqlite>;
    type Error = sqlx::Error;

    async fn begin(&self) -> sqlx::Result<Self::Transaction> {
        self.pool.begin().await
    }

    async fn claim(
        &self,
        transaction: &mut Self::Transaction,
        subject: Subject,
        position: Position,
    ) -> sqlx::Result<bool> {
        let claimed = sqlx::query(CLAIM).bind(subject.to_string()).bind(number(position));
        Ok(claimed.execute(&mut **transaction).await?.rows_affected() == 1)
    }

    async fn commit(&self, transaction: Self::Transaction) -> sqlx::Result<()> {
        transaction.commit().await?;
        self.commits.send_replace(());
        Ok(())
    }

    async fn reached(&self) -> sqlx::Result<Option<Position>> {
        let reached: Option<i64> =
            sqlx::query_scalar("SELECT position FROM event_reached").fetch_optional(&self.pool).await?;
        Ok(reached.map(|position| Position(position.cast_unsigned())))
    }

    async fn set_reached(&self, position: Position) -> sqlx::Result<()> {
        sqlx::query(REACHED).bind(number(position)).execute(&self.pool).await.map(drop)
    }
}

/// Keeps a row of each event.
pub(super) struct Keep;

impl Handler<Transaction<'static, Sqlite>> for Keep {
    async fn handle(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        event: &Received,
    ) -> Result<(), Failure> {
        let envelope = &event.recorded.envelope;
        sqlx::query("INSERT INTO handled (subject, position) VALUES ($1, $2)")
            .bind(envelope.subject.to_string())
            .bind(number(envelope.position))
            .execute(&mut **transaction)
            .await?;
        Ok(())
    }
}
