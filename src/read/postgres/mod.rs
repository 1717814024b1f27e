//! The projections in PostgreSQL, which the replicas of a ledger share.
//!
//! One replica writes them: its runner moves the checkpoint from where it left it, in the transaction
//! that writes the rows, so whoever else writes loses. The others [follow]. Rows belong to a build;
//! projections of another version are built beside the current one, which stays readable, and then
//! take its place.

mod database;
mod fault;
mod frozen;
mod index;
mod open;
mod statements;
mod tables;
mod writer;

use std::{
    sync::{Arc, atomic::AtomicI32},
    time::Duration,
};

use arc_swap::ArcSwap;
use events::{LedgerId, Position};
use tokio_util::sync::CancellationToken;

use self::database::Builds;
pub use self::{
    database::Postgres,
    frozen::Frozen,
    open::{MIGRATIONS, OpenError},
    writer::PostgresStore,
};
use super::{
    Progress, Runner,
    stored::{StoredReads, segments::Filters},
};
use crate::{
    clock::Clock,
    log::{Log, Recent},
};

/// How often a follower looks at the checkpoint.
const LOOK: Duration = Duration::from_millis(50);

/// The projections of one ledger in PostgreSQL, for everyone who reads them.
pub type PostgresReads = StoredReads<Postgres>;

/// The projections in PostgreSQL and the task that keeps them up to date, or follows who does.
pub type Projected = super::Projected<Postgres>;

/// Which projections are meant.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Their database: `postgres://user@host/database`.
    pub url: &'a str,
    /// The ledger that they are of.
    pub ledger: LedgerId,
    /// The ledger that metrics name; none where the process serves one alone.
    pub label: Option<LedgerId>,
}

/// Opens the projections of a ledger and starts to apply what the log has beyond them. What the
/// engine has put into `recent` is not read from the log. When they are of another version, they are
/// first built anew, of which `report` is told the position and the head. The tables must be there
/// already ([`MIGRATIONS`]). Sessions of whoever wrote them before are ended.
///
/// # Errors
/// As [`OpenError`] says.
pub async fn start(
    place: Place<'_>,
    log: Arc<dyn Log>,
    recent: Arc<Recent>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    report: impl FnMut(Position, Position) + Send,
) -> Result<Projected, OpenError> {
    let Place { url, ledger, label } = place;
    open::end_earlier(url, ledger).await?;
    let store = open_current(url, ledger, log.clone(), clock.clone(), report).await?;
    let reads = store.reads(log.clone());
    let runner = Runner::new(ledger, log, store, clock, reads.0.progress.clone()).await?;
    let runner = runner.beside(recent).labelled(label);
    Ok(Projected { runner: tokio::spawn(runner.run(stop)), reads })
}

/// Opens the projections of a ledger, applies the log up to its head and returns them at rest:
/// this process doesn't write to them afterwards. `report` is told the position and the head.
///
/// # Errors
/// As [`OpenError`] says.
pub async fn at_rest(
    url: &str,
    ledger: LedgerId,
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    mut report: impl FnMut(Position, Position) + Send,
) -> Result<PostgresReads, OpenError> {
    let store = open_current(url, ledger, log.clone(), clock.clone(), &mut report).await?;
    let reads = store.reads(log.clone());
    let mut runner = Runner::new(ledger, log, store, clock, reads.0.progress.clone()).await?;
    let caught_up = runner.catch_up(report).await;
    runner.close().await;
    caught_up?;
    Ok(reads)
}

/// Reads the projections that another process keeps up to date, and publishes its checkpoint within
/// 50 ms, until `stop`. Reads are refused as long as there are no projections of this version; when
/// others are built anew and take their place, those are read. [`ColdState::may_know`] rules nothing
/// out, and nothing can be hurried.
///
/// # Errors
/// A `url` that is none. A database that is not there is waited for.
///
/// [`ColdState::may_know`]: crate::engine::ColdState::may_know
pub async fn follow(
    url: &str,
    ledger: LedgerId,
    log: Arc<dyn Log>,
    stop: CancellationToken,
) -> Result<Projected, OpenError> {
    let database = Postgres::new(open::options(url)?, ledger, Builds::Current(AtomicI32::new(0)));
    let found = database.look().await;
    // A new ledger has none until somebody writes it.
    let missing = found.is_err();
    let checkpoint = found.unwrap_or(Position(0));
    let (filters, progress) =
        (Arc::new(ArcSwap::from_pointee(Filters::unknown())), Arc::new(Progress::at(checkpoint)));
    let reads = StoredReads::new(database, log, filters, progress);
    let follower = reads.clone();
    let runner = tokio::spawn(async move {
        // A look that is dropped leaves nothing behind.
        let _ = stop.run_until_cancelled(follower.keep_looking(missing)).await;
        Ok(())
    });
    Ok(Projected { reads, runner })
}

impl PostgresReads {
    /// `failing` when that is known.
    async fn keep_looking(&self, mut failing: bool) {
        let (database, progress) = (&self.0.database, &self.0.progress);
        loop {
            match database.look().await {
                Ok(position) => {
                    if position != *progress.checkpoint().borrow() {
                        progress.reached(position);
                    }
                    failing = false;
                }
                Err(fault) if !failing => {
                    tracing::warn!(error = %fault, "the projections can't be followed");
                    failing = true;
                }
                Err(_) => {}
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// The projections of a ledger as they are now: a server may go on writing them, and these stay. They
/// keep the database from reclaiming what was replaced since, so close them soon.
///
/// # Errors
/// As [`OpenError`] says; projections of other versions are refused.
pub async fn frozen(
    url: &str,
    ledger: LedgerId,
    log: Arc<dyn Log>,
) -> Result<StoredReads<Frozen>, OpenError> {
    let (database, filters, checkpoint) = Frozen::now(url, ledger).await?;
    let (filters, progress) = (Arc::new(ArcSwap::from_pointee(filters)), Arc::new(Progress::at(checkpoint)));
    Ok(StoredReads::new(database, log, filters, progress))
}

/// Builds the projections of a ledger anew from the first event, beside the current ones, and puts
/// them in their place. A server that writes the old ones meanwhile halts. `report` is told the
/// position and the head.
///
/// # Errors
/// As [`OpenError`] says; the current projections are then as before.
pub async fn rebuild(
    url: &str,
    ledger: LedgerId,
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    report: impl FnMut(Position, Position) + Send,
) -> Result<(), OpenError> {
    open::rebuild(url, ledger, log, clock, report).await
}

/// The store of the ledger, of the current version.
async fn open_current(
    url: &str,
    ledger: LedgerId,
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    report: impl FnMut(Position, Position) + Send,
) -> Result<PostgresStore, OpenError> {
    if let Some(store) = open::open(url, ledger).await? {
        return Ok(store);
    }
    tracing::info!("the projections are of another version and are built anew");
    open::rebuild(url, ledger, log, clock, report).await?;
    open_store(url, ledger).await
}

/// Opens the projections of a ledger for writing alone.
///
/// # Errors
/// As [`OpenError`] says; projections of other versions are refused.
pub async fn open_store(url: &str, ledger: LedgerId) -> Result<PostgresStore, OpenError> {
    open::open(url, ledger).await?.ok_or(OpenError::NotCurrent)
}
