//! The event log in an SQLite file, `log.db`.
//!
//! One row an event and one statement a group, so that an append writes little more than the
//! events' own bytes. One task owns the only connection that writes; readers have their own.

mod checkpoint;
mod failure;
mod lock;
mod open;
mod reader;
mod writer;

pub use open::{LOCK_FILE, LOG_FILE, OpenError};

use events::Position;
use futures::{FutureExt, future::BoxFuture};

use self::{failure::Halt, reader::Reader, writer::Writer};
use super::{AppendError, Bodies, Capabilities, Log, Page, ReadError, check_sizes};

/// The most bytes of one append. It bounds the write-ahead log's growth and the memory of a group.
const MAX_APPEND_BYTES: usize = 8 << 20;

/// The event log in the file `log.db` of a data directory.
///
/// After an [`AppendError::Indeterminate`] the handle is of no further use: appends are refused with
/// the same error and reads fail. When a sync to the disk has failed, what this process reads back
/// may not be what the disk holds, so only a new process can tell: exit, and open the log again.
pub struct SqliteLog {
    reader: Reader,
    /// Absent when the log was opened for reading only.
    writer: Option<Writer>,
    halt: Halt,
}

/// What a closed log left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// `log.db` holds every event.
    InOneFile,
    /// Events may be in the write-ahead log beside `log.db` alone: whoever copies, moves or deletes one
    /// without the other loses them.
    InTwoFiles,
    /// It was open for reading only, or closed already.
    AsItWas,
}

impl SqliteLog {
    /// Waits for the append in progress, moves the write-ahead log into `log.db`, closes every
    /// connection and lets go of the lock. Later calls find the log unavailable.
    ///
    /// Dropping the log is safe as well; it only leaves that work to the next start.
    pub async fn close(&self) -> Closed {
        self.reader.close().await;
        match &self.writer {
            Some(writer) => writer.close().await,
            None => Closed::AsItWas,
        }
    }

    /// Runs one statement on the writing connection, so that a test can fill or lock the database.
    ///
    /// # Errors
    /// What SQLite says.
    #[doc(hidden)]
    pub async fn run_on_writer(&self, statement: &'static str) -> Result<(), String> {
        match &self.writer {
            Some(writer) => writer.run(statement).await,
            None => Err("the log is open for reading only".to_owned()),
        }
    }
}

impl Log for SqliteLog {
    fn append<'a>(
        &'a self,
        expected_head: Position,
        group: &'a Bodies,
    ) -> BoxFuture<'a, Result<Position, AppendError>> {
        async move {
            check_sizes(group, MAX_APPEND_BYTES)?;
            match &self.writer {
                Some(writer) => writer.append(expected_head, group).await,
                None => Err(AppendError::Unavailable("it is open for reading only".to_owned())),
            }
        }
        .boxed()
    }

    fn read(&self, from: Position, limit: usize) -> BoxFuture<'_, Result<Page, ReadError>> {
        async move {
            self.halt.check_read()?;
            self.reader.page(from, limit).await
        }
        .boxed()
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, ReadError>> {
        async move {
            self.halt.check_read()?;
            self.reader.head().await
        }
        .boxed()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, ()> {
        async move {
            let told = match &self.writer {
                Some(writer) => writer.wait_past(position).await,
                None => false,
            };
            if !told {
                self.reader.wait_past(position).await;
            }
        }
        .boxed()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { max_append_bytes: MAX_APPEND_BYTES, durable: true }
    }
}
