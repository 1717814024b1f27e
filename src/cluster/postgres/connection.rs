//! A connection that is made when it is needed, and again when it was lost.

use std::{
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sqlx::{
    ConnectOptions, PgConnection,
    postgres::{PgConnectOptions, types::PgInterval},
};
use tokio::time::timeout;

use crate::cluster::LeaseError;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(1);
/// The server gives up itself, so that a claim does not come into force when nobody waits for it.
const STATEMENT_TIMEOUT: &str = "1500ms";

/// A connection of its own, that nothing else makes wait.
pub(super) struct Connection {
    options: PgConnectOptions,
    /// Whoever asks takes it, and puts it back once it has its answer.
    kept: Mutex<Option<PgConnection>>,
}

impl Connection {
    /// To the database at `url`, which is not reached yet. The text of the error does not hold it.
    pub(super) fn new(url: &str) -> Result<Self, LeaseError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| LeaseError("the database's URL is none".to_owned()))?
            .application_name("credit-ledger lease")
            .options([("statement_timeout", STATEMENT_TIMEOUT)])
            .disable_statement_logging();
        Ok(Self { options, kept: Mutex::default() })
    }

    /// Asks over the connection, or a new one. One that failed, or whose answer nobody waited for, is
    /// not used again.
    pub(super) async fn with<T>(
        &self,
        ask: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, LeaseError> {
        let known = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut connection = match known {
            Some(connection) => connection,
            None => match timeout(CONNECT, self.options.connect()).await {
                Ok(connection) => connection.map_err(told)?,
                Err(_) => return Err(LeaseError(format!("no connection within {CONNECT:?}"))),
            },
        };
        let answer = ask(&mut connection).await.map_err(told)?;
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        Ok(answer)
    }
}

pub(super) fn interval(time: Duration) -> PgInterval {
    PgInterval { months: 0, days: 0, microseconds: i64::try_from(time.as_micros()).unwrap_or(i64::MAX) }
}

/// What the server says, without what was asked.
fn told(error: sqlx::Error) -> LeaseError {
    match error.as_database_error() {
        Some(server) => LeaseError(server.message().to_owned()),
        None => LeaseError(error.to_string()),
    }
}
