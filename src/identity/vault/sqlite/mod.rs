//! The vault in an SQLite file, `identity.db`, beside the log's.
//!
//! One task owns the only connection that writes: commits that come at once share one transaction and
//! one sync of the disk. Readers have connections of their own.

mod open;
mod statements;
mod writer;

pub use open::{IDENTITY_FILE, OpenError};

use events::{LedgerId, Time};
use futures::{FutureExt, future::BoxFuture};
use sqlx::SqlitePool;
use uuid::Uuid;

use self::writer::{Work, Writer};
use super::{
    Activity, ActivityCount, ActivityPage, ActivityQuery, Change, Kind, Row, Vault, VaultError,
    asked::{ask_activity, ask_rows, words},
    sql, stored,
    stored::{ActivityColumns, CountColumns, RowColumns},
};

/// The vault of one ledger in the file `identity.db` of a data directory.
pub struct SqliteVault {
    ledger: LedgerId,
    readers: SqlitePool,
    writer: Writer,
}

impl SqliteVault {
    async fn rows(
        &self,
        kind: Kind,
        (after, limit): (Option<&str>, usize),
        now: Time,
        owner: Option<Uuid>,
    ) -> Result<Vec<Row>, VaultError> {
        let query = ask_rows!(self.ledger, kind, (after, limit), now, owner);
        let rows: Vec<RowColumns> = query.fetch_all(&self.readers).await.map_err(unavailable)?;
        Ok(rows.into_iter().map(|columns| stored::row(kind, columns)).collect())
    }

    /// Runs one statement on the writing connection, so that a test can fill or lock the database.
    ///
    /// # Errors
    /// What SQLite says.
    #[doc(hidden)]
    pub async fn run_on_writer(&self, statement: &'static str) -> Result<(), VaultError> {
        self.writer.ask(Work::Run(statement)).await.map(drop)
    }
}

impl Vault for SqliteVault {
    fn get<'a>(
        &'a self,
        kind: Kind,
        id: &'a str,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Row>, VaultError>> {
        async move {
            let query = sqlx::query_as(sql::GET).bind(self.ledger.0).bind(kind.as_str());
            let query = query.bind(id).bind(now.micros());
            let row: Option<RowColumns> = query.fetch_optional(&self.readers).await.map_err(unavailable)?;
            Ok(row.map(|columns| stored::row(kind, columns)))
        }
        .boxed()
    }

    fn of_owner<'a>(
        &'a self,
        kind: Kind,
        owner: Uuid,
        after: Option<&'a str>,
        limit: usize,
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Row>, VaultError>> {
        self.rows(kind, (after, limit), now, Some(owner)).boxed()
    }

    fn all<'a>(
        &'a self,
        kind: Kind,
        after: Option<&'a str>,
        limit: usize,
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Row>, VaultError>> {
        self.rows(kind, (after, limit), now, None).boxed()
    }

    fn commit(&self, changes: Vec<Change>, now: Time) -> BoxFuture<'_, Result<(), VaultError>> {
        async move { self.writer.ask(Work::Commit(changes, now)).await.map(drop) }.boxed()
    }

    fn expire(&self, now: Time, limit: usize) -> BoxFuture<'_, Result<usize, VaultError>> {
        self.writer.ask(Work::Expire(now, limit)).boxed()
    }

    fn note(&self, activity: Vec<Activity>) -> BoxFuture<'_, Result<(), VaultError>> {
        async move { self.writer.ask(Work::Note(activity)).await.map(drop) }.boxed()
    }

    fn activity(&self, query: ActivityQuery) -> BoxFuture<'_, Result<ActivityPage, VaultError>> {
        async move {
            let sql = if query.user.is_some() { sql::ACTIVITY_OF_USER } else { sql::ACTIVITY };
            let asked = ask_activity!(self.ledger, sql, &query);
            let rows: Vec<ActivityColumns> = asked.fetch_all(&self.readers).await.map_err(unavailable)?;
            Ok(stored::page(rows, query.limit))
        }
        .boxed()
    }

    fn activity_counts(&self, query: ActivityQuery) -> BoxFuture<'_, Result<Vec<ActivityCount>, VaultError>> {
        async move {
            let sql = if query.user.is_some() { sql::COUNTS_OF_USER } else { sql::COUNTS };
            let asked = ask_activity!(self.ledger, sql, &query);
            let rows: Vec<CountColumns> = asked.fetch_all(&self.readers).await.map_err(unavailable)?;
            Ok(rows.into_iter().filter_map(stored::count).collect())
        }
        .boxed()
    }

    fn forget_activity(&self, before: Time, limit: usize) -> BoxFuture<'_, Result<usize, VaultError>> {
        self.writer.ask(Work::Forget(before, limit)).boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async move {
            self.readers.close().await;
            self.writer.close().await;
        }
        .boxed()
    }
}

fn unavailable(error: sqlx::Error) -> VaultError {
    stored::unavailable(words(&error))
}
