//! The projections in an SQLite file, `read.db`.
//!
//! One task, the runner, owns the only connection that writes. The file can be removed at any time
//! while no server runs: the next start computes it again from the log.

mod bulk;
mod cold;
mod entries;
mod entry_rows;
mod explained;
mod fault;
mod hold_ends;
mod identity;
mod liability_rows;
mod live;
mod log_events;
mod open;
mod past;
mod reads;
mod reports;
mod rows;
mod rules;
mod segments;
mod usage_rows;
mod wallet_rows;
mod writer;

use std::{fmt, path::Path, sync::Arc};

use arc_swap::ArcSwap;
use events::{LedgerId, Position};
use sqlx::SqlitePool;
use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use self::{open::Found, segments::Filters};
pub use self::{
    open::{NEXT_FILE, OpenError, READ_FILE},
    writer::SqliteStore,
};
use super::{Halted, Progress, Runner, Store};
use crate::{
    clock::Clock,
    log::{Log, Recent},
};

/// The projections of one ledger, for everyone who reads them.
///
/// It answers [`Reads`](super::Reads), fills the engine's [`ColdState`](crate::engine::ColdState) and
/// lets a replay compare its rows ([`Live`](super::Live)). Clones share it.
#[derive(Clone)]
pub struct SqliteReads(Arc<Shared>);

/// Connections for everybody but the engine.
const READERS_MAX: u32 = 4;

/// Connections for the engine alone, so that no reader makes the writer wait.
const ENGINE_READERS_MAX: u32 = 2;

/// Reads at the same time that may take seconds, so that short ones have a connection and a processor.
const LONG_READS_MAX: usize = 2;

struct Shared {
    pool: SqlitePool,
    engine: SqlitePool,
    /// What a long read takes before it begins.
    long_reads: Arc<Semaphore>,
    log: Arc<dyn Log>,
    filters: Arc<ArcSwap<Filters>>,
    progress: Arc<Progress>,
}

impl SqliteReads {
    fn new(file: &Path, log: Arc<dyn Log>, filters: Arc<ArcSwap<Filters>>, progress: Arc<Progress>) -> Self {
        Self(Arc::new(Shared {
            pool: open::readers(file, READERS_MAX),
            engine: open::readers(file, ENGINE_READERS_MAX),
            long_reads: Arc::new(Semaphore::new(LONG_READS_MAX)),
            log,
            filters,
            progress,
        }))
    }
}

/// The projections and the task that keeps them up to date.
pub struct Projected {
    /// Reads.
    pub reads: SqliteReads,
    /// Ends after a stop, or with the reason why the projections halted.
    pub runner: JoinHandle<Result<(), Halted>>,
}

impl SqliteReads {
    /// Why the projections stopped for good, if they did.
    #[must_use]
    pub fn halted(&self) -> Option<String> {
        self.0.progress.halted()
    }

    /// Tells everyone that the projections ended without a reason of their own.
    pub fn halt(&self, reason: String) {
        self.0.progress.halt(reason);
    }

    /// Closes the connections that read.
    pub async fn close(&self) {
        self.0.pool.close().await;
        self.0.engine.close().await;
    }
}

impl fmt::Debug for SqliteReads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteReads").field("progress", &self.0.progress).finish_non_exhaustive()
    }
}

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

/// Opens the projections in `directory` as they are, without a right to change them; a server may
/// go on writing them meanwhile. The checkpoint that they publish stays where it was.
///
/// # Errors
/// As [`OpenError`] says; projections of other versions are refused.
pub async fn read_only(
    directory: &Path,
    ledger: LedgerId,
    log: Arc<dyn Log>,
) -> Result<SqliteReads, OpenError> {
    let file = directory.join(READ_FILE);
    let checkpoint = open::inspect(&file, ledger).await?;
    let reads = SqliteReads::new(&file, log, Arc::default(), Arc::new(Progress::at(checkpoint)));
    let filters = Filters::load(&mut *reads.0.pool.acquire().await?).await?;
    reads.0.filters.store(Arc::new(filters));
    Ok(reads)
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
