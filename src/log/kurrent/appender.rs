//! Appending a group.

use std::{sync::Arc, time::Duration};

use events::Position;
use eventstore::{AppendToStreamOptions, StreamState, Streaming};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    failure::{self, Meaning},
    follow::seen,
    proposed::{self, MayHaveLeft, Sending},
    reader::Reader,
    server::{Server, pause},
};
use crate::log::{AppendError, Bodies};

/// How often a request that was surely not carried out is made before the append is given up.
const ATTEMPTS: u32 = 4;

pub(super) struct Appender {
    pub(super) server: Arc<Server>,
    pub(super) stream: String,
    pub(super) answer: Duration,
    pub(super) reader: Arc<Reader>,
    pub(super) head: Arc<watch::Sender<Position>>,
}

/// What became of one request.
enum Sent {
    Answered(Result<Position, AppendError>),
    /// Nothing was written, for this reason, which may pass.
    Not(String),
}

impl Appender {
    /// The append goes on when the returned future is dropped after its first poll.
    pub(super) async fn append(
        self: Arc<Self>,
        expected_head: Position,
        group: Bodies,
    ) -> Result<Position, AppendError> {
        // The store counts to 2^63 - 1; no log is that long.
        if i64::try_from(expected_head.get()).is_err() {
            return Err(AppendError::Unavailable(format!("position {expected_head} can't be stored")));
        }
        let appender = Arc::clone(&self);
        let appended = tokio::spawn(async move { appender.append_now(expected_head, &group).await }).await;
        let result = appended.unwrap_or_else(|end| Err(AppendError::Indeterminate(end.to_string())));
        match &result {
            Ok(head) | Err(AppendError::HeadMoved { head }) => seen(&self.head, *head),
            Err(AppendError::Indeterminate(_)) => self.reader.be_patient(),
            Err(AppendError::Unavailable(_) | AppendError::TooLarge { .. }) => {}
        }
        result
    }

    async fn append_now(&self, expected_head: Position, group: &Bodies) -> Result<Position, AppendError> {
        let mut attempt = 1;
        loop {
            match self.send(expected_head, group).await? {
                Sent::Answered(result) => return result,
                Sent::Not(why) if attempt == ATTEMPTS => return Err(self.unavailable(&why)),
                Sent::Not(_) => sleep(pause(attempt)).await,
            }
            attempt += 1;
        }
    }

    async fn send(&self, expected_head: Position, group: &Bodies) -> Result<Sent, AppendError> {
        let (sending, left) = Sending::new(proposed::of(group)?);
        let lent = match self.server.client().await {
            Ok(lent) => lent,
            Err(why) => return Ok(Sent::Not(why)),
        };
        let expected = match expected_head.get().checked_sub(1) {
            Some(last) => StreamState::StreamRevision(last),
            None => StreamState::NoStream,
        };
        let options = AppendToStreamOptions::default().stream_state(expected).requires_leader(true);
        let request = lent.client.append_to_stream(self.stream.as_str(), &options, Streaming(sending));
        let failed = match timeout(self.answer, request).await {
            Ok(Ok(written)) => {
                self.server.worked(&lent).await;
                let end = expected_head.plus(group.len() as u64);
                return Ok(Sent::Answered(stored(Position(written.next_expected_version).next(), end)));
            }
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        let meaning = match &failed {
            Some(error) => failure::of_append(error),
            // The client may still be sending.
            None => Meaning::Unknown(format!("no answer within {} s", self.answer.as_secs())),
        };
        if let Meaning::Moved(_) | Meaning::Refused(_) = meaning {
            self.server.worked(&lent).await;
        } else {
            self.server.failed(&lent, failed.as_ref()).await;
        }
        Ok(self.sent(meaning, failed.is_some(), &left))
    }

    fn sent(&self, meaning: Meaning, is_over: bool, left: &MayHaveLeft) -> Sent {
        Sent::Answered(Err(match meaning {
            Meaning::Moved(head) => AppendError::HeadMoved { head },
            Meaning::Refused(why) => self.unavailable(&why),
            Meaning::NotSent(why) => return Sent::Not(why),
            Meaning::Unknown(why) if is_over && !left.get() => return Sent::Not(why),
            Meaning::Unknown(why) => AppendError::Indeterminate(format!("{}: {why}", self.server)),
        }))
    }

    fn unavailable(&self, why: &str) -> AppendError {
        AppendError::Unavailable(format!("{}: {why}; nothing was written", self.server))
    }
}

/// A stream that was deleted begins anew behind its old events when the store is told that it has none.
fn stored(at: Position, end: Position) -> Result<Position, AppendError> {
    if at == end {
        return Ok(end);
    }
    Err(AppendError::Indeterminate(format!(
        "the store has the events before {at}, not before {end}: the stream was deleted or truncated"
    )))
}
