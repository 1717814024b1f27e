//! The one task that writes to `log.db`.

use std::fmt::Write;

use events::Position;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Closed,
    checkpoint::{CheckpointRow, Checkpointer},
    failure::{Halt, remedy, words},
    lock::DirectoryLock,
};
use crate::log::{AppendError, Bodies};

/// Appends the events `?1`, back to back and cut as `?3` says, at the expected head `?2`.
///
/// A statement is a transaction of its own, so there is none that could be left open, and a whole
/// group crosses to SQLite's thread once. `?3` is a JSON array of `offset << 16 | length`.
const APPEND: &str = "INSERT INTO events (position, body) \
     SELECT ?2 + key, substr(?1, (value >> 16) + 1, value & 65535) FROM json_each(?3) \
     WHERE (SELECT coalesce(max(position) + 1, 0) FROM events) = ?2";

const HEAD: &str = "SELECT coalesce(max(position) + 1, 0) FROM events";

/// Moves all of the write-ahead log into the database and waits until no reader uses it, so that the next append starts it afresh.
const RESTART: &str = "PRAGMA wal_checkpoint(RESTART)";

/// How long a restart of the write-ahead log may wait for readers, and everything else again.
const WAIT_BRIEFLY: &str = "PRAGMA busy_timeout = 20";
const WAIT: &str = "PRAGMA busy_timeout = 5000";

/// The whole write-ahead log goes into the database, so that the next start finds nothing to do.
const LAST_CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// From this length on, in pages, which is 64 MiB, the write-ahead log is started afresh. Readers that
/// follow the head closely overlap each other, and would keep that from ever happening by itself.
const WAL_PAGES_MAX: i64 = 8192;

/// Appends that wait while one is written. The engine sends one at a time.
const QUEUE_MAX: usize = 16;

enum Request {
    Append { append: Append, answer: oneshot::Sender<Result<Position, AppendError>> },
    Run { statement: &'static str, answer: oneshot::Sender<Result<(), String>> },
    Close { done: oneshot::Sender<Closed> },
}

struct Append {
    expected_head: i64,
    bytes: Vec<u8>,
    cuts: String,
    events: u64,
}

/// The way to the writing task. Dropping it ends the task.
pub(super) struct Writer {
    requests: mpsc::Sender<Request>,
    head: watch::Receiver<Position>,
    halt: Halt,
}

impl Writer {
    /// Gives the connections and the lock to a task of their own.
    pub(super) fn start(
        connection: SqliteConnection,
        checkpointer: Checkpointer,
        head: Position,
        halt: Halt,
        lock: DirectoryLock,
    ) -> Self {
        let (requests, received) = mpsc::channel(QUEUE_MAX);
        let (head, watched) = watch::channel(head);
        let restart_above = WAL_PAGES_MAX;
        let task = Task { connection, checkpointer, head, halt: halt.clone(), restart_above };
        tokio::spawn(task.serve(received, lock));
        Self { requests, head: watched, halt }
    }

    pub(super) async fn append(
        &self,
        expected_head: Position,
        group: &Bodies,
    ) -> Result<Position, AppendError> {
        self.halt.check_append()?;
        let append = Append::new(expected_head, group)?;
        let (answer, answered) = oneshot::channel();
        if self.requests.send(Request::Append { append, answer }).await.is_err() {
            return Err(AppendError::Unavailable("it is closed".to_owned()));
        }
        match answered.await {
            Ok(result) => result,
            Err(_) => Err(AppendError::Indeterminate("the log was closed during the append".to_owned())),
        }
    }

    /// Waits for events at `position`; `false` when none will come, because the writing task is gone.
    pub(super) async fn wait_past(&self, position: Position) -> bool {
        self.head.clone().wait_for(|head| *head > position).await.is_ok()
    }

    pub(super) async fn run(&self, statement: &'static str) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        let sent = self.requests.send(Request::Run { statement, answer }).await;
        sent.map_err(|_| "closed".to_owned())?;
        answered.await.map_err(|_| "closed".to_owned())?
    }

    pub(super) async fn close(&self) -> Closed {
        let (done, closed) = oneshot::channel();
        if self.requests.send(Request::Close { done }).await.is_err() {
            return Closed::AsItWas;
        }
        closed.await.unwrap_or(Closed::InTwoFiles)
    }
}

impl Append {
    fn new(expected_head: Position, group: &Bodies) -> Result<Self, AppendError> {
        // SQLite counts to 2^63 - 1; no log is that long.
        let expected_head = i64::try_from(expected_head.get())
            .map_err(|_| AppendError::Unavailable(format!("position {expected_head} can't be stored")))?;
        let mut cuts = String::with_capacity(group.len() * 12 + 2);
        let mut offset = 0;
        for body in group.iter() {
            let separator = if offset == 0 { '[' } else { ',' };
            write!(cuts, "{separator}{}", offset << 16 | body.len()).expect("writing to a String can't fail");
            offset += body.len();
        }
        cuts.push(']');
        Ok(Self { expected_head, bytes: group.bytes().to_vec(), cuts, events: group.len() as u64 })
    }
}

struct Task {
    connection: SqliteConnection,
    head: watch::Sender<Position>,
    halt: Halt,
    checkpointer: Checkpointer,
    /// Pages in the write-ahead log above which it is started afresh.
    restart_above: i64,
}

impl Task {
    async fn serve(mut self, mut requests: mpsc::Receiver<Request>, lock: DirectoryLock) {
        let mut done = None;
        while let Some(request) = requests.recv().await {
            match request {
                Request::Append { append, answer } => {
                    // Whoever asked may be gone; the append is whole all the same.
                    let _ = answer.send(self.append(append).await);
                    self.tend_checkpoints().await;
                }
                Request::Run { statement, answer } => {
                    let result = sqlx::raw_sql(statement).execute(&mut self.connection).await;
                    let _ = answer.send(result.map(drop).map_err(|error| error.to_string()));
                }
                Request::Close { done: asked } => {
                    done = Some(asked);
                    break;
                }
            }
        }
        drop(requests);
        let closed = self.finish().await;
        drop(lock);
        if let Some(done) = done {
            let _ = done.send(closed);
        }
    }

