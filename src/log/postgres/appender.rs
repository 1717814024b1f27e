//! The one task that appends.

use std::sync::Arc;

use events::Position;
use sqlx::PgConnection;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

use super::{
    failure,
    reader::Reader,
    server::{ANSWER, Server},
};
use crate::log::{AppendError, Bodies};

/// Appends `$3` at the expected head `$2` of ledger `$1`: whether it did, and the head that there is now.
///
/// A statement is a transaction of its own, so there is none that could be left open.
const APPEND: &str = "SELECT appended, head FROM credit_ledger.append_events($1, $2, $3)";

/// Appends that wait while one is written. The engine sends one at a time.
const QUEUE_MAX: usize = 16;

enum Request {
    Append { expected_head: i64, group: Bodies, answer: oneshot::Sender<Result<Position, AppendError>> },
    Close { done: oneshot::Sender<()> },
}

/// The way to the appending task. Dropping it ends the task.
pub(super) struct Appender {
    requests: mpsc::Sender<Request>,
}

impl Appender {
    /// Gives the connection to a task of its own.
    pub(super) fn start(
        server: Server,
        connection: PgConnection,
        number: i16,
        reader: Arc<Reader>,
        head: Arc<watch::Sender<Position>>,
    ) -> Self {
        let (requests, received) = mpsc::channel(QUEUE_MAX);
        let task = Task { server, connection: Some(connection), number, reader, head };
        tokio::spawn(task.serve(received));
        Self { requests }
    }

    pub(super) async fn append(
        &self,
        expected_head: Position,
        group: &Bodies,
    ) -> Result<Position, AppendError> {
        // PostgreSQL counts to 2^63 - 1; no log is that long.
        let expected_head = i64::try_from(expected_head.get())
            .map_err(|_| AppendError::Unavailable(format!("position {expected_head} can't be stored")))?;
        let (answer, answered) = oneshot::channel();
        let request = Request::Append { expected_head, group: group.clone(), answer };
        if self.requests.send(request).await.is_err() {
            return Err(AppendError::Unavailable("it is closed".to_owned()));
        }
        match answered.await {
            Ok(result) => result,
            Err(_) => Err(AppendError::Indeterminate("the log was closed during the append".to_owned())),
        }
    }

    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.requests.send(Request::Close { done }).await.is_ok() {
            let _ = closed.await;
        }
    }
}

struct Task {
    server: Server,
    /// Absent after it was lost, until the next append.
    connection: Option<PgConnection>,
    number: i16,
    reader: Arc<Reader>,
    head: Arc<watch::Sender<Position>>,
}

impl Task {
    async fn serve(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut done = None;
        while let Some(request) = requests.recv().await {
            match request {
                Request::Append { expected_head, group, answer } => {
                    // Whoever asked may be gone; the append is whole all the same.
                    let _ = answer.send(self.append(expected_head, &group).await);
                }
                Request::Close { done: asked } => {
                    done = Some(asked);
                    break;
                }
            }
        }
        drop(requests);
        if let Some(connection) = self.connection {
            super::server::close(connection).await;
        }
        if let Some(done) = done {
            let _ = done.send(());
        }
    }

    async fn append(&mut self, expected_head: i64, group: &Bodies) -> Result<Position, AppendError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.server.connect_durably().await.map_err(|unusable| {
                AppendError::Unavailable(format!("{}: {unusable}", self.server.shown()))
            })?,
        };
        let bodies: Vec<&[u8]> = group.iter().collect();
        let append = sqlx::query_as(APPEND).bind(self.number).bind(expected_head).bind(bodies);
        let outcome: Result<(bool, i64), _> = match timeout(ANSWER, append.fetch_one(&mut connection)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                // What the server does with the statement now, nobody here learns from this connection.
                self.reader.be_patient();
                let seconds = ANSWER.as_secs();
                return Err(AppendError::Indeterminate(format!("no answer within {seconds} s")));
            }
        };
        if !outcome.as_ref().is_err_and(failure::is_lost) {
            self.connection = Some(connection);
        }
        match outcome {
            Ok((appended, head)) => {
                let head = Position(head.cast_unsigned());
                super::follow::seen(&self.head, head);
                if appended { Ok(head) } else { Err(AppendError::HeadMoved { head }) }
            }
            Err(error) => {
                let failed = failure::of_append(&error);
                if matches!(failed, AppendError::Indeterminate(_)) {
                    self.reader.be_patient();
                }
                Err(failed)
            }
        }
    }
}
