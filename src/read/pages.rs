//! The log, decoded ahead of whoever folds it.

use std::sync::Arc;

use events::{DecodeError, Position, Recorded, decode};
use futures::{Stream, StreamExt, stream};
use tokio::sync::Semaphore;

use crate::log::{Log, Page, ReadError};

/// Events of one page.
pub const PAGE: u64 = 2_000;

/// Pages read or decoded ahead of the fold. Reading and decoding take most of a replay and run beside
/// the folding; with fewer pages cores stand idle while one stage waits for the other.
const AHEAD: usize = 6;

/// Reads at the same time: fewer than the log has connections, so that others' reads don't wait.
const READS: usize = 3;

/// Events of one read. The store copies a result several times: this small, the copies stay in the
/// cache and the allocator doesn't get their memory from the kernel, and clear it, each time.
const READ: usize = 500;

/// A page of the log, decoded.
#[derive(Debug)]
pub struct Decoded {
    /// Where the first event is stored.
    pub first: Position,
    /// The events, as they were stored from there on.
    pub events: Vec<Recorded>,
}

impl Decoded {
    /// Each event with the position at which it is stored.
    pub fn iter(&self) -> impl Iterator<Item = (Position, &Recorded)> {
        (self.first.get()..).map(Position).zip(&self.events)
    }
}

/// Why a page cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PageFault {
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is stored there is no event that this version can read.
    #[error("the event at position {position} can't be read: {error}")]
    Undecodable {
        /// Where.
        position: Position,
        /// Why.
        error: DecodeError,
    },
}

/// The events from `from` up to, not including, `to`, which is at most the head: in order, in pages
/// of [`PAGE`] (the last one is shorter). Must run inside a tokio runtime.
pub fn decoded(
    log: Arc<dyn Log>,
    from: Position,
    to: Position,
) -> impl Stream<Item = Result<Decoded, PageFault>> + Send {
    let reads = Arc::new(Semaphore::new(READS));
    let starts = (from.get()..to.get()).step_by(PAGE as usize);
    let pages = starts.map(move |start| {
        let length = PAGE.min(to.get() - start) as usize;
        (Source { log: log.clone(), reads: reads.clone() }, Position(start), length)
    });
    // A task each, so that the next pages come in while this one is folded.
    let tasks = pages.map(|(source, first, length)| async move {
        let task = tokio::spawn(fetch(source, first, length));
        task.await.unwrap_or_else(|error| Err(unavailable(&error)))
    });
    stream::iter(tasks).buffered(AHEAD)
}

/// The log, and whose turn it is to read it.
struct Source {
    log: Arc<dyn Log>,
    reads: Arc<Semaphore>,
}

impl Source {
    async fn read(&self, from: Position, limit: usize) -> Result<Page, ReadError> {
        let _turn = self.reads.acquire().await.expect("nobody closes it");
        self.log.read(from, limit).await
    }
}

/// Reads exactly `length` events, in several reads.
async fn fetch(source: Source, first: Position, length: usize) -> Result<Decoded, PageFault> {
    let mut events = Vec::with_capacity(length);
    while events.len() < length {
        let next = first.plus(events.len() as u64);
        let page = source.read(next, READ.min(length - events.len())).await?;
        if page.is_empty() {
            let detail = "the log ends here, though it was longer".to_owned();
            return Err(ReadError::Corrupt { position: next, detail }.into());
        }
        let decoding = tokio::task::spawn_blocking(move || decode_page(&page, events));
        events = decoding.await.map_err(|error| unavailable(&error))??;
    }
    Ok(Decoded { first, events })
}

fn decode_page(page: &Page, mut events: Vec<Recorded>) -> Result<Vec<Recorded>, PageFault> {
    for (position, body) in page.iter() {
        events.push(decode(body).map_err(|error| PageFault::Undecodable { position, error })?);
    }
    Ok(events)
}

fn unavailable(error: &tokio::task::JoinError) -> PageFault {
    ReadError::Unavailable(error.to_string()).into()
}
