//! How the relay is, for whoever asks: `/readyz`, logs, tests.

use std::fmt;

use events::{Position, Time};
use serde::Serialize;

/// What the relay does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum RelayPhase {
    /// It has no connection yet.
    #[default]
    Connecting,
    /// It publishes what comes.
    Running,
    /// The broker takes nothing for now: its memory or disk is short.
    Blocked {
        /// The broker's reason.
        reason: String,
        /// Since when.
        since: Time,
    },
    /// It tries again soon.
    Retrying {
        /// What went wrong.
        reason: String,
        /// Since when nothing went well.
        since: Time,
    },
    /// The broker is not set up as it must be; it tries again now and then.
    Misconfigured {
        /// What is missing.
        reason: String,
        /// Since when.
        since: Time,
    },
    /// It has ended.
    Ended {
        /// Why, unless it was asked to.
        reason: Option<String>,
    },
}

/// How the relay is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RelayHealth {
    /// What it does.
    #[serde(flatten)]
    pub phase: RelayPhase,
    /// The first event that is not confirmed for everybody.
    pub position: Position,
    /// The first event of those that a crash would send again.
    pub saved: Position,
    /// Events behind the log's head.
    pub lag_events: u64,
    /// Age of the oldest event that is not confirmed, in seconds; 0 when there is none.
    pub lag_seconds: u64,
    /// Messages published and not confirmed.
    pub unconfirmed: u64,
    /// Messages confirmed by the broker since the start.
    pub published: u64,
    /// How often it went back to the last confirmed event since the start.
    pub rewinds: u64,
    /// Events that could not become messages since the start.
    pub quarantined: u64,
}

impl RelayHealth {
    /// What stands in the way of messages, if anything does. Commands don't mind.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        match &self.phase {
            RelayPhase::Running | RelayPhase::Ended { reason: None } => None,
            RelayPhase::Connecting => Some("the relay is connecting to the broker".to_owned()),
            RelayPhase::Blocked { reason, .. } => Some(format!("the broker takes nothing: {reason}")),
            RelayPhase::Retrying { reason, .. }
            | RelayPhase::Misconfigured { reason, .. }
            | RelayPhase::Ended { reason: Some(reason) } => Some(reason.clone()),
        }
    }
}

impl fmt::Display for RelayHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.obstacle().unwrap_or_else(|| "running".to_owned());
        write!(f, "{state}; at {}, {} events behind", self.position, self.lag_events)
    }
}
