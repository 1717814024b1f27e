//! Follows the log and keeps the projections up to date.

use std::{borrow::Borrow, sync::Arc, time::Duration};

use events::{LedgerId, Position, Recorded};
use futures::StreamExt;
use metrics::Gauge;
use projections::Poison;
use tokio_util::sync::CancellationToken;

use super::{Fold, PageFault, Progress, Store, StoreFault, decoded};
use crate::{
    clock::Clock,
    log::{Log, ReadError, Recent},
    telemetry,
};

/// Events of one transaction, when so many wait. A wallet that several of them change is written once.
const BATCH: u64 = 32_000;

/// How long after a transaction fewer events than that gather in memory before the next one. Whoever
/// can't wait says so: [`Progress::hurry`].
const GATHER: Duration = Duration::from_millis(500);

/// How often events that gather are taken in meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// How long events that the log has may take to be handed over. They are then read from the log.
const HAND_OVER: Duration = Duration::from_millis(20);

/// How long it waits before it tries again what failed.
const RETRY: Duration = Duration::from_secs(1);

/// Wallet rows kept in memory, about 250 bytes each.
const ROWS: usize = 50_000;

/// What a stopping runner still applies; more is left to the next start, which replays it.
const LAST_EVENTS_MAX: u64 = 100_000;

