//! Reading pages of events, over a few connections.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use events::{MAX_EVENT_BYTES, Position};
use futures::{FutureExt, future::BoxFuture};
use sqlx::PgConnection;
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

use super::{
    failure,
    server::{ANSWER, Server},
};
use crate::log::{Bodies, Page, ReadError};

/// The head, and the events from `$2` up to `$3` as one row, because a row of its own for each costs
/// more to fetch. The first is there at any size, the others as long as they are 16 MiB together.
const PAGE: &str = "SELECT (SELECT head FROM credit_ledger.log_heads WHERE ledger = $1), \
     count(*), min(position), max(position), array_agg(octet_length(body)), string_agg(body, ''::bytea) \
     FROM (SELECT position, body, sum(octet_length(body)) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS bytes \
           FROM credit_ledger.events WHERE ledger = $1 AND position >= $2 AND position < $3) AS events \
     WHERE bytes <= 16777216 OR position = $2";

const HEAD: &str = "SELECT head FROM credit_ledger.log_heads WHERE ledger = $1";

/// The first position of ledger `$1` from `$2` up to and with `$3` that holds no event.
const HOLE: &str = "SELECT min(due) FROM generate_series($2, $3) AS due \
     WHERE NOT EXISTS (SELECT FROM credit_ledger.events WHERE ledger = $1 AND position = due)";

/// The most events of one page.
const PAGE_EVENTS_MAX: usize = 65_536;
/// The most bytes of one page, as [`PAGE`] has it.
const PAGE_BYTES_MAX: usize = 16 << 20;

/// Readers are few and short: the projections, the feed and single lookups.
const CONNECTIONS_MAX: usize = 4;

/// How long reads wait for the server to come back while somebody must know what became of an append.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

type PageRow = (i64, i64, Option<i64>, Option<i64>, Option<Vec<i32>>, Option<Vec<u8>>);

pub(super) struct Reader {
    server: Server,
    number: i16,
    permits: Semaphore,
    idle: Mutex<Vec<PgConnection>>,
    /// Whether an append ended without anyone knowing how, and nothing was read since.
    patient: AtomicBool,
}

impl Reader {
    pub(super) fn new(server: Server, number: i16) -> Self {
        Self {
            server,
            number,
            permits: Semaphore::new(CONNECTIONS_MAX),
            idle: Mutex::default(),
            patient: AtomicBool::new(false),
        }
    }

    /// From now on a read waits until the server answers again, for ten seconds at most.
    pub(super) fn be_patient(&self) {
        self.patient.store(true, Ordering::Release);
    }

    pub(super) async fn page(&self, from: Position, limit: usize) -> Result<Page, ReadError> {
        let empty = Page { first: from, bodies: Bodies::default() };
        // PostgreSQL counts to 2^63 - 1, which no log reaches: beyond it there is nothing to read.
        let Ok(start) = i64::try_from(from.get()) else {
            return Ok(empty);
        };
        let wanted = limit.min(PAGE_EVENTS_MAX).cast_signed() as i64;
        let end = start.saturating_add(wanted);
        let row: PageRow = self
            .ask(|connection| {
                sqlx::query_as(PAGE).bind(self.number).bind(start).bind(end).fetch_one(connection).boxed()
            })
            .await?;
        let (head, count, first, last, lengths, bytes) = row;
        let due = end.min(head) - start;
        if due <= 0 {
            return Ok(empty);
        }
        let (Some(first), Some(last), Some(lengths), Some(bytes)) = (first, last, lengths, bytes) else {
            return Err(hole(start));
        };
        if first != start {
            return Err(hole(start));
        }
        if last - first + 1 != count {
            return Err(hole(self.first_hole(start, last).await?));
        }
        if count < due && bytes.len() + MAX_EVENT_BYTES <= PAGE_BYTES_MAX {
            return Err(hole(last + 1));
        }
        let lengths = lengths.iter().map(|length| length.cast_unsigned());
        let bodies = Bodies::cut(bytes, lengths).filter(|bodies| bodies.len() as i64 == count);
        match bodies {
            Some(bodies) => Ok(Page { first: from, bodies }),
            None => Err(corrupt(start, "the lengths of the events on this page don't add up".to_owned())),
        }
    }

