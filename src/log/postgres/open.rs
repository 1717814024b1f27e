//! Opening the log: the server, its settings, the schema, the ledger.

use std::{collections::HashSet, fmt::Write, sync::Arc};

use events::{LedgerId, Position};
use sqlx::{PgConnection, types::Uuid};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::{
    MIGRATIONS, PostgresLog,
    appender::Appender,
    follow,
    reader::Reader,
    server::{self, Server, Unusable},
};

const IS_MIGRATED: &str = "SELECT to_regclass('credit_ledger.migrations') IS NOT NULL";
const MIGRATED: &str = "SELECT name FROM credit_ledger.migrations";
const LEDGERS: &str = "SELECT number, id FROM credit_ledger.ledgers ORDER BY number";
const ADD_FIRST_LEDGER: &str = "SELECT credit_ledger.add_first_ledger($1)";
const ADD_LEDGER: &str = "SELECT credit_ledger.add_ledger($1)";

/// Why a log couldn't be opened. No text of it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL can't be understood.
    #[error("the database's URL is not of the form postgres://user@host:port/database")]
    Url,
    /// The server can't be reached, or must not be trusted with events.
    #[error("can't use {server}: {why}")]
    Unusable {
        /// User, address and database.
        server: String,
        /// What is wrong, and what to do about it.
        why: String,
    },
    /// The database has no schema of this service, or an older one.
    #[error("{server} is not ready for this version: run `credit-ledger migrate --database-url …`")]
    NotMigrated {
        /// User, address and database.
        server: String,
    },
    /// The database holds other ledgers, but not this one.
    #[error("{server} doesn't hold the ledger {wanted}: it has {}", list(.found))]
    OtherLedger {
        /// User, address and database.
        server: String,
        /// The ledger that was asked for.
        wanted: LedgerId,
        /// The ledgers that are there.
        found: Vec<LedgerId>,
    },
    /// Opened for reading, but there is no ledger.
    #[error("{server} holds no ledger")]
    NoLedger {
        /// User, address and database.
        server: String,
    },
    /// The id begins as that of another ledger, from which public ids could not be told apart.
    #[error("{server} has a ledger whose id begins like {wanted}: take one with other first 8 digits")]
    Alike {
        /// User, address and database.
        server: String,
        /// The ledger that was to be added.
        wanted: LedgerId,
    },
    /// No ledger was named, and the database holds several.
    #[error("{server} holds several ledgers: say which of {}", list(.found))]
    SeveralLedgers {
        /// User, address and database.
        server: String,
        /// The ledgers that are there.
        found: Vec<LedgerId>,
    },
}

impl PostgresLog {
    /// Opens the log of `ledger`, or of the only ledger there is. A database without a ledger gets its
    /// first one: this one, or one with a random id, the same for all processes that start at once.
    ///
    /// `url` is `postgres://user@host:port/database`, with parameters as libpq has them; without a
    /// password in it, PGPASSWORD or the password file is used.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn connect(url: &str, ledger: Option<LedgerId>) -> Result<Self, OpenError> {
        let (server, mut connection) = ready(url).await?;
        add_first(&mut connection, ledger).await.map_err(|error| Why::from(error).of(&server))?;
        let chosen = choose(&mut connection, ledger).await.map_err(|why| why.of(&server))?;
        Ok(Self::start(server, chosen, Some(connection)))
    }

    /// Opens the log of `ledger`, or of the only ledger there is, for reading: nothing is made, a role that
    /// may only select will do, and so will a standby server.
    ///
    /// # Errors
    /// [`OpenError::NoLedger`] when there is none, and the other cases of [`OpenError`].
    pub async fn open_read_only(url: &str, ledger: Option<LedgerId>) -> Result<Self, OpenError> {
        let server = Server::parse(url).ok_or(OpenError::Url)?;
        let connection = server.connect().await.map_err(|why| Why::Unusable(why).of(&server))?;
        let (server, mut connection) = migrated(server, connection).await?;
        let chosen = choose(&mut connection, ledger).await.map_err(|why| why.of(&server))?;
        server::close(connection).await;
        Ok(Self::start(server, chosen, None))
    }

    /// A log that appends over `connection`, if there is one.
    fn start(server: Server, (number, ledger): (i16, LedgerId), connection: Option<PgConnection>) -> Self {
        let reader = Arc::new(Reader::new(server.clone(), number));
        let head = Arc::new(watch::Sender::new(Position(0)));
        let following = follow::follow(server.clone(), number, Arc::clone(&reader), Arc::clone(&head));
        let follower = AbortOnDropHandle::new(tokio::spawn(following));
        let appender = connection.map(|connection| {
            Appender::start(server, connection, number, Arc::clone(&reader), Arc::clone(&head))
        });
        Self { ledger, number, reader, appender, head, follower }
    }

    /// The ledgers of the database, oldest first.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn ledger_ids(url: &str) -> Result<Vec<LedgerId>, OpenError> {
        let (server, mut connection) = ready(url).await?;
        let found = ledgers(&mut connection).await.map_err(|error| Why::from(error).of(&server))?;
        server::close(connection).await;
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    /// Adds a ledger to the database, unless it is there already.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn add_ledger(url: &str, ledger: LedgerId) -> Result<(), OpenError> {
        let (server, mut connection) = ready(url).await?;
        let added = sqlx::query(ADD_LEDGER).bind(ledger.0).execute(&mut connection).await;
        added.map_err(|error| match error.as_database_error() {
            Some(refusal) if refusal.is_unique_violation() => Why::Alike(ledger).of(&server),
            _ => Why::from(error).of(&server),
        })?;
        server::close(connection).await;
        Ok(())
    }
}

