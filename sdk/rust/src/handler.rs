//! What the app does with an event.

use std::{
    error::Error,
    fmt,
    future::{Future, ready},
};

use crate::Received;

/// The app's reaction to events.
pub trait Handler<T>: Send + Sync + 'static {
    /// Reacts, writing into the transaction. It is committed with the cursor when this succeeds, and
    /// undone otherwise. Serial for a wallet and in its order; side by side for different wallets.
    ///
    /// What can't be undone (a mail, a call of another service) belongs after the commit: write an
    /// order for it into the transaction, and carry that out elsewhere.
    fn handle(
        &self,
        transaction: &mut T,
        event: &Received,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Told of a type that only a newer version knows, after it was logged. It is acknowledged; nothing
    /// is remembered of it.
    fn unknown(&self, event_type: &str, document: &[u8]) -> impl Future<Output = ()> + Send {
        let _ = (event_type, document);
        ready(())
    }
}

/// Why an event was not handled. `?` makes any error a [`Failure::Retry`].
#[derive(Debug)]
pub enum Failure {
    /// It may work later: the same event is tried again after a pause, without end, and the wallet's
    /// later events wait for it.
    Retry(Box<dyn Error + Send + Sync>),
    /// It will never work: the event goes to the parked queue, and the wallet's later events go on. A
    /// panic counts as this.
    Poison(Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// It will never work, because of this.
    pub fn poison(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Poison(reason.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry(reason) | Self::Poison(reason) => reason.fmt(f),
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Retry(Box::new(error))
    }
}
