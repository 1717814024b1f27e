//! What an error of PostgreSQL means for the projections.

use crate::read::{StoreFault, stored::corrupt};

/// The class of codes for damaged data, <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
const DAMAGED: &str = "XX";

/// Nothing of a failed transaction is kept, so every error but damage may pass.
pub(super) fn store(error: sqlx::Error) -> StoreFault {
    let code = error.as_database_error().and_then(|error| error.code());
    if code.is_some_and(|code| code.starts_with(DAMAGED))
        || matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
    {
        return corrupt(&error);
    }
    StoreFault::Unavailable(error.to_string())
}
