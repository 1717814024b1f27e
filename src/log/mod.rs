//! The event log: one dense order of events, appended in whole groups at an expected head.
//!
//! [`Log`] is what the rest of the service knows; [`memory`], [`sqlite`] and [`postgres`] are among its
//! adapters. One contract suite (`tests/it/log_contract`) holds for every adapter.

mod bodies;
pub mod faulty;
#[cfg(feature = "eventstoredb")]
pub mod kurrent;
pub mod memory;
pub mod postgres;
mod recent;
pub mod sqlite;

pub use bodies::{Bodies, Page};
pub use recent::Recent;

use events::{MAX_EVENT_BYTES, Position};
use futures::future::BoxFuture;

/// An append-only log of events at dense positions from 0.
///
/// The expected head of [`append`](Log::append) is both the concurrency control and the fence:
/// of any number of writers at one head exactly one wins.
pub trait Log: Send + Sync + 'static {
    /// Appends the whole group at `expected_head`, durably, or nothing of it; returns the new head.
    ///
    /// The append goes on when the returned future is dropped after its first poll: it then ends,
    /// unseen, as committed or as not written, never in between.
    ///
    /// # Errors
    /// See [`AppendError`]. Nothing is written for an empty group or an event without bytes
    /// ([`AppendError::Unavailable`]), for an event over 65,535 bytes or for a group over
    /// [`Capabilities::max_append_bytes`] ([`AppendError::TooLarge`]).
    fn append<'a>(
        &'a self,
        expected_head: Position,
        group: &'a Bodies,
    ) -> BoxFuture<'a, Result<Position, AppendError>>;

    /// The events from `from` on, without a gap: at most `limit`, and fewer when the adapter
    /// bounds its pages. Only an empty page (or a `limit` of 0) means that `from` is at or past the
    /// head.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] when a position below the head holds no event.
    fn read(&self, from: Position, limit: usize) -> BoxFuture<'_, Result<Page, ReadError>>;

    /// The number of committed events, which is the position of the next one.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when the store can't be asked.
    fn head(&self) -> BoxFuture<'_, Result<Position, ReadError>>;

    /// Resolves when the head is past `position`, so that an event is there to be read.
    ///
    /// A hint: it may also resolve early, or late for appends of another process. Read to know.
    fn wait_past(&self, position: Position) -> BoxFuture<'_, ()>;

    /// What this adapter can take.
    fn capabilities(&self) -> Capabilities;
}

/// What an adapter can take, and what it promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The most bytes of events in one append; larger groups are [`AppendError::TooLarge`].
    pub max_append_bytes: usize,
    /// Whether an appended event survives a crash of the process and a loss of power.
    pub durable: bool,
}

/// Why an append gave no new head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Nothing was written: the log had another head than the expected one.
    #[error("the head of the log is {head}, not the expected one: another writer appended")]
    HeadMoved {
        /// The head that the log has.
        head: Position,
    },
    /// Nothing was written; the same append may succeed later. Says what to do about it.
    #[error("the event log can't be written: {0}")]
    Unavailable(String),
    /// The group may be written or not, whole in either case.
    ///
    /// Where reads still answer, reading on from the expected head tells. On SQLite they don't:
    /// see [`sqlite::SqliteLog`].
    #[error("it is unknown whether the events were written: {0}")]
    Indeterminate(String),
    /// Nothing was written: an event or the group is over its limit.
    #[error("{bytes} bytes are too many for one append: the limit is {limit}")]
    TooLarge {
        /// Size of the event or of the group, in bytes.
        bytes: usize,
        /// The limit it is over, in bytes.
        limit: usize,
    },
}

/// Why a read gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The store doesn't answer; says why.
    #[error("the event log can't be read: {0}")]
    Unavailable(String),
    /// The store breaks the log's own rules. No reader may go on past this.
    #[error("the event log is corrupt at position {position}: {detail}")]
    Corrupt {
        /// The first position that is wrong.
        position: Position,
        /// What is wrong with it.
        detail: String,
    },
}

/// The sizes that every adapter checks before it writes anything.
fn check_sizes(group: &Bodies, max_append_bytes: usize) -> Result<(), AppendError> {
    if group.is_empty() {
        return Err(AppendError::Unavailable("a group without events can't be appended".to_owned()));
    }
    for body in group.iter() {
        match body.len() {
            0 => {
                return Err(AppendError::Unavailable("an event without bytes can't be appended".to_owned()));
            }
            1..=MAX_EVENT_BYTES => {}
            bytes => {
                return Err(AppendError::TooLarge { bytes, limit: MAX_EVENT_BYTES });
            }
        }
    }
    if group.byte_len() > max_append_bytes {
        return Err(AppendError::TooLarge { bytes: group.byte_len(), limit: max_append_bytes });
    }
    Ok(())
}
