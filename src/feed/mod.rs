//! The event feed: the log's own bytes, filtered by organization, type and wallet, for whoever
//! follows the ledger. Nothing is kept per consumer: a consumer is the position it has reached.

mod filter;
mod follow;
mod header;
#[cfg(test)]
mod tests;
mod told;

pub use filter::{TypeFilter, UnknownType};
pub use told::Told;

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;
use events::{EventType, OrgId, Position, WalletId};

use crate::log::{Log, Page, ReadError};
use filter::Matcher;
use header::Header;

/// Events read from the log at once.
const READ_AT_ONCE: usize = 1_000;

/// Events looked at in one call, so that a rare type keeps no call busy for long.
const SCAN_MAX: u64 = 20_000;

/// Most events in one page.
pub const LIMIT_MAX: usize = 1_000;

/// The feed of one log. Clones share it.
#[derive(Clone)]
pub struct Feed {
    log: Arc<dyn Log>,
}

/// Which events are asked for, oldest first.
#[derive(Debug, Clone, Default)]
pub struct FeedQuery {
    /// Only this organization's; of every organization, and the ledger's own, when absent.
    pub org: Option<OrgId>,
    /// Whether facts about organizations, apps and keys (`auth.*`) are wanted too.
    pub identity: bool,
    /// Only events after this position.
    pub after: Option<Position>,
    /// Only of these types; all when empty.
    pub types: Vec<TypeFilter>,
    /// Only about this wallet.
    pub wallet: Option<WalletId>,
    /// Only what an app is told of by messages.
    pub told: Option<Told>,
    /// At most so many; taken as 1 below that, and as [`LIMIT_MAX`] above.
    pub limit: usize,
}

/// An event of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEvent {
    /// Its position in the log.
    pub position: Position,
    /// Its type, such as `credits.deducted.v1`; possibly one that only a newer version knows.
    pub event_type: Cow<'static, str>,
    /// The CloudEvents document exactly as it is stored: JSON on one line.
    pub body: Bytes,
}

/// Some events of the feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedPage {
    /// The matching events, oldest first; none does not mean that there are no more, see
    /// [`Self::is_at_head`].
    pub events: Vec<FeedEvent>,
    /// The first position not looked at yet: it may be far past the last event of the page.
    pub next: Position,
    /// The number of events in the log when the page was read.
    pub head: Position,
}

/// Why the feed has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The log can't be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// An event can't be read. Nobody may go on past it.
    #[error("the event at position {position} can't be read: {detail}")]
    Malformed {
        /// The event.
        position: Position,
        /// What is wrong with it.
        detail: String,
    },
}

impl FeedPage {
    /// What to pass as [`FeedQuery::after`] to go on.
    #[must_use]
    pub fn after(&self) -> Option<Position> {
        self.next.get().checked_sub(1).map(Position)
    }

    /// Whether every event was looked at, so that only waiting brings more.
    #[must_use]
    pub fn is_at_head(&self) -> bool {
        self.next >= self.head
    }

    /// Takes what matches among the events read, up to `limit` events and the position `end`.
    fn take(
        &mut self,
        read: &Page,
        matcher: &Matcher<'_>,
        limit: usize,
        end: Position,
    ) -> Result<(), FeedError> {
        for (position, body) in read.iter().take_while(|(position, _)| *position < end) {
            if self.events.len() == limit {
                break;
            }
            let header = Header::read(position, body)?;
            if let Some(told) = matcher.told {
                told.learn(position, &header, body);
            }
            if matcher.takes(&header) {
                let event_type = type_name(&header.event_type);
                self.events.push(FeedEvent { position, event_type, body: Bytes::copy_from_slice(body) });
            }
            self.next = position.next();
        }
        Ok(())
    }
}

impl Feed {
    /// The feed of this log.
    #[must_use]
    pub const fn new(log: Arc<dyn Log>) -> Self {
        Self { log }
    }

    /// The next events that match, without waiting. One call looks at a bounded number of events;
    /// [`FeedPage::next`] says how far it came, whether or not anything matched.
    ///
    /// # Errors
    /// As [`FeedError`] says.
    pub async fn page(&self, query: &FeedQuery) -> Result<FeedPage, FeedError> {
        let matcher = Matcher::new(query);
        let limit = query.limit.clamp(1, LIMIT_MAX);
        let start = Position(query.after.map_or(0, |after| after.get().saturating_add(1)));
        let head = self.log.head().await?;
        if let Some(told) = &query.told {
            told.catch_up(&*self.log, start.min(head)).await?;
        }
        let mut page = FeedPage { events: Vec::new(), next: start, head };
        let end = head.min(Position(start.get().saturating_add(SCAN_MAX)));
        while page.events.len() < limit && page.next < end {
            if page.next > start {
                // A long scan shares its thread.
                tokio::task::yield_now().await;
            }
            let read = self.log.read(page.next, READ_AT_ONCE).await?;
            if read.is_empty() {
                break;
            }
            match page.take(&read, &matcher, limit, end) {
                // Everything before it is delivered first; the next call then starts at it.
                Err(_) if page.next > start => break,
                result => result?,
            }
        }
        Ok(page)
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

/// The type's name, without a copy when it is one of today.
fn type_name(name: &str) -> Cow<'static, str> {
    EventType::parse(name).map_or_else(|| Cow::Owned(name.to_owned()), |known| Cow::Borrowed(known.as_str()))
}
