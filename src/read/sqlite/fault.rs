//! What an error of SQLite means for the projections.

use crate::read::{ReadFault, StoreFault};

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

/// Rows that the store can't have written.
pub(super) fn corrupt(what: impl ToString) -> StoreFault {
    StoreFault::Corrupt(what.to_string())
}

impl From<StoreFault> for ReadFault {
    fn from(fault: StoreFault) -> Self {
        match fault {
            StoreFault::Unavailable(why) => Self::Unavailable(why),
            StoreFault::Corrupt(what) => Self::Corrupt(what),
        }
    }
}
