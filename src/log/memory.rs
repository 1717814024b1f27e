//! A log in memory, for tests and simulations.

use std::sync::{Mutex, MutexGuard, PoisonError};

use events::Position;
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::watch;

use super::{AppendError, Bodies, Capabilities, Log, Page, ReadError, check_sizes};

const MAX_APPEND_BYTES: usize = 8 << 20;

/// A log that lasts as long as its process.
#[derive(Debug)]
pub struct MemoryLog {
    bodies: Mutex<Vec<Box<[u8]>>>,
    head: watch::Sender<Position>,
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self { bodies: Mutex::default(), head: watch::Sender::new(Position(0)) }
    }

    /// A panic elsewhere can't leave the list half changed: it is extended by whole groups.
    fn bodies(&self) -> MutexGuard<'_, Vec<Box<[u8]>>> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append_now(&self, expected_head: Position, group: &Bodies) -> Result<Position, AppendError> {
        check_sizes(group, MAX_APPEND_BYTES)?;
        let mut bodies = self.bodies();
        let head = Position(bodies.len() as u64);
        if head != expected_head {
            return Err(AppendError::HeadMoved { head });
        }
        bodies.extend(group.iter().map(Box::from));
        let head = Position(bodies.len() as u64);
        self.head.send_replace(head);
        Ok(head)
    }

    fn read_now(&self, from: Position, limit: usize) -> Page {
        let bodies = self.bodies();
        let start = usize::try_from(from.get()).map_or(bodies.len(), |from| from.min(bodies.len()));
        Page { first: from, bodies: bodies[start..].iter().take(limit).collect() }
    }
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new()
    }
}

impl Log for MemoryLog {
    fn append<'a>(
        &'a self,
        expected_head: Position,
        group: &'a Bodies,
    ) -> BoxFuture<'a, Result<Position, AppendError>> {
        async move { self.append_now(expected_head, group) }.boxed()
    }

    fn read(&self, from: Position, limit: usize) -> BoxFuture<'_, Result<Page, ReadError>> {
        async move { Ok(self.read_now(from, limit)) }.boxed()
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, ReadError>> {
        async move { Ok(*self.head.borrow()) }.boxed()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, ()> {
        async move {
            let mut head = self.head.subscribe();
            // The sender lives in `self`, so the wait can't end for want of one.
            let _ = head.wait_for(|head| *head > position).await;
        }
        .boxed()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { max_append_bytes: MAX_APPEND_BYTES, durable: false }
    }
}
