//! What an error of SQLite means for the projections.

use crate::read::{StoreFault, stored::corrupt};

/// Result codes, <https://www.sqlite.org/rescode.html>.
const CORRUPT: i32 = 11;
const NOT_A_DATABASE: i32 = 26;

/// Nothing of a failed transaction is kept, so every error but damage may pass.
pub(super) fn store(error: sqlx::Error) -> StoreFault {
    let code: Option<i32> =
        error.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse().ok());
    match code.map(|code| code & 0xff) {
        Some(CORRUPT | NOT_A_DATABASE) => StoreFault::Corrupt(error.to_string()),
        Some(_) => StoreFault::Unavailable(error.to_string()),
        None if matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) => corrupt(&error),
        None => StoreFault::Unavailable(error.to_string()),
    }
}