/// A connection to a server that can be trusted and whose schema is up to date.
async fn ready(url: &str) -> Result<(Server, PgConnection), OpenError> {
    let server = Server::parse(url).ok_or(OpenError::Url)?;
    let connection = server.connect_durably().await.map_err(|why| Why::Unusable(why).of(&server))?;
    migrated(server, connection).await
}

/// The server, whose schema must be up to date.
async fn migrated(server: Server, mut connection: PgConnection) -> Result<(Server, PgConnection), OpenError> {
    match is_migrated(&mut connection).await {
        Ok(true) => Ok((server, connection)),
        Ok(false) => Err(OpenError::NotMigrated { server: server.shown() }),
        Err(error) => Err(Why::from(error).of(&server)),
    }
}

async fn is_migrated(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    if !sqlx::query_scalar(IS_MIGRATED).fetch_one(&mut *connection).await? {
        return Ok(false);
    }
    let done: HashSet<String> =
        sqlx::query_scalar(MIGRATED).fetch_all(connection).await?.into_iter().collect();
    Ok(MIGRATIONS.iter().all(|(name, _)| done.contains(*name)))
}

async fn ledgers(connection: &mut PgConnection) -> Result<Vec<(i16, LedgerId)>, sqlx::Error> {
    let found: Vec<(i16, Uuid)> = sqlx::query_as(LEDGERS).fetch_all(connection).await?;
    Ok(found.into_iter().map(|(number, id)| (number, LedgerId(id))).collect())
}

/// Gives a database without a ledger its first one.
async fn add_first(connection: &mut PgConnection, wanted: Option<LedgerId>) -> Result<(), sqlx::Error> {
    if ledgers(connection).await?.is_empty() {
        let id = wanted.map(|ledger| ledger.0);
        sqlx::query(ADD_FIRST_LEDGER).bind(id).execute(connection).await?;
    }
    Ok(())
}

async fn choose(connection: &mut PgConnection, wanted: Option<LedgerId>) -> Result<(i16, LedgerId), Why> {
    let found = ledgers(connection).await?;
    match (wanted, &found[..]) {
        (_, []) => Err(Why::NoLedger),
        (None, [only]) => Ok(*only),
        (None, _) => Err(Why::SeveralLedgers(ids(&found))),
        (Some(wanted), found) => {
            let this = found.iter().find(|(_, id)| *id == wanted);
            this.copied().ok_or_else(|| Why::OtherLedger { wanted, found: ids(found) })
        }
    }
}

fn ids(ledgers: &[(i16, LedgerId)]) -> Vec<LedgerId> {
    ledgers.iter().map(|(_, id)| *id).collect()
}

/// An [`OpenError`] before it is said of which server.
enum Why {
    Unusable(Unusable),
    NoLedger,
    OtherLedger { wanted: LedgerId, found: Vec<LedgerId> },
    SeveralLedgers(Vec<LedgerId>),
    Alike(LedgerId),
}

impl From<sqlx::Error> for Why {
    fn from(error: sqlx::Error) -> Self {
        Self::Unusable(error.into())
    }
}

impl Why {
    fn of(self, server: &Server) -> OpenError {
        let server = server.shown();
        match self {
            Self::Unusable(why) => OpenError::Unusable { server, why: why.to_string() },
            Self::NoLedger => OpenError::NoLedger { server },
            Self::OtherLedger { wanted, found } => OpenError::OtherLedger { server, wanted, found },
            Self::Alike(wanted) => OpenError::Alike { server, wanted },
            Self::SeveralLedgers(found) => OpenError::SeveralLedgers { server, found },
        }
    }
}

fn list(ledgers: &[LedgerId]) -> String {
    let mut text = String::new();
    for ledger in ledgers {
        let comma = if text.is_empty() { "" } else { ", " };
        write!(text, "{comma}{ledger}").expect("writing to a String can't fail");
    }
    text
}
