//! What the writing connection runs.

use events::{LedgerId, Time};
use sqlx::SqliteConnection;

use crate::identity::vault::{
    Activity, Change,
    asked::{Fault, make_change},
    sql, stored,
};

const EXPIRE: &str = "DELETE FROM identity_rows WHERE (ledger, kind, id) IN \
     (SELECT ledger, kind, id FROM identity_rows WHERE ledger = $1 AND expires <= $2 LIMIT $3)";

const FORGET: &str = "DELETE FROM identity_activity WHERE number IN \
     (SELECT number FROM identity_activity WHERE ledger = $1 AND time < $2 LIMIT $3)";

/// Makes one change, whose condition must hold.
pub(super) async fn change(
    connection: &mut SqliteConnection,
    ledger: LedgerId,
    change: &Change,
    now: Time,
) -> Result<(), Fault> {
    make_change!(connection, ledger, change, now)
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