    async fn append(&mut self, append: Append) -> Result<Position, AppendError> {
        self.halt.check_append()?;
        let Append { expected_head, bytes, cuts, events } = append;
        self.checkpointer.written(bytes.len());
        let query = sqlx::query(APPEND).bind(bytes).bind(expected_head).bind(cuts);
        match query.execute(&mut self.connection).await {
            Ok(result) if result.rows_affected() == events => {
                let head = position(expected_head).plus(events);
                self.head.send_replace(head);
                Ok(head)
            }
            Ok(result) if result.rows_affected() == 0 => match self.read_head().await {
                Ok(head) => Err(AppendError::HeadMoved { head }),
                Err(error) => Err(AppendError::Unavailable(format!("its head can't be read: {error}"))),
            },
            Ok(result) => {
                let stored = result.rows_affected();
                Err(self.halt.halt(format!("SQLite stored {stored} of {events} events")))
            }
            Err(error) => Err(self.failed(expected_head, &error).await),
        }
    }

    /// Nothing was written only if the error says so and the head bears it out.
    async fn failed(&mut self, expected_head: i64, error: &sqlx::Error) -> AppendError {
        let Some(remedy) = remedy(error) else {
            return self.halt.halt(error.to_string());
        };
        match self.read_head().await {
            Ok(head) if head == position(expected_head) => {
                AppendError::Unavailable(format!("{}; nothing was written; {remedy}", words(error)))
            }
            Ok(head) => self.halt.halt(format!("{error}; the head is {head}, not {expected_head}")),
            Err(reading) => self.halt.halt(format!("{error}; the head can't be read: {reading}")),
        }
    }

    async fn read_head(&mut self) -> Result<Position, sqlx::Error> {
        sqlx::query_scalar(HEAD).fetch_one(&mut self.connection).await.map(position)
    }

    /// Looks after the checkpoint that runs beside the appends and starts the next one.
    async fn tend_checkpoints(&mut self) {
        let ended = match self.checkpointer.ended().await {
            Some(Ok(pages)) if pages > self.restart_above => self.restart_log().await,
            Some(ended) => ended.map(drop),
            None => Ok(()),
        };
        if let Err(error) = ended {
            self.checkpoint_failed(&error);
        }
        if self.halt.check_append().is_ok() {
            self.checkpointer.start_when_due();
        }
    }

    /// Starts the write-ahead log afresh. Most of it is in the database already. A reader in the way
    /// is not waited for, and the next attempt comes when the log has grown as much again.
    async fn restart_log(&mut self) -> Result<(), sqlx::Error> {
        sqlx::query(WAIT_BRIEFLY).execute(&mut self.connection).await?;
        let (busy, pages, _): CheckpointRow = sqlx::query_as(RESTART).fetch_one(&mut self.connection).await?;
        sqlx::query(WAIT).execute(&mut self.connection).await?;
        self.restart_above = WAL_PAGES_MAX;
        if busy != 0 {
            self.restart_above += pages;
            tracing::warn!(pages, "a reader of log.db keeps its write-ahead log growing");
        }
        Ok(())
    }

    /// Events are safe in the write-ahead log as long as that is kept. When a sync of the database has
    /// failed, nobody may sync it again and believe the result: the log halts.
    fn checkpoint_failed(&self, error: &sqlx::Error) {
        match remedy(error) {
            Some(remedy) => tracing::warn!(%error, remedy, "the event log's checkpoint failed"),
            None => drop(self.halt.halt(format!("checkpoint: {error}"))),
        }
    }

    async fn finish(mut self) -> Closed {
        let checkpointer = std::mem::replace(&mut self.checkpointer, Checkpointer::ended_already());
        if let Err(error) = checkpointer.close().await {
            self.checkpoint_failed(&error);
        }
        let mut closed = Closed::InTwoFiles;
        if self.halt.check_append().is_ok() {
            let last: Result<CheckpointRow, _> =
                sqlx::query_as(LAST_CHECKPOINT).fetch_one(&mut self.connection).await;
            match last {
                Ok((0, ..)) => closed = Closed::InOneFile,
                Ok((_, pages, _)) => tracing::warn!(pages, "a reader of log.db keeps its write-ahead log"),
                Err(error) => self.checkpoint_failed(&error),
            }
        }
        if self.halt.check_append().is_err() {
            // The last connection to close would checkpoint once more and delete the write-ahead log,
            // believing a sync that can succeed although an earlier one has lost pages. Left open, it
            // ends with the process, and the next start reads the write-ahead log from its beginning.
            std::mem::forget(self.connection);
            return Closed::InTwoFiles;
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the event log didn't close cleanly");
        }
        closed
    }
}

fn position(stored: i64) -> Position {
    Position(stored.cast_unsigned())
}
