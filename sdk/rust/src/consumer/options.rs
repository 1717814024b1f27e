//! How a consumer behaves.

use std::time::Duration;

/// Where an app begins that has never handled anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// With the first event that it was ever told of: what is no longer in the queue is read from the
    /// feed.
    #[default]
    FirstEvent,
    /// With the first message that comes.
    FirstMessage,
}

/// How a consumer behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Events that are handled or wait for their wallet's turn, at most.
    pub in_flight_max: usize,
    /// The first and the longest pause before something that failed is tried again: connecting,
    /// reading the feed, handling. Each pause is about twice the one before.
    pub pauses: (Duration, Duration),
    /// How often [`Inbox::set_reached`](crate::Inbox::set_reached) is called, at most.
    pub note_every: Duration,
    /// Where to begin.
    pub start: Start,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            in_flight_max: 64,
            pauses: (Duration::from_millis(100), Duration::from_secs(30)),
            note_every: Duration::from_millis(250),
            start: Start::default(),
        }
    }
}
