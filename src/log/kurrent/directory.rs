//! Which ledger a store holds, for processes that were not told.

use std::sync::Arc;

use events::{LedgerId, Position};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use super::{KurrentLog, Waits, appender::Appender, open::OpenError, reader::Reader, server::Server};
use crate::log::{AppendError, Bodies};

/// Names the first ledger of the store in its first event.
const STREAM: &str = "credit-ledgers";

/// How often to look again after an append whose outcome is another's or unknown.
const ATTEMPTS: usize = 5;

#[derive(Serialize, Deserialize)]
struct Entry {
    ledger: Uuid,
}

impl KurrentLog {
    /// The ledger that the store was set up with, or `fresh` when it was not: from then on the same for
    /// all processes, however many of them start at once.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn first_ledger(url: &str, fresh: LedgerId) -> Result<LedgerId, OpenError> {
        let server = Arc::new(Server::parse(url).ok_or(OpenError::Url)?);
        let (waits, stream) = (Waits::default(), STREAM.to_owned());
        let head = Arc::new(watch::Sender::new(Position(0)));
        let reader = Reader::new(Arc::clone(&server), stream.clone(), waits, Arc::clone(&head));
        let reader = Arc::new(reader);
        let appender =
            Arc::new(Appender { server, stream, answer: waits.answer, reader: Arc::clone(&reader), head });
        let mut entry = Bodies::default();
        entry
            .push_with(|buffer| serde_json::to_writer(buffer, &Entry { ledger: fresh.0 }))
            .map_err(|error| OpenError::Unusable(error.to_string()))?;
        let mut why = String::new();
        for _ in 0..ATTEMPTS {
            let page =
                reader.page(Position(0), 1).await.map_err(|why| OpenError::Unusable(why.to_string()))?;
            if let Some(first) = page.bodies.iter().next() {
                let entry: Entry = serde_json::from_slice(first).map_err(|error| {
                    OpenError::Unusable(format!("the first event of {STREAM} names no ledger: {error}"))
                })?;
                return Ok(LedgerId(entry.ledger));
            }
            match Arc::clone(&appender).append(Position(0), entry.clone()).await {
                Ok(_) | Err(AppendError::HeadMoved { .. }) => {}
                Err(error) => why = error.to_string(),
            }
        }
        Err(OpenError::Unusable(why))
    }
}
