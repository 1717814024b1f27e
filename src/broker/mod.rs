//! The stored events as messages: the relay to RabbitMQ.
//!
//! The log is the outbox. One [`Relay`] reads it, publishes each event once for every app that is
//! told of it, and keeps how far the broker has confirmed without a gap. Nothing that answers a
//! command waits for it. At least once, in order per app; `prev` lets a consumer see a gap, which it
//! fills from the feed.

mod amqp;
pub mod asyncapi;
mod backoff;
mod event;
mod file;
mod gauges;
mod health;
mod message;
mod outbox;
pub mod postgres;
mod pump;
mod quarantine;
mod relay;
mod session;
mod state;
#[cfg(test)]
mod tests;
pub mod topology;
mod window;

pub use amqp::{Amqp, AmqpOptions, BadUrl, Tap, TapError, TapKind};
pub use event::EventHead;
pub use file::FileState;
pub use health::{RelayHealth, RelayPhase};
pub use message::Message;
pub use relay::{Options, Relay, RelayEnd, RelayParts};
pub use session::{Broken, Connect, Session, Verdict};
pub use state::{Progress, RelayState, StateError};
