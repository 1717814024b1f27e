//! Reaching a PostgreSQL server, and what one must promise before an event is entrusted to it.

use std::{str::FromStr, time::Duration};

use sqlx::{ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};
use tokio::time::timeout;

use super::failure::told;

/// How long a connection may take to be made.
pub(super) const CONNECT: Duration = Duration::from_secs(2);

/// How long the server works on one statement before it gives up, which is an error of known meaning.
const STATEMENT_TIMEOUT: &str = "10s";

/// How long to wait for an answer: longer than the server takes to give up by itself.
pub(super) const ANSWER: Duration = Duration::from_secs(12);

/// The oldest supported version, as `server_version_num` counts: triggers and partitions as needed here.
const VERSION_MIN: i32 = 140_000;

/// How the server is set up: `fsync`, `full_page_writes`, `synchronous_commit`, version, whether it is a standby.
const SETTINGS: &str = "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
     current_setting('synchronous_commit'), current_setting('server_version_num')::int4, pg_is_in_recovery()";

/// Where the database is and as whom to go there.
#[derive(Clone)]
pub(super) struct Server {
    options: PgConnectOptions,
}

/// Why the server can't be used for a log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// It gave no answer in time.
    #[error("it gave no answer within {} s", CONNECT.as_secs())]
    Silent,
    /// It refused, or isn't there.
    #[error("{}", told(.0))]
    Refused(#[from] sqlx::Error),
    /// A setting of it would lose events.
    #[error("it runs with {0}, which would lose answered commands: set it to `on`")]
    Unsafe(&'static str),
    /// It follows another server.
    #[error("it is a standby that can't be written to: name the primary")]
    Standby,
    /// Too old.
    #[error("its version ({0}) is too old: 14 is needed")]
    TooOld(i32),
}

impl Server {
    /// The server that `url` names: `postgres://user@host:port/database`, other forms as libpq.
    ///
    /// `None` when it is no such URL; it is not shown then, for it may hold a password.
    pub(super) fn parse(url: &str) -> Option<Self> {
        // The driver would take any scheme, and `user:password` for one.
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return None;
        }
        let options = PgConnectOptions::from_str(url)
            .ok()?
            .application_name("credit-ledger")
            .options([("statement_timeout", STATEMENT_TIMEOUT)])
            .disable_statement_logging();
        Some(Self { options })
    }

    /// The same server for work that takes as long as it takes.
    pub(super) fn patient(self) -> Self {
        Self { options: self.options.options([("statement_timeout", "0")]) }
    }

    /// User, address and database, never the password.
    pub(super) fn shown(&self) -> String {
        let options = &self.options;
        let (user, database) = (options.get_username(), options.get_database());
        let database = database.unwrap_or(user);
        match options.get_socket() {
            Some(socket) => format!("postgres://{user}@/{database}?host={}", socket.display()),
            None => format!("postgres://{user}@{}:{}/{database}", options.get_host(), options.get_port()),
        }
    }

    pub(super) const fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> Result<PgConnection, Unusable> {
        match timeout(CONNECT, self.options.connect()).await {
            Ok(connection) => Ok(connection?),
            Err(_) => Err(Unusable::Silent),
        }
    }

    /// A new connection whose commits are on the server's disk when they are answered. The server is
    /// looked at each time, because it may be another one, or run with other settings, than before.
    pub(super) async fn connect_durably(&self) -> Result<PgConnection, Unusable> {
        let mut connection = self.connect().await?;
        match timeout(ANSWER, insist(&mut connection)).await {
            Ok(result) => result.map(|()| connection),
            Err(_) => Err(Unusable::Silent),
        }
    }
}

async fn insist(connection: &mut PgConnection) -> Result<(), Unusable> {
    let (fsync, pages, commit, version, standby): (String, String, String, i32, bool) =
        sqlx::query_as(SETTINGS).fetch_one(&mut *connection).await?;
    if version < VERSION_MIN {
        return Err(Unusable::TooOld(version / 10_000));
    }
    if fsync == "off" {
        return Err(Unusable::Unsafe("fsync=off"));
    }
    if pages == "off" {
        return Err(Unusable::Unsafe("full_page_writes=off"));
    }
    if commit == "off" {
        return Err(Unusable::Unsafe("synchronous_commit=off"));
    }
    if standby {
        return Err(Unusable::Standby);
    }
    // `remote_apply` promises even more; `local` and `remote_write` less, where there are standbys.
    if commit != "remote_apply" {
        connection.execute("SET synchronous_commit = on").await?;
    }
    Ok(())
}

/// Ends the session in good order, if the server still listens.
pub(super) async fn close(connection: PgConnection) {
    let _ = timeout(CONNECT, connection.close()).await;
}
