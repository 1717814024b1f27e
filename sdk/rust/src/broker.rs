//! What the consumer needs of a broker. [`Amqp`](crate::Amqp) is the real one, [`kit`](crate::kit)
//! has one in memory.

use bytes::Bytes;
use events::Position;
use futures::future::BoxFuture;

/// The connection to the broker is gone, or never was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Lost(pub String);

/// A broker that keeps this app's messages.
pub trait Broker: Send + Sync {
    /// Connects anew and starts to receive.
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, Lost>>;
}

/// One connection. Dropping it gives everything that isn't settled back to the broker.
pub trait Session: Send {
    /// The next message; `None` when the broker has ended the subscription, which needs a new session.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Delivery>, Lost>>;

    /// Ends it in good order.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// A message.
pub struct Delivery {
    /// The stored CloudEvents document.
    pub body: Bytes,
    /// Header `position`: the event's place in the log.
    pub position: Option<Position>,
    /// Header `prev`: position of the event that this app was told of before; absent on its first.
    pub prev: Option<Position>,
    /// Settles it.
    pub receipt: Box<dyn Receipt>,
}

/// Says what became of one message. Dropped, it says nothing: the message comes again when the
/// session ends.
pub trait Receipt: Send {
    /// It is done with.
    fn ack(self: Box<Self>) -> BoxFuture<'static, Result<(), Lost>>;

    /// It can't be handled: it goes to the app's parked queue, for a person to look at.
    fn park(self: Box<Self>) -> BoxFuture<'static, Result<(), Lost>>;
}
