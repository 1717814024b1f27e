//! The app's database: messages, what has ended, and which events were handled.

use std::time::Duration;

use credit_ledger_client::{
    Inbox,
    auth::Claims,
    events::{Position, Subject},
};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use uuid::Uuid;

use crate::caller::Endable;

/// `event_cursors` and `event_reached` are the client crate's; see its `Inbox`.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    charged TEXT NOT NULL UNIQUE,
    org_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
CREATE INDEX IF NOT EXISTS messages_of_group ON messages (org_id, group_id, number);
CREATE TABLE IF NOT EXISTS ended (kind TEXT, id TEXT, before_us INTEGER NOT NULL, PRIMARY KEY (kind, id)) STRICT;
CREATE TABLE IF NOT EXISTS event_cursors (subject TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS event_reached (id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL) STRICT;
";

/// The database. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Store(pub(crate) SqlitePool);

/// What has ended, for good or until a time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ended {
    Token,
    Session,
    User,
}

impl Ended {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
            Self::User => "user",
        }
    }
}

impl Store {
    /// Opens the file, or makes it. What is committed survives a loss of power.
    pub(crate) async fn open(path: &str) -> sqlx::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        sqlx::raw_sql(SCHEMA).execute(&pool).await?;
        Ok(Self(pool))
    }

    /// Whether an event has ended the token since it was issued.
    pub(crate) async fn has_ended(&self, user: Uuid, claims: &Claims) -> sqlx::Result<bool> {
        let Endable { token, session, issued_us } = Endable::from(claims);
        let found = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM ended WHERE before_us > $1 AND (
                (kind = 'token' AND id = $2) OR (kind = 'session' AND id = $3) OR (kind = 'user' AND id = $4)))",
        )
        .bind(issued_us)
        .bind(token)
        .bind(session.map(|session| session.to_string()))
        .bind(user.to_string());
        found.fetch_one(&self.0).await
    }

    /// Ends what was issued before a time, in microseconds since 1970.
    pub(crate) async fn end(
        transaction: &mut Transaction<'static, Sqlite>,
        kind: Ended,
        id: Uuid,
        before_us: i64,
    ) -> sqlx::Result<()> {
        let ending = sqlx::query(
            "INSERT INTO ended (kind, id, before_us) VALUES ($1, $2, $3)
             ON CONFLICT (kind, id) DO UPDATE SET before_us = max(before_us, excluded.before_us)",
        );
        ending.bind(kind.as_str()).bind(id.to_string()).bind(before_us).execute(&mut **transaction).await?;
        Ok(())
    }
}

impl Inbox for Store {
    type Transaction = Transaction<'static, Sqlite>;
    type Error = sqlx::Error;

    async fn begin(&self) -> sqlx::Result<Self::Transaction> {
        // A writer from the start: two that read first could not both write.
        self.0.begin_with("BEGIN IMMEDIATE").await
    }

    async fn claim(
        &self,
        transaction: &mut Self::Transaction,
        subject: Subject,
        at: Position,
    ) -> sqlx::Result<bool> {
        let claim = sqlx::query(
            "INSERT INTO event_cursors (subject, position) VALUES ($1, $2)
             ON CONFLICT (subject) DO UPDATE SET position = excluded.position
             WHERE event_cursors.position < excluded.position",
        );
        let done = claim.bind(subject.to_string()).bind(stored(at)).execute(&mut **transaction).await?;
        Ok(done.rows_affected() == 1)
    }

    async fn commit(&self, transaction: Self::Transaction) -> sqlx::Result<()> {
        transaction.commit().await
    }

    async fn reached(&self) -> sqlx::Result<Option<Position>> {
        let reached: Option<i64> =
            sqlx::query_scalar("SELECT position FROM event_reached").fetch_optional(&self.0).await?;
        Ok(reached.and_then(|position| u64::try_from(position).ok()).map(Position))
    }

    async fn set_reached(&self, position: Position) -> sqlx::Result<()> {
        let note = sqlx::query(
            "INSERT INTO event_reached (id, position) VALUES (1, $1)
             ON CONFLICT (id) DO UPDATE SET position = excluded.position
             WHERE event_reached.position < excluded.position",
        );
        note.bind(stored(position)).execute(&self.0).await?;
        Ok(())
    }
}

/// A position as SQLite has numbers.
fn stored(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}