/// Why the projections stopped for good. A person has to look: nothing skips an event.
#[derive(Debug, thiserror::Error)]
pub enum Halted {
    /// The log ends before the checkpoint.
    #[error(
        "the projections are at {checkpoint}, ahead of the log at {head}: the log lost events or is another one. \
         Restore the right log, or rebuild the projections from this one with `credit-ledger replay --rebuild`"
    )]
    Ahead {
        /// The projections' checkpoint.
        checkpoint: Position,
        /// The log's head.
        head: Position,
    },
    /// An event cannot follow from what was before it.
    #[error(transparent)]
    Poison(#[from] Poison),
    /// The log holds something that is no event.
    #[error(transparent)]
    Log(#[from] PageFault),
    /// The rows are not what this runner wrote.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// Applies the log to a store, from the store's checkpoint on.
pub struct Runner<S> {
    log: Arc<dyn Log>,
    /// What needs not be read from the log.
    recent: Arc<Recent>,
    store: S,
    fold: Fold,
    clock: Arc<dyn Clock>,
    progress: Arc<Progress>,
    stop: CancellationToken,
    /// Stopped, and applying what is left.
    finishing: bool,
    lag_events: Gauge,
    lag_seconds: Gauge,
}

impl<S: Store> Runner<S> {
    /// A runner for `store`, which holds the projections of `ledger`.
    ///
    /// # Errors
    /// [`Halted::Ahead`] when the store has applied more events than the log has, and what keeps
    /// either from being read.
    pub async fn new(
        ledger: LedgerId,
        log: Arc<dyn Log>,
        mut store: S,
        clock: Arc<dyn Clock>,
        progress: Arc<Progress>,
    ) -> Result<Self, Halted> {
        let checkpoint = store.checkpoint();
        let head = log.head().await.map_err(PageFault::from)?;
        if checkpoint > head {
            return Err(Halted::Ahead { checkpoint, head });
        }
        let fold = Fold::new(ledger, store.start().await?, ROWS);
        let [lag_events, lag_seconds] = gauges(None);
        let stop = CancellationToken::new();
        let recent = Arc::new(Recent::new(0));
        Ok(Self {
            log,
            recent,
            store,
            fold,
            clock,
            progress,
            stop,
            finishing: false,
            lag_events,
            lag_seconds,
        })
    }

    /// The same runner, which takes what the log's writer hands over instead of reading it.
    #[must_use]
    pub fn beside(self, recent: Arc<Recent>) -> Self {
        Self { recent, ..self }
    }

    /// The same runner, whose metrics name this ledger.
    #[must_use]
    pub fn labelled(self, label: Option<LedgerId>) -> Self {
        let [lag_events, lag_seconds] = gauges(label);
        Self { lag_events, lag_seconds, ..self }
    }

    /// Runs until `stop` is cancelled, then applies what is stored and closes the store; or until it
    /// halts, which [`Progress::halted`] tells everyone.
    ///
    /// # Errors
    /// Why it halted.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), Halted> {
        self.stop = stop;
        let mut ended = self.follow().await;
        if ended.is_ok() {
            ended = self.finish().await;
        }
        if let Err(halted) = &ended {
            tracing::error!(error = %halted, position = %self.store.checkpoint(), "the projections halted");
            self.progress.halt(halted.to_string());
        }
        self.store.close().await;
        ended
    }

    /// Applies everything up to the head, telling `report` after each batch the checkpoint and the
    /// head.
    ///
    /// # Errors
    /// Why it halted.
    pub async fn catch_up(
        &mut self,
        mut report: impl FnMut(Position, Position) + Send,
    ) -> Result<(), Halted> {
        loop {
            let head = self.log.head().await.map_err(PageFault::from)?;
            if self.fold.next() >= head {
                return Ok(());
            }
            self.take_in(head, &mut report).await?;
            self.write(head).await?;
            report(self.fold.next(), head);
        }
    }

    /// Closes the store.
    pub async fn close(self) {
        self.store.close().await;
    }

    async fn follow(&mut self) -> Result<(), Halted> {
        let mut gathering = Box::pin(tokio::time::sleep(Duration::ZERO));
        while !self.stop.is_cancelled() {
            let head = match self.log.head().await {
                Ok(head) => head,
                Err(error) => {
                    self.wait_out(error.into()).await?;
                    continue;
                }
            };
            self.progress.exists_below(head);
            match self.take_in(head, &mut |_, _| {}).await {
                Err(Halted::Log(fault)) => self.wait_out(fault).await?,
                other => other?,
            }
            let written = self.store.checkpoint();
            if self.fold.next() == written {
                self.lag_seconds.set(Duration::ZERO);
                tokio::select! {
                    () = self.stop.cancelled() => {}
                    () = self.log.wait_past(written) => {}
                }
                continue;
            }
            let due = tokio::select! {
                biased;
                () = self.stop.cancelled() => false,
                () = self.progress.wanted(written) => true,
                () = &mut gathering => true,
                () = tokio::time::sleep(LOOK) => false,
            };
            if due {
                self.write(head).await?;
                gathering = Box::pin(tokio::time::sleep(GATHER));
            }
        }
        Ok(())
    }

    /// What is stored already is applied, unless it is so much that stopping would take long.
    async fn finish(&mut self) -> Result<(), Halted> {
        self.finishing = true;
        let head = self.log.head().await.map_err(PageFault::from)?;
        if head.get().saturating_sub(self.fold.next().get()) <= LAST_EVENTS_MAX {
            self.take_in(head, &mut |_, _| {}).await?;
        }
        self.write(head).await
    }

    /// Applies the events below `head` in memory, and writes them whenever there are many.
    async fn take_in(
        &mut self,
        head: Position,
        report: &mut (dyn FnMut(Position, Position) + Send),
    ) -> Result<(), Halted> {
        self.wait_for_hand_over(head).await;
        while self.fold.next() < head && self.goes_on() {
            if let Some(events) = self.recent.take(self.fold.next()) {
                self.apply(&events, head, report).await?;
                continue;
            }
            let handed_over = self.recent.first().unwrap_or(head);
            self.read_up_to(head.min(handed_over), head, report).await?;
        }
        Ok(())
    }

    /// Applies events as the log has them, up to, not including, `until`.
    async fn read_up_to(
        &mut self,
        until: Position,
        head: Position,
        report: &mut (dyn FnMut(Position, Position) + Send),
    ) -> Result<(), Halted> {
        let mut pages = std::pin::pin!(decoded(self.log.clone(), self.fold.next(), until));
        while self.goes_on()
            && let Some(page) = pages.next().await
        {
            match page {
                Ok(page) => self.apply(&page.events, head, report).await?,
                Err(fault) => {
                    // What came before it is sound and is kept.
                    self.write(head).await?;
                    return Err(fault.into());
                }
            }
        }
        Ok(())
    }

    async fn apply(
        &mut self,
        events: &[impl Borrow<Recorded> + Sync],
        head: Position,
        report: &mut (dyn FnMut(Position, Position) + Send),
    ) -> Result<(), Halted> {
        self.measure_lag(head, events.first().map(Borrow::borrow));
        self.load(events).await?;
        for recorded in events {
            self.fold.apply(recorded.borrow())?;
        }
        if self.fold.next().get() - self.store.checkpoint().get() >= BATCH {
            self.write(head).await?;
            report(self.fold.next(), head);
        }
        Ok(())
    }

    fn goes_on(&self) -> bool {
        self.finishing || !self.stop.is_cancelled()
    }

    /// Waits a moment for events that the log has: who stored them may be about to hand them over.
    async fn wait_for_hand_over(&self, end: Position) {
        if !self.recent.is_off() {
            // Not in time, or never: then they are read from the log.
            let _ = tokio::time::timeout(HAND_OVER, self.recent.handed_over(end)).await;
        }
    }

    /// Brings the rows into memory that `events` change.
    async fn load(&mut self, events: &[impl Borrow<Recorded> + Sync]) -> Result<(), Halted> {
        let missing = self.fold.missing(events);
        let found = loop {
            match self.store.find(&missing).await {
                Ok(found) => break found,
                Err(fault) => self.retry(fault).await?,
            }
        };
        self.fold.adopt(found);
        Ok(())
    }

    /// Writes what was applied.
    async fn write(&mut self, head: Position) -> Result<(), Halted> {
        if self.fold.next() == self.store.checkpoint() {
            return Ok(());
        }
        while let Err(fault) = self.store.write(&self.fold.batch()).await {
            self.retry(fault).await?;
        }
        self.fold.clear();
        self.progress.reached(self.fold.next());
        self.measure_backlog(head);
        Ok(())
    }

    /// Waits until the store may work again; passes on what waiting doesn't mend.
    async fn retry(&self, fault: StoreFault) -> Result<(), Halted> {
        if matches!(fault, StoreFault::Corrupt(_)) || self.stop.is_cancelled() {
            return Err(fault.into());
        }
        tracing::warn!(error = %fault, "the projections fall behind");
        self.sleep(RETRY).await;
        Ok(())
    }

    /// Waits until the log may be read again; passes on what waiting doesn't mend.
    async fn wait_out(&self, fault: PageFault) -> Result<(), Halted> {
        if !matches!(fault, PageFault::Read(ReadError::Unavailable(_))) {
            return Err(fault.into());
        }
        tracing::warn!(error = %fault, "the projections fall behind");
        self.sleep(RETRY).await;
        Ok(())
    }

    async fn sleep(&self, time: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(time) => {}
        }
    }

    /// How many events are not applied yet, and how old the oldest of them is.
    fn measure_lag(&self, head: Position, oldest: Option<&Recorded>) {
        let now = self.clock.now().micros();
        let age = oldest.map_or(0, |recorded| now.saturating_sub(recorded.envelope.time.micros()));
        self.lag_seconds.set(Duration::from_micros(age.max(0).unsigned_abs()));
        self.measure_backlog(head);
    }

    fn measure_backlog(&self, head: Position) {
        let backlog = head.get().saturating_sub(self.store.checkpoint().get());
        self.lag_events.set(u32::try_from(backlog).unwrap_or(u32::MAX));
    }
}

/// How many events are not applied yet, and how old the oldest is.
fn gauges(label: Option<LedgerId>) -> [Gauge; 2] {
    let labels = telemetry::of_ledger(label);
    [
        metrics::gauge!(telemetry::PROJECTION_LAG_EVENTS, &labels),
        metrics::gauge!(telemetry::PROJECTION_LAG_SECONDS, &labels),
    ]
}
