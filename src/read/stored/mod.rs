//! Projections in tables: what is the same whichever database holds them.
//!
//! A [`Database`] reads and writes plain rows ([`Tables`]); what they mean, how entries, totals and
//! answers are packed, and how questions are answered stands here, once.

mod cold;
mod entries;
pub(super) mod entry_rows;
mod explained;
mod hold_ends;
pub(super) mod liability;
mod live;
mod log_events;
pub(super) mod moment;
mod past;
mod reads;
mod reports;
pub(super) mod rows;
pub(super) mod segments;
pub(super) mod tables;
pub(super) mod usage;

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;
use events::IdMap;
use tokio::{sync::Semaphore, task::JoinHandle};
use uuid::Uuid;

use self::segments::Filters;
pub use self::{
    rows::StoredKey,
    tables::{Database, ListKey, Snapshot, Stored, Tables},
    usage::StoredUsage,
};
use super::{Halted, Progress, ReadFault, StoreFault};
use crate::log::Log;

/// Reads at the same time that may take seconds, so that short ones have a connection and a processor.
const LONG_READS_MAX: usize = 2;

/// The projections of one ledger, for everyone who reads them.
///
/// It answers [`Reads`](super::Reads), fills the engine's [`ColdState`](crate::engine::ColdState) and
/// lets a replay compare its rows ([`Live`](super::Live)). Clones share it.
pub struct StoredReads<D>(pub(super) Arc<Shared<D>>);

pub(super) struct Shared<D> {
    pub(super) database: D,
    /// What a long read takes before it begins.
    long_reads: Arc<Semaphore>,
    pub(super) log: Arc<dyn Log>,
    pub(super) filters: Arc<ArcSwap<Filters>>,
    pub(super) progress: Arc<Progress>,
}

/// The projections and the task that keeps them up to date.
pub struct Projected<D> {
    /// Reads.
    pub reads: StoredReads<D>,
    /// Ends after a stop, or with the reason why the projections halted.
    pub runner: JoinHandle<Result<(), Halted>>,
}

impl<D: Database> StoredReads<D> {
    pub(super) fn new(
        database: D,
        log: Arc<dyn Log>,
        filters: Arc<ArcSwap<Filters>>,
        progress: Arc<Progress>,
    ) -> Self {
        let long_reads = Arc::new(Semaphore::new(LONG_READS_MAX));
        Self(Arc::new(Shared { database, long_reads, log, filters, progress }))
    }

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
        self.0.database.close().await;
    }
}

impl<D> Clone for StoredReads<D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<D> fmt::Debug for StoredReads<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredReads").field("progress", &self.0.progress).finish_non_exhaustive()
    }
}

/// The organizations and apps by their numbers.
async fn ids(tables: &mut impl Tables) -> Stored<IdMap<i64, Uuid>> {
    Ok(tables.numbers().await?.into_iter().map(|(id, number)| (number, id)).collect())
}

/// Rows that the store can't have written.
pub(super) fn corrupt(what: impl ToString) -> StoreFault {
    StoreFault::Corrupt(what.to_string())
}

impl From<StoreFault> for ReadFault {
    fn from(fault: StoreFault) -> Self {
        match fault {
            StoreFault::Unavailable(why) => Self::Unavailable(why),
            StoreFault::Corrupt(what) => Self::Corrupt(what),
        }
    }
}
