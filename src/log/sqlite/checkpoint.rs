//! Moving the write-ahead log into the database, on a connection of its own, beside the appends.

use sqlx::{Connection, SqliteConnection};
use tokio::task::JoinHandle;

/// Moves what it can of the write-ahead log into the database, without waiting for anybody.
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// A checkpoint each this many bytes of events. Appended pages are written once whatever the
/// interval, so a longer one saves nothing.
const CHECKPOINT_BYTES: usize = 2 << 20;

/// What the write-ahead log takes at least for a commit, in bytes: two pages.
const COMMIT_BYTES_MIN: usize = 16384;

/// Whether a reader was in the way, pages in the write-ahead log, and pages of them moved.
pub(super) type CheckpointRow = (i64, i64, i64);

type Done = (SqliteConnection, Result<CheckpointRow, sqlx::Error>);

/// Runs checkpoints, one at a time.
pub(super) struct Checkpointer {
    /// Absent while it is lent to the running checkpoint.
    connection: Option<SqliteConnection>,
    running: Option<JoinHandle<Done>>,
    bytes: usize,
}

impl Checkpointer {
    pub(super) const fn new(connection: SqliteConnection) -> Self {
        Self { connection: Some(connection), running: None, bytes: 0 }
    }

    /// One that runs no more checkpoints.
    pub(super) const fn ended_already() -> Self {
        Self { connection: None, running: None, bytes: 0 }
    }

    /// A commit of so many bytes of events was written.
    pub(super) fn written(&mut self, bytes: usize) {
        self.bytes += bytes.max(COMMIT_BYTES_MIN);
    }

    /// Starts a checkpoint when enough was written since the last one and none is running.
    pub(super) fn start_when_due(&mut self) {
        if self.bytes < CHECKPOINT_BYTES {
            return;
        }
        if let Some(mut connection) = self.connection.take() {
            self.bytes = 0;
            self.running = Some(tokio::spawn(async move {
                let done = sqlx::query_as(CHECKPOINT).fetch_one(&mut connection).await;
                (connection, done)
            }));
        }
    }

    /// How the running checkpoint ended, if it has: the pages in the write-ahead log.
    pub(super) async fn ended(&mut self) -> Option<Result<i64, sqlx::Error>> {
        if !self.running.as_ref().is_some_and(JoinHandle::is_finished) {
            return None;
        }
        self.wait().await
    }

    /// Waits for the running checkpoint, if there is one.
    async fn wait(&mut self) -> Option<Result<i64, sqlx::Error>> {
        let Ok((connection, done)) = self.running.take()?.await else {
            return Some(Err(sqlx::Error::WorkerCrashed));
        };
        self.connection = Some(connection);
        Some(done.map(|(_, pages, _)| pages))
    }

    /// Ends in good order.
    pub(super) async fn close(mut self) -> Result<(), sqlx::Error> {
        let last = self.wait().await;
        if let Some(connection) = self.connection {
            connection.close().await?;
        }
        last.map_or(Ok(()), |done| done.map(drop))
    }
}
