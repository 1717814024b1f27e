//! Where gaps are filled from: the ledger's own feed.

use bytes::Bytes;
use events::Position;
use futures::future::BoxFuture;
use serde_json::value::RawValue;

/// Some of the events that this app is told of, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedPage {
    /// The stored documents, oldest first.
    pub events: Vec<Bytes>,
    /// The last position that was looked at: pass it as `after` to go on.
    pub next: Option<Position>,
}

/// Why the feed has no answer. The consumer asks again, after a pause.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Nobody answered.
    #[error("the ledger can't be reached: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// The ledger refused.
    #[error("the ledger answered {status}: {body}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        body: String,
    },
    /// The answer is no list of events.
    #[error("the answer is no list of events: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// What this app was told of, kept for ever.
pub trait Feed: Send + Sync {
    /// The next events after a position, or from the first one on.
    fn after(&self, position: Option<Position>) -> BoxFuture<'_, Result<FeedPage, FeedError>>;
}

/// The feed over HTTP: `GET /v1/events?audience=app`.
#[derive(Clone)]
pub struct HttpFeed {
    client: reqwest::Client,
    url: String,
    key: String,
}

impl HttpFeed {
    /// The most that a page may have.
    const LIMIT: usize = 1_000;
    const NEXT: &'static str = "x-ledger-next";

    /// The feed of the ledger at `url`, such as `http://127.0.0.1:8080`, for the app of this key. The
    /// client brings time-outs and TLS.
    #[must_use]
    pub fn new(client: reqwest::Client, url: &str, key: impl Into<String>) -> Self {
        Self { client, url: url.trim_end_matches('/').to_owned(), key: key.into() }
    }

    async fn page(&self, after: Option<Position>) -> Result<FeedPage, FeedError> {
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        let url = format!("{}/v1/events?audience=app&limit={}{after}", self.url, Self::LIMIT);
        let answer = self.client.get(url).header("x-api-key", &self.key).send().await?;
        let status = answer.status();
        let next = answer.headers().get(Self::NEXT).and_then(|next| next.to_str().ok()?.parse().ok());
        let body = answer.text().await?;
        if !status.is_success() {
            return Err(FeedError::Refused { status: status.as_u16(), body });
        }
        // Raw, so that what is handed on is what is stored.
        let events: Vec<&RawValue> = serde_json::from_str(&body)?;
        let events = events.into_iter().map(|event| Bytes::copy_from_slice(event.get().as_bytes()));
        Ok(FeedPage { events: events.collect(), next })
    }
}

impl Feed for HttpFeed {
    fn after(&self, position: Option<Position>) -> BoxFuture<'_, Result<FeedPage, FeedError>> {
        Box::pin(self.page(position))
    }
}

impl std::fmt::Debug for HttpFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpFeed").field("url", &self.url).finish_non_exhaustive()
    }
}
