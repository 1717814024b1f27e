//! How both databases are asked. sqlx's queries are typed by database, so what they share is written once
//! as macros, next to the statements in [`super::sql`].

use super::VaultError;

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

/// The error in the database's own words, without the driver's.
pub(super) fn words(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(database) => database.message().to_owned(),
        None => error.to_string(),
    }
}

/// The rows of a kind, of an owner if there is one.
macro_rules! ask_rows {
    ($ledger:expr, $kind:expr, ($after:expr, $limit:expr), $now:expr, $owner:expr) => {{
        let sql = if $owner.is_some() {
            $crate::identity::vault::sql::OF_OWNER
        } else {
            $crate::identity::vault::sql::ALL
        };
        let query = sqlx::query_as(sql).bind($ledger.0).bind($kind.as_str()).bind($after.unwrap_or(""));
        let query = query.bind($now.micros()).bind(stored::limit($limit));
        match $owner {
            Some(owner) => query.bind(owner),
            None => query,
        }
    }};
}

/// Binds what every question about activity has.
macro_rules! ask_activity {
    ($ledger:expr, $sql:expr, $query:expr) => {{
        let query = $query;
        sqlx::query_as($sql)
            .bind($ledger.0)
            .bind(query.org.0)
            .bind(query.app.map(|app| app.0))
            .bind(query.kind.map($crate::identity::vault::ActivityKind::as_str))
            .bind(query.outcome.map($crate::identity::vault::Outcome::as_str))
            .bind(query.time.start.micros())
            .bind(query.time.end.micros())
            .bind(stored::before(query))
            .bind(stored::limit(query.limit))
            .bind(query.user)
    }};
}

/// Makes one change over `$connection`, whose condition must hold.
macro_rules! make_change {
    ($connection:expr, $ledger:expr, $change:expr, $now:expr) => {{
        use $crate::identity::vault::{Change, Draft, Kind, VaultError, asked::Fault, sql, stored};
        let (ledger, now): (events::LedgerId, events::Time) = ($ledger, $now);
        let on = |sql: &'static str, kind: Kind| sqlx::query(sql).bind(ledger.0).bind(kind.as_str());
        let written = |sql, Draft { kind, id, owner, expires, body }: &'_ Draft| {
            let query = on(sql, *kind).bind(id.to_string()).bind(*owner);
            query.bind(expires.map(events::Time::micros)).bind(body.to_string()).bind(now.micros())
        };
        let (query, must_hit) = match $change {
            Change::Insert(draft) => (written(sql::INSERT, draft), true),
            Change::Put(draft) => (written(sql::PUT, draft), true),
            Change::Replace(draft, version) => {
                (written(sql::REPLACE, draft).bind(stored::version(*version)), true)
            }
            Change::Delete { kind, id, version: None } => (on(sql::DELETE, *kind).bind(&**id), false),
            Change::Delete { kind, id, version: Some(version) } => {
                let query = on(sql::TAKE, *kind).bind(&**id).bind(now.micros());
                (query.bind(stored::version(*version)), true)
            }
            Change::DeleteOf { kind, owner } => (on(sql::DELETE_OF, *kind).bind(*owner), false),
        };
        let touched = query.execute($connection).await?.rows_affected();
        if must_hit && touched == 0 { Err(Fault::Refused(VaultError::Conflict)) } else { Ok(()) }
    }};
}

pub(super) use {ask_activity, ask_rows, make_change};
