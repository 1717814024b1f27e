//! The one task that writes to `identity.db`.

use events::{LedgerId, Time};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::statements;
use crate::identity::vault::{
    Activity, Change, VaultError,
    asked::{Fault, words},
    stored,
};

/// Requests that wait while a transaction is written.
const QUEUE_MAX: usize = 1024;

/// Requests of one transaction.
const GROUP_MAX: usize = 256;

const LAST_CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// What is to be written.
pub(super) enum Work {
    Commit(Vec<Change>, Time),
    Note(Vec<Activity>),
    Expire(Time, usize),
    Forget(Time, usize),
    /// A statement of a test's, outside of any transaction.
    Run(&'static str),
    Close,
}

type Answer = Result<usize, VaultError>;

struct Request {
    work: Work,
    answer: oneshot::Sender<Answer>,
}

/// The way to the writing task. Dropping it ends the task.
pub(super) struct Writer {
    requests: mpsc::Sender<Request>,
}

impl Writer {
    /// Gives the connection to a task of its own.
    pub(super) fn start(connection: SqliteConnection, ledger: LedgerId) -> Self {
        let (requests, received) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(Task { connection, ledger, halted: None }.serve(received));
        Self { requests }
    }

    /// Has it written. What was sent is done, also when nobody waits for the answer any more.
    pub(super) async fn ask(&self, work: Work) -> Answer {
        let (answer, answered) = oneshot::channel();
        let closed = || stored::unavailable("it is closed");
        self.requests.send(Request { work, answer }).await.map_err(|_| closed())?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }

    pub(super) async fn close(&self) {
        let _ = self.ask(Work::Close).await;
    }
}

struct Task {
    connection: SqliteConnection,
    ledger: LedgerId,
    /// Set once a commit ended without anyone knowing how: what is read back may not be on the disk.
    halted: Option<VaultError>,
}

impl Task {
    async fn serve(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        let mut closing = None;
        while closing.is_none() && requests.recv_many(&mut group, GROUP_MAX).await > 0 {
            let asked = group.drain(..).fold(Vec::new(), |mut together, request| {
                match request.work {
                    Work::Close => closing = Some(request.answer),
                    Work::Commit(..) | Work::Note(_) | Work::Expire(..) | Work::Forget(..) | Work::Run(_) => {
                        together.push(request);
                    }
                }
                together
            });
            self.answer(asked).await;
        }
        drop(requests);
        self.finish().await;
        if let Some(closed) = closing {
            let _ = closed.send(Ok(0));
        }
    }

    /// Writes a group in one transaction, and tells each what became of it once that is on the disk.
    async fn answer(&mut self, group: Vec<Request>) {
        if group.is_empty() {
            return;
        }
        if let Some(halted) = &self.halted {
            return tell(group, &Err(halted.clone()));
        }
        if let [Request { work: Work::Run(statement), .. }] = group[..] {
            let ran = sqlx::raw_sql(statement).execute(&mut self.connection).await;
            return tell(group, &ran.map(|_| 0).map_err(|error| stored::unavailable(words(&error))));
        }
        match self.transaction(&group).await {
            Ok(answers) => {
                for (request, answer) in group.into_iter().zip(answers) {
                    // Whoever asked may be gone.
                    let _ = request.answer.send(answer);
                }
            }
            Err(error) => {
                // Fails when SQLite itself has rolled back already, as it does on a full disk.
                let _ = sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).await;
                tracing::warn!(error = words(&error), "identity.db can't be written");
                tell(group, &Err(stored::unavailable(words(&error))));
            }
        }
    }

    /// Plain statements, for the driver's transactions never learn that SQLite rolled back by itself.
    async fn transaction(&mut self, group: &[Request]) -> Result<Vec<Answer>, sqlx::Error> {
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        let mut answers = Vec::with_capacity(group.len());
        for request in group {
            answers.push(self.write(&request.work).await?);
        }
        if let Err(error) = sqlx::raw_sql("COMMIT").execute(&mut self.connection).await {
            self.judge(&error);
            return Err(error);
        }
        Ok(answers)
    }

    async fn write(&mut self, work: &Work) -> Result<Answer, sqlx::Error> {
        let Self { connection, ledger, .. } = self;
        match work {
            Work::Commit(changes, now) => self.changes(changes, *now).await,
            Work::Note(activity) => {
                for activity in activity {
                    statements::note(connection, *ledger, activity).await?;
                }
                Ok(Ok(activity.len()))
            }
            Work::Expire(now, limit) => statements::expire(connection, *ledger, *now, *limit).await.map(Ok),
            Work::Forget(before, limit) => {
                statements::forget(connection, *ledger, *before, *limit).await.map(Ok)
            }
            Work::Run(_) => Ok(Err(stored::unavailable("beside others"))),
            Work::Close => Ok(Ok(0)),
        }
    }

    /// All changes of one request or none of them, whatever becomes of the others.
    async fn changes(&mut self, changes: &[Change], now: Time) -> Result<Answer, sqlx::Error> {
        let Self { connection, ledger, .. } = self;
        let alone = changes.len() == 1;
        if !alone {
            sqlx::raw_sql("SAVEPOINT one").execute(&mut *connection).await?;
        }
        let mut answer = Ok(changes.len());
        for change in changes {
            match statements::change(connection, *ledger, change, now).await {
                Ok(()) => {}
                Err(Fault::Failed(error)) => return Err(error),
                Err(Fault::Refused(refusal)) => {
                    answer = Err(refusal);
                    break;
                }
            }
        }
        if !alone {
            let end = if answer.is_ok() { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" };
            sqlx::raw_sql(end).execute(&mut *connection).await?;
        }
        Ok(answer)
    }

    /// A commit failed: what that means for all that follow. After a failed sync only a new process
    /// learns what the disk holds; any other failure was before it, and nothing was written.
    fn judge(&mut self, error: &sqlx::Error) {
        let code: Option<i32> =
            error.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse().ok());
        if !code.is_some_and(|code| CERTAIN.contains(&(code & 0xff)) || code == IOERR_WRITE) {
            let why = format!("a commit failed, and must be looked at by a new process: {}", words(error));
            tracing::error!(%why, "identity.db stops");
            self.halted = Some(stored::unavailable(why));
        }
    }

    async fn finish(mut self) {
        if self.halted.is_some() {
            // The last connection to close would believe a sync that can succeed although an earlier
            // one has lost pages. Left open, it ends with the process.
            return std::mem::forget(self.connection);
        }
        if let Err(error) = sqlx::raw_sql(LAST_CHECKPOINT).execute(&mut self.connection).await {
            tracing::warn!(
                error = words(&error),
                "the last checkpoint of identity.db failed; the next start repeats it"
            );
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "identity.db didn't close cleanly");
        }
    }
}

/// Busy, locked, read-only, full, can't open: <https://www.sqlite.org/rescode.html>.
const CERTAIN: [i32; 5] = [5, 6, 8, 13, 14];
const IOERR_WRITE: i32 = 778;

fn tell(group: Vec<Request>, answer: &Answer) {
    for request in group {
        let _ = request.answer.send(answer.clone());
    }
}
