//! Where the ledger of the settings is, and its log, opened without a server.

use std::{fmt, path::PathBuf, sync::Arc};

use anyhow::anyhow;
use events::LedgerId;

use super::{
    failure::{Failure, Outcome},
    imported::STAGING,
};
use crate::{
    app::{BeingImported, Machine, stored_elsewhere},
    clock::sixteen,
    cluster::{self, Claimant, Held, HoldError, Lease, LeaseError, Tenure, postgres::PostgresLease},
    config::{Config, ServerUrl},
    engine::ledger_id,
    log::{
        Log,
        postgres::{OpenError, PostgresLog},
        sqlite::{LOG_FILE, SqliteLog},
    },
};

/// Where a ledger is.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In the files of a directory.
    Directory(PathBuf),
    /// In a database.
    Database(Database),
}

/// A PostgreSQL database that holds a ledger.
#[derive(Debug, Clone)]
pub(super) struct Database {
    /// Where it is.
    pub(super) url: ServerUrl,
    /// What holds the log in its stead, if it is set.
    pub(super) event_store: ServerUrl,
    /// Which of its ledgers, where it has several.
    pub(super) ledger: Option<LedgerId>,
}

/// The log of a ledger that has events.
pub(super) struct OpenLog {
    /// The ledger.
    pub(super) ledger: LedgerId,
    /// Its log.
    pub(super) log: Arc<dyn Log>,
    handle: Handle,
}

/// What has to be closed.
enum Handle {
    File(Arc<SqliteLog>),
    Database(Arc<PostgresLog>),
}

impl Place {
    /// As the settings say; `ledger` chooses among several.
    pub(super) fn of(config: &Config, ledger: Option<LedgerId>) -> Outcome<Self> {
        let (url, event_store) = (config.database_url.clone(), config.event_store_url.clone());
        match (url.get(), event_store.get()) {
            (Some(_), _) => Ok(Self::Database(Database { url, event_store, ledger })),
            (None, None) => Ok(Self::Directory(config.data_dir.clone())),
            (None, Some(_)) => Err(Failure::Other(anyhow!(
                "event_store_url needs database_url as well: the projections are kept there"
            ))),
        }
    }

    /// Whether there is a ledger, or the beginning of one.
    pub(super) async fn holds_ledger(&self) -> Outcome<bool> {
        match self {
            Self::Directory(directory) => {
                Ok([LOG_FILE, STAGING].iter().any(|name| directory.join(name).exists()))
            }
            Self::Database(database) => {
                let found = PostgresLog::ledger_ids(database.get()).await.map_err(unusable)?;
                Ok(!found.is_empty())
            }
        }
    }

    /// Opens the log for reading: a server may go on writing it. Nothing is made where there is none.
    pub(super) async fn log(&self) -> Outcome<OpenLog> {
        let (handle, log, stated): (_, Arc<dyn Log>, _) = match self {
            Self::Directory(directory) => {
                let log = SqliteLog::open_read_only(directory).await;
                let log = Arc::new(log.map_err(|error| Failure::Other(error.into()))?);
                (Handle::File(Arc::clone(&log)), log, None)
            }
            Self::Database(place) => {
                let database = PostgresLog::open_read_only(place.get(), place.ledger).await;
                let database = database.map_err(unusable)?;
                let database = Arc::new(database);
                let ledger = database.ledger();
                let lease = PostgresLease::new(place.get(), ledger);
                let tenure = lease.map_err(unasked)?.look().await.map_err(unasked)?;
                if tenure.is_some_and(|tenure| tenure.is_import()) {
                    return Err(Failure::Other(BeingImported { ledger }.into()));
                }
                let log = stored_elsewhere(&place.event_store, ledger).await?;
                let log = log.unwrap_or_else(|| database.clone());
                (Handle::Database(database), log, Some(ledger))
            }
        };
        let found = ledger_id(&*log).await.map_err(|error| Failure::Verification(error.to_string()))?;
        let ledger = found.ok_or_else(|| anyhow!("the log in {self} holds no event"))?;
        if let Some(stated) = stated.filter(|stated| *stated != ledger) {
            let what = format!("{self} holds ledger {stated}, but its first event is of ledger {ledger}");
            return Err(Failure::Verification(what));
        }
        Ok(OpenLog { ledger, log, handle })
    }
}

impl Database {
    /// Its URL, with the password.
    pub(super) fn get(&self) -> &str {
        self.url.get().unwrap_or_default()
    }

    /// Keeps servers from writing the ledger for as long as the lease is held.
    pub(super) async fn hold(&self, ledger: LedgerId, machine: &Machine) -> Outcome<Held> {
        let id = uuid::Builder::from_random_bytes(sixteen(&mut *(machine.entropy)())).into_uuid();
        let options = cluster::Options::default();
        let claimant = Claimant { id, address: cluster::NOWHERE.into(), lease: options.lease };
        let lease = PostgresLease::new(self.get(), ledger).map_err(unasked)?;
        let held = Held::take(Arc::new(lease), claimant, Arc::clone(&machine.clock), options).await;
        held.map_err(|error| match error {
            HoldError::Taken(tenure) => held_by(&tenure),
            HoldError::Lease(error) => unasked(error),
        })
    }
}

impl OpenLog {
    /// Closes files and connections.
    pub(super) async fn close(self) {
        match self.handle {
            Handle::File(log) => drop(log.close().await),
            Handle::Database(database) => database.close().await,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(directory) => directory.display().fmt(f),
            Self::Database(database) => database.url.fmt(f),
        }
    }
}

/// Nobody can say who writes.
pub(super) fn unasked(error: LeaseError) -> Failure {
    Failure::Other(error.into())
}

/// Somebody else may write.
pub(super) fn held_by(tenure: &Tenure) -> Failure {
    let what = if tenure.is_import() {
        "it is being imported, or that was broken off: the same `import` goes on with it".to_owned()
    } else {
        let address = Some(&tenure.address).filter(|address| &***address != cluster::NOWHERE);
        let at = address.map(|address| format!(" at {address}")).unwrap_or_default();
        format!("a server{at} writes it, or was killed less than 2 s ago: stop all servers first")
    };
    Failure::Other(anyhow!("the ledger is in use: {what}"))
}

/// Why the log in a database can't be opened.
pub(super) fn unusable(error: OpenError) -> Failure {
    match error {
        OpenError::Url | OpenError::Alike { .. } => Failure::Usage(error.to_string()),
        OpenError::SeveralLedgers { .. } => Failure::Usage(format!("{error}, with --ledger")),
        OpenError::Unusable { .. } => Failure::Unreachable(error.to_string()),
        OpenError::NotMigrated { .. } | OpenError::NoLedger { .. } | OpenError::OtherLedger { .. } => {
            Failure::Other(error.into())
        }
    }
}
