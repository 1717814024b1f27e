//! What an error of PostgreSQL means for the events of an append.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::log::{AppendError, ReadError};

/// What to do about an error, where that is known, by its code:
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub(super) fn remedy(error: &sqlx::Error) -> Option<&'static str> {
    Some(match &*error.as_database_error()?.code()? {
        "3D000" => "create the database, then run `credit-ledger migrate`",
        "3F000" | "42P01" | "42883" => "run `credit-ledger migrate` on this database",
        "42501" => "make the user a member of the role `credit_ledger_app`, or run `credit-ledger migrate`",
        "28000" | "28P01" => "check user and password in the database's URL, and the server's pg_hba.conf",
        "53100" => "make room on the disk of the PostgreSQL server",
        "53300" => "raise max_connections of the PostgreSQL server",
        "25006" => "name the primary server: this one is read-only",
        _ => return None,
    })
}

/// The error in PostgreSQL's own words, without the driver's.
pub(super) fn words(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(server) => server.message().to_owned(),
        None => error.to_string(),
    }
}

/// The error, and what to do about it.
pub(super) fn told(error: &sqlx::Error) -> String {
    match remedy(error) {
        Some(remedy) => format!("{}; {remedy}", words(error)),
        None => words(error),
    }
}

/// What an error of the statement that appends, or of its commit, says about the group.
///
/// An error of the server's own is a rollback: the statement is its own transaction, and PostgreSQL
/// reports no error from behind the commit. A session that is being ended is another matter, and so is
/// everything that the driver says: the answer was lost, and the commit may have gone before.
pub(super) fn of_append(error: &sqlx::Error) -> AppendError {
    let rolled_back = server(error).is_some_and(|error| {
        !matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic) && !error.code().starts_with("08")
    });
    if !rolled_back {
        return AppendError::Indeterminate(words(error));
    }
    AppendError::Unavailable(match remedy(error) {
        Some(remedy) => format!("{}; nothing was written; {remedy}", words(error)),
        None => format!("{}; nothing was written", words(error)),
    })
}

/// Whether the connection is of no further use.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    server(error).is_none_or(|error| matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic))
}

pub(super) fn of_read(error: &sqlx::Error) -> ReadError {
    ReadError::Unavailable(told(error))
}

fn server(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}
