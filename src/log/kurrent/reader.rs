//! Reading pages of events, always from the node that writes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use events::Position;
use eventstore::{Client, Error, ReadEvent, ReadStreamOptions, RecordedEvent, ResolvedEvent, StreamPosition};
use futures::{FutureExt, future::BoxFuture};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    Waits, failure,
    follow::seen,
    server::{Server, pause},
};
use crate::log::{Bodies, Page, ReadError};

/// The most events of one page.
const PAGE_EVENTS_MAX: usize = 8_192;
/// A page is full when it has at least as many bytes.
const PAGE_BYTES_MAX: usize = 8 << 20;

/// How often a read is tried before it fails.
const ATTEMPTS: u32 = 3;

pub(super) struct Reader {
    server: Arc<Server>,
    stream: String,
    waits: Waits,
    /// The highest head that was seen.
    head: Arc<watch::Sender<Position>>,
    /// Whether an append ended without anyone knowing how, and nothing was read since.
    patient: AtomicBool,
}

/// What a request brought.
struct Fetched {
    bodies: Bodies,
    /// Where the stream ends, if the store said so.
    last: Option<u64>,
    /// Whether there is such a stream.
    exists: bool,
}

/// Why a request brought nothing.
enum Failed {
    Store(Error),
    /// It ended in order without what it was asked for, or was never made.
    Empty(String),
    /// There was no answer in time.
    Slow,
    Wrong(ReadError),
}

impl Failed {
    /// Whether asking again may help.
    fn may_pass(&self) -> bool {
        match self {
            Self::Store(error) => !matches!(error, Error::AccessDenied | Error::ResourceDeleted),
            Self::Empty(_) | Self::Slow => true,
            Self::Wrong(_) => false,
        }
    }
}

/// One request, which is made again over another client when it fails.
trait Query<'q, T>: Fn(Client) -> BoxFuture<'q, Result<T, Failed>> + Send + Sync {}

impl<'q, T, F> Query<'q, T> for F where F: Fn(Client) -> BoxFuture<'q, Result<T, Failed>> + Send + Sync {}

impl Reader {
    pub(super) fn new(
        server: Arc<Server>,
        stream: String,
        waits: Waits,
        head: Arc<watch::Sender<Position>>,
    ) -> Self {
        Self { server, stream, waits, head, patient: AtomicBool::new(false) }
    }

    /// From now on a read waits until the store answers again.
    pub(super) fn be_patient(&self) {
        self.patient.store(true, Ordering::Release);
    }

    pub(super) async fn page(&self, from: Position, limit: usize) -> Result<Page, ReadError> {
        let empty = Page { first: from, bodies: Bodies::default() };
        // The store counts to 2^63 - 1, which no log reaches: beyond it there is nothing to read.
        if limit == 0 || i64::try_from(from.get()).is_err() {
            return Ok(empty);
        }
        let seen_before = self.seen();
        let fetched = self.ask(|client| self.fetch(client, from, limit).boxed()).await?;
        if !fetched.exists {
            self.must_be_new(seen_before)?;
            return Ok(empty);
        }
        if !fetched.bodies.is_empty() {
            let page = Page { first: from, bodies: fetched.bodies };
            seen(&self.head, page.next());
            return Ok(page);
        }
        if fetched.last.is_some_and(|last| last >= from.get()) {
            return Err(self.hole(from));
        }
        Ok(empty)
    }

    pub(super) async fn head(&self) -> Result<Position, ReadError> {
        let seen_before = self.seen();
        let last = self.ask(|client| self.last_of(client, &self.stream).boxed()).await?;
        self.head_after(last, seen_before)
    }

    /// The head, or at once why not.
    pub(super) async fn head_now(&self) -> Result<Position, ReadError> {
        let seen_before = self.seen();
        let asked = self.ask_once(&|client| self.last_of(client, &self.stream).boxed()).await;
        self.head_after(asked.map_err(|failed| self.why(failed))?, seen_before)
    }

    /// The last metadata that was set for the stream.
    pub(super) async fn metadata(&self) -> Result<Option<Vec<u8>>, ReadError> {
        let stream = format!("$${}", self.stream);
        let last = self.ask(|client| self.last_of(client, &stream).boxed()).await?;
        Ok(last.map(|event| event.data.to_vec()))
    }

    fn head_after(&self, last: Option<RecordedEvent>, seen_before: Position) -> Result<Position, ReadError> {
        let Some(last) = last else {
            self.must_be_new(seen_before)?;
            return Ok(Position(0));
        };
        let head = Position(last.revision).next();
        seen(&self.head, head);
        Ok(head)
    }

    fn seen(&self) -> Position {
        *self.head.borrow()
    }

    /// An error unless no event had been seen when the store was asked, which found no stream.
    fn must_be_new(&self, seen_before: Position) -> Result<(), ReadError> {
        if seen_before == Position(0) {
            return Ok(());
        }
        Err(self.corrupt(Position(0), "the stream was deleted"))
    }

