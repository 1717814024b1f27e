//! The event log in PostgreSQL.
//!
//! One row an event and one call of one function a group (`append_events` in
//! `migrations/postgres/log`). One task owns the only connection that appends; readers share a few,
//! and one more listens for appends of other processes.

mod appender;
mod failure;
mod follow;
mod migrate;
mod open;
mod reader;
mod server;

pub use migrate::{MigrateError, Migrated, Migration, PARTITION_EVENTS, migrate};
pub use open::OpenError;

use std::sync::Arc;

use events::{LedgerId, Position};
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use self::{appender::Appender, reader::Reader};
use super::{AppendError, Bodies, Capabilities, Log, Page, ReadError, check_sizes};

/// What `credit-ledger migrate` runs for the log, in this order.
pub const MIGRATIONS: &[Migration] = &[
    ("log/0001_events", include_str!("../../../migrations/postgres/log/0001_events.sql")),
    (
        "log/0002_ledgers_told_apart",
        include_str!("../../../migrations/postgres/log/0002_ledgers_told_apart.sql"),
    ),
];

/// The most bytes of one append. It bounds the memory of a group here and in the server.
const MAX_APPEND_BYTES: usize = 8 << 20;

/// The event log of one ledger in a PostgreSQL database.
///
/// Any number of processes may have it open: of those that append at one head, one wins. A lost
/// connection is made anew by the next call. After an [`AppendError::Indeterminate`], reads wait up to
/// ten seconds for the server to come back, so that the caller can find out what became of its group.
pub struct PostgresLog {
    ledger: LedgerId,
    number: i16,
    reader: Arc<Reader>,
    /// Absent when the log was opened for reading only.
    appender: Option<Appender>,
    /// The highest head that was seen, by whatever means.
    head: Arc<watch::Sender<Position>>,
    follower: AbortOnDropHandle<()>,
}

impl PostgresLog {
    /// The ledger's id.
    #[must_use]
    pub const fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// The ledger's number in this database, which is in the key of every row.
    #[must_use]
    pub const fn number(&self) -> i16 {
        self.number
    }

    /// Waits for the append in progress and closes every connection. Later calls find the log
    /// unavailable. Dropping the log is safe as well.
    pub async fn close(&self) {
        self.follower.abort();
        if let Some(appender) = &self.appender {
            appender.close().await;
        }
        self.reader.close();
        // Whoever waits for an event looks, and finds the log closed.
        self.head.send_replace(Position(u64::MAX));
    }
}

impl Log for PostgresLog {
    fn append<'a>(
        &'a self,
        expected_head: Position,
        group: &'a Bodies,
    ) -> BoxFuture<'a, Result<Position, AppendError>> {
        async move {
            check_sizes(group, MAX_APPEND_BYTES)?;
            match &self.appender {
                Some(appender) => appender.append(expected_head, group).await,
                None => Err(AppendError::Unavailable("it is open for reading only".to_owned())),
            }
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
