//! What the relay asks of a broker, and what it may be told. [`Amqp`](super::Amqp) is the real one;
//! tests script another, because a real broker can't be made to misbehave at will.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::watch;

use super::message::Message;

/// Opens sessions.
pub trait Connect: Send + Sync + 'static {
    /// A new session on which everything is as the relay needs it: exchange, audit queue, binding.
    ///
    /// # Errors
    /// Why there is none.
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, Broken>>;
}

/// A connection with one channel in confirm mode, until it breaks.
pub trait Session: Send {
    /// Sends a message. Numbers ascend from 0; the verdict comes later.
    fn publish(&mut self, number: u64, message: &Message);

    /// All verdicts that there are, waiting for at least one. Nothing is lost when the future is
    /// dropped.
    ///
    /// # Errors
    /// When the session is broken: it gives no further verdicts.
    fn verdicts(&mut self) -> BoxFuture<'_, Result<Vec<Verdict>, Broken>>;

    /// Why the broker takes nothing for now, while that is so: memory or disk are short there.
    fn blocked(&self) -> watch::Receiver<Option<Arc<str>>>;

    /// Ends the session in good order.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// What the broker says of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It has the message in all queues, safely.
    Confirmed(u64),
    /// It could not take the message.
    Refused(u64),
    /// No queue wants the message of this event. The broker confirms it all the same, afterwards.
    Returned {
        /// The message's id: that of its event.
        id: String,
        /// The broker's reason.
        reason: String,
    },
}

/// Why there is no session any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Not reached, or the connection is lost.
    #[error("no connection to the broker: {0}")]
    Lost(String),
    /// It did not answer in time.
    #[error("the broker did not answer within {0:?}")]
    Silent(std::time::Duration),
    /// Something is not set up as the relay needs it: trying again alone won't help.
    #[error("the broker is not set up: {0}")]
    Setup(String),
}
