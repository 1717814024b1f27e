//! The event log in KurrentDB, which was EventStoreDB until version 24.
//!
//! A ledger is one stream, an event's position its revision there, and a group one append at an exact
//! revision: the store compares, and takes all of the group or nothing. The client's subscriptions are not
//! used: one whose server ends it in order never yields again, and a stream that isn't there ends it in a
//! panic. Waiting is asking for the head again and again.

mod appender;
mod directory;
mod failure;
mod follow;
mod open;
mod proposed;
mod reader;
mod server;

pub use open::OpenError;

use std::{sync::Arc, time::Duration};

use events::{LedgerId, Position};
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use self::{appender::Appender, reader::Reader};
use super::{AppendError, Bodies, Capabilities, Log, Page, ReadError, check_sizes};

/// The most bytes of events in one append. The store takes 1 MiB and counts more than those: see
/// [`proposed::STORE_APPEND_BYTES_MAX`].
const MAX_APPEND_BYTES: usize = 832 << 10;

/// How long the log waits for its store.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// For the answer to one request. The store gives an append up by itself after a few seconds.
    pub answer: Duration,
    /// For the store to come back, in a read that must tell what became of an append.
    pub patience: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { answer: Duration::from_secs(10), patience: Duration::from_secs(10) }
    }
}

/// The event log of one ledger in KurrentDB.
///
/// Any number of processes may have it open: of those that append at one head, one wins. Appending again
/// what is already there, at the same position, is a success: the store knows its events by their bytes.
/// A lost connection is made anew by the next call. After an [`AppendError::Indeterminate`], reads wait
/// for the store to come back, so that the caller can find out what became of its group.
pub struct KurrentLog {
    ledger: LedgerId,
    reader: Arc<Reader>,
    appender: Arc<Appender>,
    /// The highest head that was seen, by whatever means.
    head: Arc<watch::Sender<Position>>,
    _follower: AbortOnDropHandle<()>,
}

impl KurrentLog {
    /// The ledger's id.
    #[must_use]
    pub const fn ledger(&self) -> LedgerId {
        self.ledger
    }
}

/// The stream of a ledger.
fn stream_of(ledger: LedgerId) -> String {
    format!("ledger-{}", ledger.0)
}

impl Log for KurrentLog {
    fn append<'a>(
        &'a self,
        expected_head: Position,
        group: &'a Bodies,
    ) -> BoxFuture<'a, Result<Position, AppendError>> {
        async move {
            check_sizes(group, MAX_APPEND_BYTES)?;
            Arc::clone(&self.appender).append(expected_head, group.clone()).await
        }
        .boxed()
    }

    fn read(&self, from: Position, limit: usize) -> BoxFuture<'_, Result<Page, ReadError>> {
        self.reader.page(from, limit).boxed()
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, ReadError>> {
        self.reader.head().boxed()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, ()> {
        async move {
            // The sender lives in `self`, so the wait can't end for want of one.
            let _ = self.head.subscribe().wait_for(|head| *head > position).await;
        }
        .boxed()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { max_append_bytes: MAX_APPEND_BYTES, durable: true }
    }
}
