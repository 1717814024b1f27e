//! The writer's own belief in its lease, and the log that it may write only while that lasts.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use events::Position;
use futures::{FutureExt, future::BoxFuture};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    log::{AppendError, Bodies, Capabilities, Log, Page, ReadError},
};

/// One term of office: from a claim to the moment when the process stands down.
pub struct Term {
    epoch: u64,
    clock: Arc<dyn Clock>,
    /// When the lease runs out at the earliest, in microseconds of the monotonic clock.
    until_micros: AtomicU64,
    margin: Duration,
    over: CancellationToken,
}

impl Term {
    /// A term whose lease was asked for at `asked` of the monotonic clock, and lasts `lease`.
    #[must_use]
    pub fn new(
        epoch: u64,
        clock: Arc<dyn Clock>,
        asked: Duration,
        lease: Duration,
        margin: Duration,
    ) -> Self {
        let until_micros = AtomicU64::new(micros(asked + lease));
        Self { epoch, clock, until_micros, margin, over: CancellationToken::new() }
    }

    /// The lease's epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The lease was renewed; that was asked for at `asked`.
    pub(super) fn renewed(&self, asked: Duration, lease: Duration) {
        self.until_micros.fetch_max(micros(asked + lease), Ordering::Relaxed);
    }

    /// How long this process may still append: the time that is left of the lease for certain, less the
    /// margin.
    #[must_use]
    pub fn left(&self) -> Duration {
        if self.over.is_cancelled() {
            return Duration::ZERO;
        }
        let until = Duration::from_micros(self.until_micros.load(Ordering::Relaxed));
        until.saturating_sub(self.clock.monotonic()).saturating_sub(self.margin)
    }

    /// Whether this process may append now.
    #[must_use]
    pub fn lasts(&self) -> bool {
        !self.left().is_zero()
    }

    /// Nothing is appended in this term any more.
    pub(super) fn end(&self) {
        self.over.cancel();
    }

    /// Resolves when the process has stood down.
    pub async fn ended(&self) {
        self.over.cancelled().await;
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Term").field("epoch", &self.epoch).field("left", &self.left()).finish_non_exhaustive()
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A log that refuses appends once the term is over. That spares others a race; what makes it safe is
/// the log's expected head.
pub struct Fenced {
    log: Arc<dyn Log>,
    term: Arc<Term>,
}

impl Fenced {
    /// The log, to be written in this term alone.
    #[must_use]
    pub const fn new(log: Arc<dyn Log>, term: Arc<Term>) -> Self {
        Self { log, term }
    }
}

impl Log for Fenced {
    fn append<'a>(
        &'a self,
        expected_head: Position,
        group: &'a Bodies,
    ) -> BoxFuture<'a, Result<Position, AppendError>> {
        if self.term.lasts() {
            return self.log.append(expected_head, group);
        }
        let refused = AppendError::Unavailable("the lease on writing has run out".to_owned());
        std::future::ready(Err(refused)).boxed()
    }

    fn read(&self, from: Position, limit: usize) -> BoxFuture<'_, Result<Page, ReadError>> {
        self.log.read(from, limit)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, ReadError>> {
        self.log.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, ()> {
        self.log.wait_past(position)
    }

    fn capabilities(&self) -> Capabilities {
        self.log.capabilities()
    }
}
