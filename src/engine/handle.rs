//! The handle by which the rest of the program reaches the engine.

use events::{Position, Recorded};
use tokio::sync::{mpsc, oneshot, watch};

use super::{Ask, EngineError, Fact, Receipt};

/// A question and where its answer goes.
#[derive(Debug)]
pub(super) enum Mail {
    /// A command to a wallet.
    Ask(Box<Ask>, oneshot::Sender<Result<Receipt, EngineError>>),
    /// A fact to record.
    Fact(Box<Fact>, oneshot::Sender<Result<Recorded, EngineError>>),
}

impl Mail {
    pub(super) fn ask(&self) -> Option<&Ask> {
        match self {
            Self::Ask(ask, _) => Some(ask),
            Self::Fact(..) => None,
        }
    }

    /// Answers with an error.
    pub(super) fn refuse(self, error: EngineError) {
        // Nobody minds when the caller no longer waits.
        match self {
            Self::Ask(_, answer) => drop(answer.send(Err(error))),
            Self::Fact(_, answer) => drop(answer.send(Err(error))),
        }
    }
}

/// A running engine. Clones share it.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(super) mailbox: mpsc::Sender<Mail>,
    pub(super) head: watch::Receiver<Position>,
}

impl Engine {
    /// Submits a command and waits until its events are durable. Once handed over, the command is
    /// decided even when the caller stops waiting.
    ///
    /// # Errors
    /// As [`EngineError`] says; a recorded refusal is a receipt, not an error.
    pub async fn submit(&self, ask: Ask) -> Result<Receipt, EngineError> {
        let id = ask.id;
        let (answer, receipt) = oneshot::channel();
        self.post(Mail::Ask(Box::new(ask), answer))?;
        receipt.await.unwrap_or(Err(EngineError::OutcomeUnknown(id)))
    }

    /// Records a fact and waits until it is durable.
    ///
    /// # Errors
    /// As [`EngineError`] says.
    pub async fn record(&self, fact: Fact) -> Result<Recorded, EngineError> {
        let id = fact.id;
        let (answer, recorded) = oneshot::channel();
        self.post(Mail::Fact(Box::new(fact), answer))?;
        recorded.await.unwrap_or(Err(EngineError::OutcomeUnknown(id)))
    }

    /// The number of durable events.
    #[must_use]
    pub fn head(&self) -> Position {
        *self.head.borrow()
    }

    fn post(&self, mail: Mail) -> Result<(), EngineError> {
        self.mailbox.try_send(mail).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => EngineError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => EngineError::Stopping,
        })
    }
}
