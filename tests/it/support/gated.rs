//! A log that counts its reads, and whose reads below a position wait until it is opened.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use credit_ledger::log::{AppendError, Bodies, Capabilities, Log, Page, ReadError};
use events::Position;
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::watch;

/// Does as the log within, when it is open.
pub(crate) struct GatedLog {
    inner: Arc<dyn Log>,
    reads: AtomicU64,
    shut_below: watch::Sender<Position>,
    waiting: watch::Sender<u64>,
}

impl GatedLog {
    /// An open one.
    pub(crate) fn new(inner: Arc<dyn Log>) -> Self {
        let (reads, shut_below) = (AtomicU64::new(0), watch::Sender::new(Position(0)));
        Self { inner, reads, shut_below, waiting: watch::Sender::new(0) }
    }

    /// From now on, reads that begin below this position wait; nothing waits when it is 0.
    pub(crate) fn shut_below(&self, position: Position) {
        self.shut_below.send_replace(position);
    }

    /// Returns when so many reads wait.
    pub(crate) async fn until_waiting(&self, reads: u64) {
        self.waiting.subscribe().wait_for(|waiting| *waiting >= reads).await.expect("a log");
    }

    /// The reads since the last call.
    pub(crate) fn take_reads(&self) -> u64 {
        self.reads.swap(0, Ordering::Relaxed)
    }
}

impl Log for GatedLog {
    fn append<'a>(
        &'a self,
        expected_head: Position,
        group: &'a Bodies,
    ) -> BoxFuture<'a, Result<Position, AppendError>> {
        self.inner.append(expected_head, group)
    }

    fn read(&self, from: Position, limit: usize) -> BoxFuture<'_, Result<Page, ReadError>> {
        async move {
            self.reads.fetch_add(1, Ordering::Relaxed);
            if from < *self.shut_below.borrow() {
                self.waiting.send_modify(|waiting| *waiting += 1);
                self.shut_below.subscribe().wait_for(|shut| from >= *shut).await.expect("a log");
                self.waiting.send_modify(|waiting| *waiting -= 1);
            }
            self.inner.read(from, limit).await
        }
        .boxed()
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, ReadError>> {
        self.inner.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, ()> {
        self.inner.wait_past(position)
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
}
