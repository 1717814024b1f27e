//! Reading pages of events from `log.db`.

use std::time::Duration;

use events::Position;
use sqlx::SqlitePool;

use crate::log::{Bodies, Page, ReadError};

/// A page is one row, because a row of its own for each event costs three times as much to fetch.
///
/// The casts change no byte: a text of SQLite may hold anything, NUL included.
const PAGE: &str = "SELECT count(*), min(position), max(position), group_concat(length(body)), \
     CAST(group_concat(CAST(body AS TEXT), '') AS BLOB) \
     FROM (SELECT position, body FROM events WHERE position >= ?1 ORDER BY position LIMIT ?2)";

const HEAD: &str = "SELECT coalesce(max(position) + 1, 0) FROM events";

/// The first position from `?1` on that holds no event.
const HOLE: &str = "SELECT position + 1 FROM events AS e WHERE position >= ?1 \
     AND NOT EXISTS (SELECT 1 FROM events WHERE position = e.position + 1) ORDER BY position LIMIT 1";

/// The most events of one page: at 65,535 bytes each they stay below SQLite's limit of 1 GB a value.
const PAGE_EVENTS_MAX: usize = 4_000;

/// How often a reader without a writer in its process looks for new events.
const POLL: Duration = Duration::from_millis(250);

type PageRow = (i64, Option<i64>, Option<i64>, Option<String>, Option<Vec<u8>>);

pub(super) struct Reader {
    pool: SqlitePool,
}

impl Reader {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    pub(super) async fn page(&self, from: Position, limit: usize) -> Result<Page, ReadError> {
        let empty = Page { first: from, bodies: Bodies::default() };
        // SQLite counts to 2^63 - 1, which no log reaches: beyond it there is nothing to read.
        let Ok(start) = i64::try_from(from.get()) else {
            return Ok(empty);
        };
        let limit = limit.min(PAGE_EVENTS_MAX).cast_signed() as i64;
        let row: PageRow =
            sqlx::query_as(PAGE).bind(start).bind(limit).fetch_one(&self.pool).await.map_err(unavailable)?;
        let (count, Some(first), Some(last), Some(lengths), Some(bytes)) = row else {
            return Ok(empty);
        };
        if first != start {
            return Err(hole(start));
        }
        if last - first + 1 != count {
            return Err(hole(self.first_hole(start).await?));
        }
        let lengths = lengths.split(',').map_while(|length| length.parse().ok());
        let bodies = Bodies::cut(bytes, lengths).filter(|bodies| bodies.len() as i64 == count);
        match bodies {
            Some(bodies) => Ok(Page { first: from, bodies }),
            None => Err(corrupt(start, "the lengths of the events on this page don't add up".to_owned())),
        }
    }

    pub(super) async fn head(&self) -> Result<Position, ReadError> {
        let head: i64 = sqlx::query_scalar(HEAD).fetch_one(&self.pool).await.map_err(unavailable)?;
        Ok(Position(head.cast_unsigned()))
    }

    /// Polls, because the events come from another process if any come.
    pub(super) async fn wait_past(&self, position: Position) {
        while self.head().await.is_ok_and(|head| head <= position) {
            tokio::time::sleep(POLL).await;
        }
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    async fn first_hole(&self, start: i64) -> Result<i64, ReadError> {
        sqlx::query_scalar(HOLE).bind(start).fetch_one(&self.pool).await.map_err(unavailable)
    }
}

fn unavailable(error: sqlx::Error) -> ReadError {
    ReadError::Unavailable(error.to_string())
}

fn hole(position: i64) -> ReadError {
    corrupt(position, "there is no event, but there are events after it".to_owned())
}

fn corrupt(position: i64, detail: String) -> ReadError {
    ReadError::Corrupt { position: Position(position.cast_unsigned()), detail }
}
