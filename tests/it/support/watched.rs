//! A log that remembers how large each append was.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credit_ledger::log::{AppendError, Bodies, Capabilities, Log, Page, ReadError};
use events::Position;
use futures::{FutureExt, future::BoxFuture};

/// One append: how many events, and how many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

/// Does as the log within, and remembers.
pub(crate) struct WatchedLog {
    inner: Arc<dyn Log>,
    appends: Mutex<Vec<Appended>>,
}

impl WatchedLog {
    pub(crate) fn new(inner: Arc<dyn Log>) -> Self {
        Self { inner, appends: Mutex::default() }
    }

    /// The appends since the last call, in order.
    pub(crate) fn take(&self) -> Vec<Appended> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Appended>> {
        self.appends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for WatchedLog {
    fn append<'a>(
        &'a self,
        expected_head: Position,
        group: &'a Bodies,
    ) -> BoxFuture<'a, Result<Position, AppendError>> {
        self.lock().push(Appended { events: group.len(), bytes: group.byte_len() });
        self.inner.append(expected_head, group)
    }

    fn read(&self, from: Position, limit: usize) -> BoxFuture<'_, Result<Page, ReadError>> {
        self.inner.read(from, limit)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, ReadError>> {
        self.inner.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, ()> {
        async move { self.inner.wait_past(position).await }.boxed()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
}
