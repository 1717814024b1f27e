//! How far the relay has come, kept across restarts.

use std::collections::BTreeMap;

use events::{AppId, Position};
use futures::future::BoxFuture;

/// How far the broker has confirmed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The first event that is not confirmed for everybody who is told of it.
    pub position: Position,
    /// Each app's last event before that position: what its next message bears as `prev`.
    pub prevs: BTreeMap<AppId, Position>,
}

/// Where the relay keeps its progress. A crash loses what was not saved: those messages are sent
/// again, the same as before.
pub trait RelayState: Send + Sync + 'static {
    /// The saved progress, none but the beginning at first. From now on, whoever has a lower epoch
    /// can save nothing.
    ///
    /// # Errors
    /// As [`StateError`] says.
    fn load(&self, epoch: u64) -> BoxFuture<'_, Result<Progress, StateError>>;

    /// Keeps this progress, in place of the one before.
    ///
    /// # Errors
    /// As [`StateError`] says; on [`StateError::Unavailable`] the one before may still be there.
    fn save<'a>(&'a self, progress: &'a Progress, epoch: u64) -> BoxFuture<'a, Result<(), StateError>>;

    /// Records, once and for good, that the event at `position` could not become a message.
    ///
    /// # Errors
    /// As [`StateError`] says.
    fn quarantine<'a>(&'a self, position: Position, reason: &'a str)
    -> BoxFuture<'a, Result<(), StateError>>;
}

/// Why progress can't be loaded or saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Another relay has taken over: this one must end.
    #[error("a relay of epoch {epoch} has taken over")]
    Superseded {
        /// The epoch of the other.
        epoch: u64,
    },
    /// It may work later.
    #[error("the relay's progress can't be kept: {0}")]
    Unavailable(String),
    /// What is kept is no progress.
    #[error("the relay's progress can't be read: {0}")]
    Corrupt(String),
}
