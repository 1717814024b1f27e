//! What happened, as the ledger would have stored it.

use std::sync::Arc;

use bytes::Bytes;
use events::{
    AppId, EventType, GroupId, LedgerId, OrgId, Position, Recorded, Subject, UserId, WalletId, decode, encode,
};
use futures::future::BoxFuture;

use super::sample;
use crate::feed::{Feed, FeedError, FeedPage};

/// Between two events of this app lie some of others, so positions have gaps.
const STRIDE: u64 = 3;
/// A multiple of it tells apart what the same number names in different kinds of subjects.
const FIRST: u64 = 10;

/// Events that one app is told of.
#[derive(Debug, Clone, Default)]
pub struct Story {
    told: Vec<(Position, Bytes)>,
}

impl Story {
    /// Nothing has happened yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { told: Vec::new() }
    }

    /// An event of this type happens to the wallet (or app, or user, as the type has it) that
    /// this number names. Its data is the golden sample's.
    ///
    /// # Panics
    /// Never: golden samples are events.
    pub fn happens(&mut self, event_type: EventType, number: u128) -> Position {
        let Ok(Recorded { mut envelope, event }) = decode(sample(event_type).as_bytes()) else {
            unreachable!("golden samples are events");
        };
        let id = uuid::Uuid::from_u128(number);
        envelope.subject = match envelope.subject {
            Subject::Wallet(_) => Subject::Wallet(WalletId(id)),
            Subject::Organization(_) => Subject::Organization(OrgId(id)),
            Subject::App(_) => Subject::App(AppId(id)),
            Subject::User(_) => Subject::User(UserId(id)),
            Subject::Group(_) => Subject::Group(GroupId(id)),
            Subject::Ledger(_) => Subject::Ledger(LedgerId(id)),
        };
        let position = self.next_position();
        envelope.position = position;
        envelope.id = envelope.causation.event(u32::try_from(position.get()).unwrap_or(u32::MAX));
        let mut bytes = Vec::new();
        let encoded = encode(&envelope, &event, &mut bytes);
        debug_assert!(encoded.is_ok(), "golden samples are short");
        self.told.push((position, bytes.into()));
        position
    }

    /// Something happens that this app's version knows nothing of: a type of tomorrow.
    pub fn unknown_happens(&mut self, event_type: &str) -> Position {
        let position = self.next_position();
        let event_type = serde_json::Value::from(event_type);
        let text =
            format!(r#"{{"type":{event_type},"position":"{position}","subject":"moon/1","data":{{}}}}"#);
        self.told.push((position, text.into()));
        position
    }

    /// The feed of this story, as it is now.
    #[must_use]
    pub fn feed(&self) -> StoryFeed {
        StoryFeed { told: self.told.clone().into() }
    }

    fn next_position(&self) -> Position {
        self.told.last().map_or(Position(FIRST), |(last, _)| last.plus(STRIDE))
    }

    /// Position, document, and the position before it.
    pub(super) fn told(&self) -> impl Iterator<Item = (Position, Bytes, Option<Position>)> {
        let mut prev = None;
        self.told.iter().map(move |(position, bytes)| {
            let before = prev.replace(*position);
            (*position, bytes.clone(), before)
        })
    }
}

/// The feed of a [`Story`].
#[derive(Debug, Clone)]
pub struct StoryFeed {
    told: Arc<[(Position, Bytes)]>,
}

impl StoryFeed {
    /// Small, so that tests see pages.
    const LIMIT: usize = 2;
}

impl Feed for StoryFeed {
    fn after(&self, position: Option<Position>) -> BoxFuture<'_, Result<FeedPage, FeedError>> {
        let later = self.told.iter().filter(|(at, _)| position.is_none_or(|after| *at > after));
        let events: Vec<_> = later.take(Self::LIMIT).cloned().collect();
        let next = events.last().map(|(at, _)| *at).or(position);
        let events = events.into_iter().map(|(_, bytes)| bytes).collect();
        Box::pin(async move { Ok(FeedPage { events, next }) })
    }
}