    pub(super) async fn head(&self) -> Result<Position, ReadError> {
        self.ask(|connection| self.query_head(connection)).await.map(position)
    }

    /// The head, or at once why not.
    pub(super) async fn head_now(&self) -> Result<Position, ReadError> {
        self.ask_now(&|connection| self.query_head(connection)).await.map(position)
    }

    /// Closes every connection; later reads find the log closed.
    pub(super) fn close(&self) {
        self.permits.close();
        self.idle().clear();
    }

    fn query_head<'c>(&self, connection: &'c mut PgConnection) -> BoxFuture<'c, Result<i64, sqlx::Error>> {
        sqlx::query_scalar(HEAD).bind(self.number).fetch_one(connection).boxed()
    }

    async fn first_hole(&self, start: i64, last: i64) -> Result<i64, ReadError> {
        self.ask(|connection| {
            sqlx::query_scalar(HOLE).bind(self.number).bind(start).bind(last).fetch_one(connection).boxed()
        })
        .await
    }

    async fn ask<T>(&self, query: impl Query<T>) -> Result<T, ReadError> {
        if !self.patient.load(Ordering::Acquire) {
            return self.ask_now(&query).await;
        }
        let answered = timeout(PATIENCE, async {
            loop {
                match self.ask_now(&query).await {
                    Err(_) if !self.permits.is_closed() => sleep(PAUSE).await,
                    answer => return answer,
                }
            }
        });
        match answered.await {
            Ok(answer) => {
                self.patient.store(false, Ordering::Release);
                answer
            }
            Err(_) => self.ask_now(&query).await,
        }
    }

    async fn ask_now<T>(&self, query: &impl Query<T>) -> Result<T, ReadError> {
        let closed = |_| ReadError::Unavailable("it is closed".to_owned());
        let _permit = self.permits.acquire().await.map_err(closed)?;
        let idle = self.idle().pop();
        if let Some(connection) = idle
            && let Some(answer) = self.ask_over(connection, query).await
        {
            return answer;
        }
        // There was none, or it had been lost while it was idle; then the others may be lost as well.
        self.idle().clear();
        let connection = self.server.connect().await;
        let connection = connection.map_err(|unusable| self.unavailable(&unusable.to_string()))?;
        let answer = self.ask_over(connection, query).await;
        answer.unwrap_or_else(|| Err(self.unavailable("the connection was lost")))
    }

    /// The answer, or `None` when the connection is lost.
    async fn ask_over<T>(
        &self,
        mut connection: PgConnection,
        query: &impl Query<T>,
    ) -> Option<Result<T, ReadError>> {
        let answer = match timeout(ANSWER, query(&mut connection)).await {
            Ok(Err(error)) if failure::is_lost(&error) => return None,
            Ok(answer) => answer,
            Err(_) => {
                return Some(Err(self.unavailable(&format!("no answer within {} s", ANSWER.as_secs()))));
            }
        };
        self.idle().push(connection);
        Some(answer.map_err(|error| failure::of_read(&error)))
    }

    fn unavailable(&self, why: &str) -> ReadError {
        ReadError::Unavailable(format!("{}: {why}", self.server.shown()))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One statement, which is asked again over a new connection when an idle one turns out to be lost.
trait Query<T>: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + Sync {}

impl<T, F> Query<T> for F where
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + Sync
{
}

fn position(stored: i64) -> Position {
    Position(stored.cast_unsigned())
}

fn hole(position: i64) -> ReadError {
    corrupt(position, "there is no event, but there are events after it".to_owned())
}

fn corrupt(position: i64, detail: String) -> ReadError {
    ReadError::Corrupt { position: Position(position.cast_unsigned()), detail }
}
