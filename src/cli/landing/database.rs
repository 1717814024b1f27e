//! An import into a database. Its events can't be taken away again, so until the last one is there, the
//! import keeps the lease, and no server takes the beginning for a ledger.

use std::sync::Arc;

use anyhow::anyhow;
use events::{LedgerId, Position};

use crate::{
    app::stored_elsewhere,
    cli::{
        failure::{Failure, Outcome},
        merkle::Hash,
        place::{Database, held_by, unasked, unusable},
    },
    cluster::{Claimant, Lease, Tenure, postgres::PostgresLease},
    log::{
        Log,
        postgres::{OpenError, PostgresLog},
    },
};

/// The log while it is not whole.
pub(in crate::cli) struct Claimed {
    /// The log.
    pub(in crate::cli) log: Arc<dyn Log>,
    database: Arc<PostgresLog>,
    lease: PostgresLease,
    claimant: Claimant,
    tenure: Tenure,
}

/// Refuses a database with a ledger in it, but for what the same import has left.
pub(in crate::cli) async fn must_be_free(database: &Database, ledger: LedgerId, root: Hash) -> Outcome {
    let found = PostgresLog::ledger_ids(database.get()).await.map_err(unusable)?;
    if found.iter().any(|found| *found != ledger) {
        return Err(used(database, &found));
    }
    if !found.is_empty() {
        let tenure = lease_of(database, ledger)?.look().await.map_err(unasked)?;
        match tenure {
            Some(tenure) if tenure.holder == claimant(root).id => return Ok(()),
            Some(tenure) => return Err(held_by(&tenure)),
            None => {}
        }
    }
    let head = match stored_elsewhere(&database.event_store, ledger).await? {
        Some(log) => log.head().await,
        None if found.is_empty() => return Ok(()),
        None => {
            let log = PostgresLog::open_read_only(database.get(), Some(ledger)).await.map_err(unusable)?;
            let head = log.head().await;
            log.close().await;
            head
        }
    };
    match head.map_err(|error| Failure::Other(error.into()))? {
        Position(0) => Ok(()),
        Position(_) => Err(used(database, &[ledger])),
    }
}

fn used(database: &Database, found: &[LedgerId]) -> Failure {
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    let (url, found) = (&database.url, found.join(", "));
    Failure::Usage(format!("{url} holds a ledger already ({found}); import into a database without one"))
}

fn lease_of(database: &Database, ledger: LedgerId) -> Outcome<PostgresLease> {
    PostgresLease::new(database.get(), ledger).map_err(unasked)
}

fn claimant(root: Hash) -> Claimant {
    Claimant::importing(&root.to_string())
}

impl Claimed {
    /// Opens what an interrupted import has left, or begins. The database gets the ledger with its own
    /// id.
    pub(in crate::cli) async fn open(place: &Database, ledger: LedgerId, root: Hash) -> Outcome<Self> {
        let database = PostgresLog::connect(place.get(), Some(ledger)).await.map_err(|error| {
            if let OpenError::OtherLedger { found, .. } = &error {
                return used(place, found);
            }
            unusable(error)
        })?;
        let database = Arc::new(database);
        let (lease, claimant) = (lease_of(place, ledger)?, claimant(root));
        let tenure = lease.claim(&claimant).await.map_err(unasked)?;
        if tenure.holder != claimant.id {
            return Err(held_by(&tenure));
        }
        let log = stored_elsewhere(&place.event_store, ledger).await?;
        let log = log.unwrap_or_else(|| database.clone());
        Ok(Self { log, database, lease, claimant, tenure })
    }

    /// Gives the lease back when everything was stored, or nothing; servers then begin above `epoch`.
    pub(in crate::cli) async fn finish(self, stored: Outcome, epoch: u64) -> Outcome {
        let nothing = async || self.log.head().await == Ok(Position(0));
        let released = if stored.is_ok() || nothing().await {
            self.lease.release_above(&self.claimant, self.tenure.epoch, epoch).await
        } else {
            Ok(true)
        };
        self.database.close().await;
        stored?;
        if !released.map_err(unasked)? {
            return Err(anyhow!("everything is stored, but another process has taken the lease").into());
        }
        eprintln!(
            "note: API keys of this ledger are void unless all servers have its `pepper` as pepper_file"
        );
        Ok(())
    }
}
