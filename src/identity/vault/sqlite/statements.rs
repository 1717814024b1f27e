//! What the writing connection runs.

use events::{LedgerId, Time};
use sqlx::{Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};

use crate::identity::vault::{Activity, Change, Draft, Kind, VaultError, sql, stored};

const EXPIRE: &str = "DELETE FROM identity_rows WHERE (ledger, kind, id) IN \
     (SELECT ledger, kind, id FROM identity_rows WHERE ledger = $1 AND expires <= $2 LIMIT $3)";

const FORGET: &str = "DELETE FROM identity_activity WHERE number IN \
     (SELECT number FROM identity_activity WHERE ledger = $1 AND time < $2 LIMIT $3)";

type Asked<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Why a change was not made.
pub(super) enum Fault {
    /// A condition did not hold; the others of the transaction can go on.
    Refused(VaultError),
    /// The database failed.
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

/// Makes one change, whose condition must hold.
pub(super) async fn change(
    connection: &mut SqliteConnection,
    ledger: LedgerId,
    change: &Change,
    now: Time,
) -> Result<(), Fault> {
    let on = |sql, kind: Kind| sqlx::query(sql).bind(ledger.0).bind(kind.as_str());
    let (query, must_hit) = match change {
        Change::Insert(draft) => (written(sql::INSERT, ledger, draft, now), true),
        Change::Put(draft) => (written(sql::PUT, ledger, draft, now), true),
        Change::Replace(draft, version) => {
            (written(sql::REPLACE, ledger, draft, now).bind(stored::version(*version)), true)
        }
        Change::Delete { kind, id, version: None } => (on(sql::DELETE, *kind).bind(&**id), false),
        Change::Delete { kind, id, version: Some(version) } => {
            (on(sql::TAKE, *kind).bind(&**id).bind(now.micros()).bind(stored::version(*version)), true)
        }
        Change::DeleteOf { kind, owner } => (on(sql::DELETE_OF, *kind).bind(*owner), false),
    };
    let touched = query.execute(connection).await?.rows_affected();
    if must_hit && touched == 0 { Err(Fault::Refused(VaultError::Conflict)) } else { Ok(()) }
}

fn written<'q>(sql: &'static str, ledger: LedgerId, draft: &'q Draft, now: Time) -> Asked<'q> {
    let Draft { kind, id, owner, expires, body } = draft;
    let query = sqlx::query(sql).bind(ledger.0).bind(kind.as_str()).bind(&**id).bind(*owner);
    query.bind(expires.map(Time::micros)).bind(&**body).bind(now.micros())
}

pub(super) async fn note(
    connection: &mut SqliteConnection,
    ledger: LedgerId,
    activity: &Activity,
) -> Result<(), sqlx::Error> {
    let Activity { kind, time, org, user, app, address, agent, outcome, detail } = activity;
    let query = sqlx::query(sql::NOTE).bind(ledger.0).bind(kind.as_str()).bind(time.micros()).bind(org.0);
    let query = query.bind(*user).bind(app.map(|app| app.0)).bind(address.map(|address| address.to_string()));
    let query = query.bind(agent.as_deref()).bind(outcome.as_str()).bind(detail.as_deref());
    query.execute(connection).await.map(drop)
}

pub(super) async fn expire(
    connection: &mut SqliteConnection,
    ledger: LedgerId,
    now: Time,
    limit: usize,
) -> Result<usize, sqlx::Error> {
    clean(connection, EXPIRE, ledger, now, limit).await
}

pub(super) async fn forget(
    connection: &mut SqliteConnection,
    ledger: LedgerId,
    before: Time,
    limit: usize,
) -> Result<usize, sqlx::Error> {
    clean(connection, FORGET, ledger, before, limit).await
}

async fn clean(
    connection: &mut SqliteConnection,
    sql: &'static str,
    ledger: LedgerId,
    time: Time,
    limit: usize,
) -> Result<usize, sqlx::Error> {
    let query = sqlx::query(sql).bind(ledger.0).bind(time.micros()).bind(stored::limit(limit));
    let deleted = query.execute(connection).await?.rows_affected();
    Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
}

/// The error in SQLite's own words, without the driver's.
pub(super) fn words(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(sqlite) => sqlite.message().to_owned(),
        None => error.to_string(),
    }
}