    async fn fetch(&self, client: Client, from: Position, limit: usize) -> Result<Fetched, Failed> {
        let options = ReadStreamOptions::default()
            .position(StreamPosition::Position(from.get()))
            .max_count(limit.min(PAGE_EVENTS_MAX))
            .requires_leader(true);
        let mut fetched = Fetched { bodies: Bodies::default(), last: None, exists: true };
        let mut answer = match client.read_stream(self.stream.as_str(), &options).await {
            Err(Error::ResourceNotFound) => return Ok(Fetched { exists: false, ..fetched }),
            answer => answer.map_err(Failed::Store)?,
        };
        while fetched.bodies.byte_len() < PAGE_BYTES_MAX {
            match answer.next_read_event().await {
                Ok(Some(ReadEvent::Event(event))) => {
                    let due = from.plus(fetched.bodies.len() as u64);
                    let event = recorded(event).filter(|event| event.revision == due.get());
                    let event = event.ok_or_else(|| Failed::Wrong(self.hole(due)))?;
                    fetched.bodies.push(&event.data);
                }
                Ok(Some(ReadEvent::LastStreamPosition(last))) => fetched.last = Some(last),
                Ok(Some(ReadEvent::FirstStreamPosition(_) | ReadEvent::LastAllStreamPosition(_))) => {}
                // A whole answer says where the stream ends.
                Ok(None) if fetched.bodies.is_empty() && fetched.last.is_none() => return Err(broken_off()),
                Ok(None) => break,
                Err(Error::ResourceNotFound) => return Ok(Fetched { exists: false, ..fetched }),
                Err(error) => return Err(Failed::Store(error)),
            }
        }
        Ok(fetched)
    }

    /// The last event of a stream, if there is such a stream.
    async fn last_of(&self, client: Client, stream: &str) -> Result<Option<RecordedEvent>, Failed> {
        let options =
            ReadStreamOptions::default().position(StreamPosition::End).max_count(1).requires_leader(true);
        let answer = async { client.read_stream(stream, &options).await?.next().await };
        match answer.await {
            Ok(Some(event)) => Ok(recorded(event)),
            Ok(None) => Err(broken_off()),
            Err(Error::ResourceNotFound) => Ok(None),
            Err(error) => Err(Failed::Store(error)),
        }
    }
    async fn ask<'q, T>(&self, query: impl Query<'q, T>) -> Result<T, ReadError> {
        if self.patient.load(Ordering::Acquire)
            && let Ok(answer) = timeout(self.waits.patience, self.ask_up_to(u32::MAX, &query)).await
        {
            self.patient.store(false, Ordering::Release);
            return answer;
        }
        self.ask_up_to(ATTEMPTS, &query).await
    }

    async fn ask_up_to<'q, T>(&self, attempts: u32, query: &impl Query<'q, T>) -> Result<T, ReadError> {
        let mut attempt = 1;
        loop {
            match self.ask_once(query).await {
                Ok(answer) => return Ok(answer),
                Err(failed) if attempt < attempts && failed.may_pass() => sleep(pause(attempt)).await,
                Err(failed) => return Err(self.why(failed)),
            }
            attempt += 1;
        }
    }

    async fn ask_once<'q, T>(&self, query: &impl Query<'q, T>) -> Result<T, Failed> {
        let lent = self.server.client().await.map_err(Failed::Empty)?;
        let answer = timeout(self.waits.answer, query(lent.client.clone())).await;
        let answer = answer.unwrap_or(Err(Failed::Slow));
        match &answer {
            Ok(_) | Err(Failed::Wrong(_)) => self.server.worked(&lent).await,
            Err(Failed::Store(error)) => self.server.failed(&lent, Some(error)).await,
            Err(Failed::Empty(_) | Failed::Slow) => self.server.failed(&lent, None).await,
        }
        answer
    }

    fn why(&self, failed: Failed) -> ReadError {
        match failed {
            Failed::Wrong(error) => error,
            Failed::Store(error @ Error::ResourceDeleted) => {
                self.corrupt(Position(0), &failure::words(&error))
            }
            Failed::Store(error) => self.unavailable(&failure::words(&error)),
            Failed::Empty(why) => self.unavailable(&why),
            Failed::Slow => self.unavailable(&format!("no answer within {} s", self.waits.answer.as_secs())),
        }
    }

    fn hole(&self, position: Position) -> ReadError {
        self.corrupt(position, "there is no event, but there are events after it")
    }

    fn corrupt(&self, position: Position, what: &str) -> ReadError {
        ReadError::Corrupt { position, detail: format!("stream {} of {}: {what}", self.stream, self.server) }
    }

    fn unavailable(&self, why: &str) -> ReadError {
        ReadError::Unavailable(format!("{}: {why}", self.server))
    }
}

fn broken_off() -> Failed {
    Failed::Empty("the answer ended before its first event".to_owned())
}

/// The event in the stream itself: of a link, the link.
fn recorded(event: ResolvedEvent) -> Option<RecordedEvent> {
    event.link.or(event.event)
}
