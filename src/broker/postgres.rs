//! Progress in PostgreSQL, for ledgers that several processes serve: whoever holds a lower epoch than
//! the last relay that loaded it can save nothing.

use std::{fmt, str::FromStr, time::Duration};

use events::{LedgerId, Position};
use futures::{FutureExt, future::BoxFuture};
use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};
use tokio::{sync::Mutex, time::timeout};

use super::state::{Progress, RelayState, StateError};

/// What `credit-ledger migrate` runs for the relay, after the log's: name and SQL.
pub const MIGRATIONS: &[(&str, &str)] =
    &[("relay/0001_relay", include_str!("../../migrations/postgres/relay/0001_relay.sql"))];

/// How long connecting and one statement may take together.
const PATIENCE: Duration = Duration::from_secs(5);
/// The server gives up itself before.
const STATEMENT_TIMEOUT: &str = "4s";

const LOAD: &str = "INSERT INTO credit_ledger.relays AS r (ledger, position, epoch, prevs) \
     VALUES ($1, 0, $2, '{}') ON CONFLICT (ledger) DO UPDATE SET epoch = excluded.epoch \
     WHERE r.epoch <= excluded.epoch RETURNING position, prevs::text";
const SAVE: &str = "UPDATE credit_ledger.relays SET position = $3, prevs = $4::jsonb \
     WHERE ledger = $1 AND epoch = $2 AND position <= $3";
const EPOCH: &str = "SELECT epoch FROM credit_ledger.relays WHERE ledger = $1";
const QUARANTINE: &str = "INSERT INTO credit_ledger.relay_quarantine (ledger, position, reason) \
     VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

/// One ledger's progress, over a connection of its own.
pub struct PostgresState {
    options: PgConnectOptions,
    ledger: LedgerId,
    connection: Mutex<Option<PgConnection>>,
}

impl PostgresState {
    /// The progress of `ledger` in the database at `url`, which is not reached yet.
    ///
    /// # Errors
    /// When the URL is none. The text of the error does not hold it.
    pub fn new(url: &str, ledger: LedgerId) -> Result<Self, StateError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| StateError::Unavailable("the database's URL is none".to_owned()))?
            .application_name("credit-ledger relay")
            .options([("statement_timeout", STATEMENT_TIMEOUT), ("synchronous_commit", "on")])
            .disable_statement_logging();
        Ok(Self { options, ledger, connection: Mutex::default() })
    }

    /// Asks over the connection, or a new one. One that failed is not used again.
    async fn with<T>(
        &self,
        ask: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StateError> {
        let mut kept = self.connection.lock().await;
        // Taken out, so that a time-out leaves none in the middle of something.
        let known = kept.take();
        let work = async {
            let mut connection = match known {
                Some(connection) => connection,
                None => self.options.connect().await?,
            };
            let answer = ask(&mut connection).await?;
            Ok::<_, sqlx::Error>((answer, connection))
        };
        let late = || StateError::Unavailable(format!("no answer within {PATIENCE:?}"));
        let (answer, connection) = timeout(PATIENCE, work).await.map_err(|_| late())?.map_err(told)?;
        *kept = Some(connection);
        Ok(answer)
    }

    async fn load_now(&self, epoch: u64) -> Result<Progress, StateError> {
        let ledger = self.ledger.0;
        let row: Option<(i64, String)> = self
            .with(async move |connection| {
                let load = sqlx::query_as(LOAD).bind(ledger).bind(signed(epoch));
                load.fetch_optional(connection).await
            })
            .await?;
        let Some((position, prevs)) = row else { return Err(self.superseded(epoch).await) };
        let prevs = serde_json::from_str(&prevs);
        let prevs = prevs.map_err(|error| StateError::Corrupt(format!("prevs: {error}")))?;
        Ok(Progress { position: Position(position.unsigned_abs()), prevs })
    }

    async fn save_now(&self, progress: &Progress, epoch: u64) -> Result<(), StateError> {
        let prevs = serde_json::to_string(&progress.prevs);
        let prevs = prevs.map_err(|error| StateError::Corrupt(error.to_string()))?;
        let (ledger, position) = (self.ledger.0, signed(progress.position.get()));
        let saved = self
            .with(async move |connection| {
                let save = sqlx::query(SAVE).bind(ledger).bind(signed(epoch)).bind(position).bind(prevs);
                save.execute(connection).await
            })
            .await?;
        if saved.rows_affected() > 0 { Ok(()) } else { Err(self.superseded(epoch).await) }
    }

    /// Why no row was this relay's.
    async fn superseded(&self, ours: u64) -> StateError {
        let ledger = self.ledger.0;
        let found: Result<Option<i64>, _> = self
            .with(async move |connection| {
                sqlx::query_scalar(EPOCH).bind(ledger).fetch_optional(connection).await
            })
            .await;
        match found {
            Ok(Some(epoch)) if epoch.unsigned_abs() > ours => {
                StateError::Superseded { epoch: epoch.unsigned_abs() }
            }
            Ok(_) => StateError::Corrupt("the row was changed by somebody else".to_owned()),
            Err(error) => error,
        }
    }
}

impl fmt::Debug for PostgresState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresState").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl RelayState for PostgresState {
    fn load(&self, epoch: u64) -> BoxFuture<'_, Result<Progress, StateError>> {
        self.load_now(epoch).boxed()
    }

    fn save<'a>(&'a self, progress: &'a Progress, epoch: u64) -> BoxFuture<'a, Result<(), StateError>> {
        self.save_now(progress, epoch).boxed()
    }

    fn quarantine<'a>(
        &'a self,
        position: Position,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        let (ledger, position) = (self.ledger.0, signed(position.get()));
        async move {
            // PostgreSQL's texts hold no zero byte.
            let reason = reason.replace('\0', "\u{fffd}");
            self.with(async move |connection| {
                sqlx::query(QUARANTINE).bind(ledger).bind(position).bind(reason).execute(connection).await
            })
            .await
            .map(drop)
        }
        .boxed()
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What the database says; its own words hold no password.
fn told(error: sqlx::Error) -> StateError {
    match error.as_database_error() {
        Some(server) => StateError::Unavailable(server.message().to_owned()),
        None => StateError::Unavailable(error.to_string()),
    }
}
