//! The handle by which the rest of the program reaches the engine.

use std::sync::Arc;

use events::{Position, Recorded};
use tokio::sync::{oneshot, watch};

use super::{
    Ask, EngineError, Fact, Receipt,
    mailbox::{Mail, Packet, Sender},
    replies::{Answer, Many},
};

/// A running engine. Clones share it.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(super) mailbox: Sender,
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
        self.post(Mail::Ask(Box::new(ask), Answer::One(answer)))?;
        receipt.await.unwrap_or(Err(EngineError::OutcomeUnknown(id)))
    }

    /// Submits commands of which each is decided for itself, in order, and waits for all of them. The
    /// answers are in the order of the commands, each as [`Self::submit`] would give it.
    pub async fn submit_all(&self, asks: Vec<Ask>) -> Vec<Result<Receipt, EngineError>> {
        let (answer, receipts) = oneshot::channel();
        let many = Many::new(asks.iter().map(|ask| ask.id), answer);
        let mails = asks.into_iter().enumerate().map(|(place, ask)| {
            let answer = Answer::OfMany(Arc::clone(&many), place);
            Mail::Ask(Box::new(ask), answer)
        });
        let packet = Packet::All(mails.collect());
        drop(many);
        if let Err((error, packet)) = self.mailbox.send(packet) {
            packet.refuse(&error);
        }
        // They are sent when the last answer is there or is lost.
        receipts.await.unwrap_or_default()
    }

    /// Records a fact and waits until it is durable.
    ///
    /// # Errors
    /// As [`EngineError`] says.
    pub async fn record(&self, fact: Fact) -> Result<Arc<Recorded>, EngineError> {
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
        self.mailbox.send(Packet::One(mail)).map_err(|(error, _)| error)
    }
}
