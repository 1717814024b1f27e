//! For apps that react to the events of a credit ledger: who is running low, what was spent, which
//! key is no longer good.
//!
//! The ledger tells each app of its events over RabbitMQ, at least once and in order. A [`Consumer`]
//! makes that **exactly once** in the app's own database: the app implements an [`Inbox`] over its
//! transactions (two tables and two statements, see there) and a [`Handler`] that reacts within them.
//! The rest is done here: a lane for each wallet, acknowledgement after the commit, gaps filled from the
//! ledger's feed, poison put aside, and connecting again for as long as it takes.
//!
//! ```no_run
//! use credit_ledger_client::{
//!     Amqp, Consumer, Failure, Handler, HttpFeed, Received,
//!     events::Event,
//!     kit::{MemoryInbox, MemoryTransaction},
//! };
//! use tokio_util::sync::CancellationToken;
//!
//! struct Reminders;
//!
//! impl Handler<MemoryTransaction<String>> for Reminders {
//!     async fn handle(
//!         &self,
//!         outbox: &mut MemoryTransaction<String>,
//!         event: &Received,
//!     ) -> Result<(), Failure> {
//!         if let Event::BalanceLow(low) = &event.recorded.event {
//!             let wallet = event.recorded.wallet().ok_or_else(|| Failure::poison("no wallet"))?;
//!             outbox.insert(format!("tell the owner of {wallet}: {} left", low.wallet.available));
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let app = "3ce927d5-0a4b-4f7c-b1d8-7e45c1b03f03".parse()?;
//! let broker = Amqp::new("amqp://app.3ce927d5-0a4b-4f7c-b1d8-7e45c1b03f03:secret@127.0.0.1/credits", app)?;
//! let feed = HttpFeed::new(reqwest::Client::new(), "http://127.0.0.1:8080", std::env::var("LEDGER_KEY")?);
//! let stop = CancellationToken::new();
//! // In earnest, an inbox over the app's database.
//! Consumer::new(broker, MemoryInbox::new(), Reminders).with_feed(feed).run(stop).await;
//! # Ok(())
//! # }
//! ```
//!
//! Handlers are tested with [`kit`], without a broker. Rules of the events themselves are in the
//! contract (`events/README.md`); amounts are exact decimals, never floats.

mod amqp;
pub mod auth;
mod backoff;
pub mod broker;
mod consumer;
mod feed;
mod handler;
mod inbox;
pub mod kit;
mod received;

pub use amqp::{Amqp, BadUrl};
pub use consumer::{Consumer, Options, Start};
pub use events;
pub use feed::{Feed, FeedError, FeedPage, HttpFeed};
pub use handler::{Failure, Handler};
pub use inbox::Inbox;
pub use received::{Notice, Received, Unreadable};
