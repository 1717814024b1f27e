//! The vault in PostgreSQL, which the replicas of a ledger share.
//!
//! Each commit is a transaction of its own: of two that want the same row, the second waits and then
//! finds it changed.

mod open;
mod statements;

pub use open::{MIGRATIONS, OpenError};

use std::time::Duration;

use events::{LedgerId, Time};
use futures::{FutureExt, future::BoxFuture};
use sqlx::PgPool;
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    Activity, ActivityCount, ActivityPage, ActivityQuery, Change, Kind, Row, Vault, VaultError,
    asked::{Fault, ask_activity, ask_rows, words},
    sql, stored,
    stored::{ActivityColumns, CountColumns, RowColumns},
};

/// How long to wait for the database: longer than the server takes to give up by itself.
const ANSWER: Duration = Duration::from_secs(6);

/// How often a transaction is tried that the server ended for the sake of another one.
const TRIES: usize = 3;

const EXPIRE: &str = "DELETE FROM identity_rows WHERE (ledger, kind, id) IN \
     (SELECT ledger, kind, id FROM identity_rows WHERE ledger = $1 AND expires <= $2 LIMIT $3 \
      FOR UPDATE SKIP LOCKED)";

const FORGET: &str = "DELETE FROM identity_activity WHERE number IN \
     (SELECT number FROM identity_activity WHERE ledger = $1 AND time < $2 LIMIT $3)";

/// The vault of one ledger in a PostgreSQL database.
pub struct PostgresVault {
    ledger: LedgerId,
    pool: PgPool,
}

impl PostgresVault {
    async fn rows(
        &self,
        kind: Kind,
        (after, limit): (Option<&str>, usize),
        now: Time,
        owner: Option<Uuid>,
    ) -> Result<Vec<Row>, VaultError> {
        let query = ask_rows!(self.ledger, kind, (after, limit), now, owner);
        let rows: Vec<RowColumns> = answered(query.fetch_all(&self.pool)).await?;
        Ok(rows.into_iter().map(|columns| stored::row(kind, columns)).collect())
    }

    async fn changes(&self, changes: &[Change], now: Time) -> Result<(), Fault> {
        if let [change] = changes {
            let mut connection = self.pool.acquire().await?;
            return statements::change(&mut connection, self.ledger, change, now).await;
        }
        let mut transaction = self.pool.begin().await?;
        for change in changes {
            // Dropped, the transaction is rolled back.
            statements::change(&mut transaction, self.ledger, change, now).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn clean(&self, sql: &'static str, time: Time, limit: usize) -> Result<usize, VaultError> {
        let query = sqlx::query(sql).bind(self.ledger.0).bind(time.micros()).bind(stored::limit(limit));
        let deleted = answered(query.execute(&self.pool)).await?.rows_affected();
        Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
    }
}

impl Vault for PostgresVault {
    fn get<'a>(
        &'a self,
        kind: Kind,
        id: &'a str,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Row>, VaultError>> {
        async move {
            let query = sqlx::query_as(sql::GET).bind(self.ledger.0).bind(kind.as_str());
            let query = query.bind(id).bind(now.micros());
            let row: Option<RowColumns> = answered(query.fetch_optional(&self.pool)).await?;
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

    fn commit(&self, mut changes: Vec<Change>, now: Time) -> BoxFuture<'_, Result<(), VaultError>> {
        async move {
            statements::in_common_order(&mut changes);
            let mut tries = 0;
            loop {
                tries += 1;
                let done = timeout(ANSWER, self.changes(&changes, now)).await;
                match done.map_err(|_| late())? {
                    Ok(()) => return Ok(()),
                    Err(Fault::Refused(refusal)) => return Err(refusal),
                    Err(Fault::Failed(error)) if statements::is_passing(&error) && tries < TRIES => {}
                    Err(Fault::Failed(error)) => return Err(unavailable(error)),
                }
            }
        }
        .boxed()
    }

    fn expire(&self, now: Time, limit: usize) -> BoxFuture<'_, Result<usize, VaultError>> {
        self.clean(EXPIRE, now, limit).boxed()
    }

    fn note(&self, activity: Vec<Activity>) -> BoxFuture<'_, Result<(), VaultError>> {
        async move { answered(statements::note(&self.pool, self.ledger, &activity)).await }.boxed()
    }

    fn activity(&self, query: ActivityQuery) -> BoxFuture<'_, Result<ActivityPage, VaultError>> {
        async move {
            let sql = if query.user.is_some() { sql::ACTIVITY_OF_USER } else { sql::ACTIVITY };
            let asked = ask_activity!(self.ledger, sql, &query);
            let rows: Vec<ActivityColumns> = answered(asked.fetch_all(&self.pool)).await?;
            Ok(stored::page(rows, query.limit))
        }
        .boxed()
    }

    fn activity_counts(&self, query: ActivityQuery) -> BoxFuture<'_, Result<Vec<ActivityCount>, VaultError>> {
        async move {
            let sql = if query.user.is_some() { sql::COUNTS_OF_USER } else { sql::COUNTS };
            let asked = ask_activity!(self.ledger, sql, &query);
            let rows: Vec<CountColumns> = answered(asked.fetch_all(&self.pool)).await?;
            Ok(rows.into_iter().filter_map(stored::count).collect())
        }
        .boxed()
    }

    fn forget_activity(&self, before: Time, limit: usize) -> BoxFuture<'_, Result<usize, VaultError>> {
        self.clean(FORGET, before, limit).boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.pool.close().boxed()
    }
}

/// The database's answer, if it comes in time.
async fn answered<T>(asked: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, VaultError> {
    timeout(ANSWER, asked).await.map_err(|_| late())?.map_err(unavailable)
}

fn late() -> VaultError {
    stored::unavailable(format!("no answer within {} s", ANSWER.as_secs()))
}

fn unavailable(error: sqlx::Error) -> VaultError {
    stored::unavailable(words(&error))
}
