//! Opening the log: the store, the stream, and what would take events from it.

use std::sync::Arc;

use events::{LedgerId, Position};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::{KurrentLog, Waits, appender::Appender, follow, reader::Reader, server::Server, stream_of};
use crate::log::ReadError;

/// Metadata that lets a store forget events: at most so many, none older than, none before. A stream that
/// is deleted gets the last.
const FORGETTING: [&str; 3] = ["$maxCount", "$maxAge", "$tb"];

/// Why a log couldn't be opened. No text of it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL can't be understood.
    #[error("the event store's URL is not of the form esdb://user:password@host:2113?tls=true")]
    Url,
    /// The store can't be reached, or doesn't let us in.
    #[error("can't use {0}")]
    Unusable(String),
    /// The stream has lost events, or will.
    #[error("{server} doesn't keep every event of the stream {stream}: {why}")]
    Forgetful {
        /// The nodes.
        server: String,
        /// The ledger's stream.
        stream: String,
        /// What is wrong with it.
        why: String,
    },
}

impl KurrentLog {
    /// Opens the log of `ledger`, which need not have any event yet.
    ///
    /// `url` is what KurrentDB calls a connection string:
    /// `esdb://user:password@host:2113,host2:2113?tls=true`, with `kurrentdb://` or `+discover` as well.
    ///
    /// # Errors
    /// See [`OpenError`]. A stream that was deleted or truncated, or will be by its metadata, is refused.
    pub async fn connect(url: &str, ledger: LedgerId) -> Result<Self, OpenError> {
        Self::connect_with(url, ledger, Waits::default()).await
    }

    /// [`connect`](Self::connect) with other waits than the usual ones.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn connect_with(url: &str, ledger: LedgerId, waits: Waits) -> Result<Self, OpenError> {
        let server = Arc::new(Server::parse(url).ok_or(OpenError::Url)?);
        let stream = stream_of(ledger);
        let head = Arc::new(watch::Sender::new(Position(0)));
        let reader = Arc::new(Reader::new(Arc::clone(&server), stream.clone(), waits, Arc::clone(&head)));
        check(&reader).await.map_err(|why| why.of(&server, &stream))?;
        let following = follow::follow(Arc::clone(&reader), Arc::clone(&head));
        let appender = Appender {
            server,
            stream,
            answer: waits.answer,
            reader: Arc::clone(&reader),
            head: Arc::clone(&head),
        };
        Ok(Self {
            ledger,
            reader,
            appender: Arc::new(appender),
            head,
            _follower: AbortOnDropHandle::new(tokio::spawn(following)),
        })
    }
}

/// Whether every event is there and will stay.
async fn check(reader: &Reader) -> Result<(), Why> {
    if let Some(metadata) = reader.metadata().await? {
        forgets_nothing(&metadata).map_err(Why::Forgets)?;
    }
    // Events that were taken away are missing at the beginning.
    reader.page(Position(0), 1).await?;
    reader.head().await?;
    Ok(())
}

fn forgets_nothing(metadata: &[u8]) -> Result<(), String> {
    let metadata: Map<String, Value> = serde_json::from_slice(metadata)
        .map_err(|error| format!("its metadata can't be understood: {error}"))?;
    match FORGETTING.iter().find(|name| metadata.get(**name).is_some_and(|value| !value.is_null())) {
        None => Ok(()),
        Some(name) => Err(format!("its metadata has {name}, by which events are taken away")),
    }
}

/// An [`OpenError`] before it is said of which stream.
enum Why {
    Forgets(String),
    Read(ReadError),
}

impl From<ReadError> for Why {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl Why {
    fn of(self, server: &Server, stream: &str) -> OpenError {
        let why = match self {
            Self::Read(ReadError::Unavailable(why)) => return OpenError::Unusable(why),
            Self::Read(ReadError::Corrupt { detail, .. }) => detail,
            Self::Forgets(why) => why,
        };
        OpenError::Forgetful { server: server.to_string(), stream: stream.to_owned(), why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_that_forgets_is_known() {
        for fine in ["{}", r#"{"$acl":{"$d":"admins"},"$cacheControl":5,"note":"$tb"}"#, r#"{"$tb":null}"#] {
            assert_eq!(forgets_nothing(fine.as_bytes()), Ok(()));
        }
        for bad in
            [r#"{"$tb":9223372036854775807}"#, r#"{"$maxAge":1}"#, r#"{"$acl":{},"$maxCount":7}"#, "[]"]
        {
            assert!(forgets_nothing(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
