//! The projections in an SQLite file, `read.db`.
//!
//! One task, the runner, owns the only connection that writes. The file can be removed at any time
//! while no server runs: the next start computes it again from the log.

mod bulk;
mod fault;
mod frozen;
mod index;
mod open;
mod statements;
mod tables;
mod writer;

use std::{path::Path, sync::Arc};

use arc_swap::ArcSwap;
use events::{LedgerId, Position};
use tokio_util::sync::CancellationToken;

use self::open::Found;
pub use self::{
    frozen::Frozen,
    open::{NEXT_FILE, OpenError, READ_FILE},
    tables::SqliteFile,
    writer::SqliteStore,
};
use super::{Progress, Runner, Store, stored::StoredReads};
use crate::{
    clock::Clock,
    log::{Log, Recent},
};

/// The projections of one ledger in a file, for everyone who reads them.
pub type SqliteReads = StoredReads<SqliteFile>;

/// The projections in a file and the task that keeps them up to date.
pub type Projected = super::Projected<SqliteFile>;

/// Opens the projections in `directory` and starts to apply what the log has beyond them. What the
/// engine has put into `recent` is not read from the log. When they
/// are of an older version, they are first built anew, of which `report` is told the position and
/// the head.
///
/// # Errors
/// As [`OpenError`] says.
pub async fn start(
    directory: &Path,
    ledger: LedgerId,
    log: Arc<dyn Log>,
    recent: Arc<Recent>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    report: impl FnMut(Position, Position) + Send,
) -> Result<Projected, OpenError> {
    let store = open_current(directory, ledger, log.clone(), clock.clone(), report).await?;
    let reads = store.reads(directory, log.clone());
    let runner = Runner::new(ledger, log, store, clock, reads.0.progress.clone()).await?;
    let runner = runner.beside(recent);
    Ok(Projected { runner: tokio::spawn(runner.run(stop)), reads })
}

/// Opens the projections in `directory`, applies the log up to its head and returns them at rest:
/// nothing writes to them afterwards. `report` is told the position and the head.
///
/// # Errors
/// As [`OpenError`] says.
pub async fn at_rest(
    directory: &Path,
    ledger: LedgerId,
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    mut report: impl FnMut(Position, Position) + Send,
) -> Result<SqliteReads, OpenError> {
    let store = open_current(directory, ledger, log.clone(), clock.clone(), &mut report).await?;
    let reads = store.reads(directory, log.clone());
    let mut runner = Runner::new(ledger, log, store, clock, reads.0.progress.clone()).await?;
    let caught_up = runner.catch_up(report).await;
    runner.close().await;
    caught_up?;
    Ok(reads)
}

/// The projections in `directory` as they are now: a server may go on writing them, and these stay. They
/// keep the write-ahead log from being cut back, so close them soon.
///
/// # Errors
/// As [`OpenError`] says; projections of other versions are refused.
pub async fn frozen(
    directory: &Path,
    ledger: LedgerId,
    log: Arc<dyn Log>,
) -> Result<StoredReads<Frozen>, OpenError> {
    let (database, filters, checkpoint) = Frozen::now(&directory.join(READ_FILE), ledger).await?;
    let (filters, progress) = (Arc::new(ArcSwap::from_pointee(filters)), Arc::new(Progress::at(checkpoint)));
    Ok(StoredReads::new(database, log, filters, progress))
}

/// Builds the projections in `directory` anew from the first event and puts them in the place of the
/// old ones, which nobody may have open. `report` is told the position and the head.
///
/// # Errors
/// As [`OpenError`] says; the old projections are then as before.
pub async fn rebuild(
    directory: &Path,
    ledger: LedgerId,
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    report: impl FnMut(Position, Position) + Send,
) -> Result<(), OpenError> {
    // Refuses a file of another ledger, and empties the write-ahead log of an unclean end.
    if let Found::Current(store) = open::open(&directory.join(READ_FILE), ledger).await? {
        store.close().await;
    }
    open::rebuild(directory, ledger, log, clock, report).await
}

/// The store in the directory, of the current version.
async fn open_current(
    directory: &Path,
    ledger: LedgerId,
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    report: impl FnMut(Position, Position) + Send,
) -> Result<SqliteStore, OpenError> {
    let file = directory.join(READ_FILE);
    if let Found::Current(store) = open::open(&file, ledger).await? {
        return Ok(*store);
    }
    tracing::info!("the projections are of another version and are built anew");
    open::rebuild(directory, ledger, log, clock, report).await?;
    open_store(directory, ledger).await
}

/// Opens the projections in `directory` for writing alone.
///
/// # Errors
/// As [`OpenError`] says; projections of other versions are refused.
pub async fn open_store(directory: &Path, ledger: LedgerId) -> Result<SqliteStore, OpenError> {
    match open::open(&directory.join(READ_FILE), ledger).await? {
        Found::Current(store) => Ok(*store),
        Found::Stale => Err(OpenError::NotCurrent { file: directory.join(READ_FILE) }),
    }
}
