//! For tests of an app's handlers, without a broker and without a ledger.
//!
//! A [`Story`] is what happened: events of the ledger's own golden samples, in order. A
//! [`ScriptedBroker`] tells it as a [`Step`] list says, with repetitions, gaps, poison and lost
//! connections; the story itself is the feed. A [`MemoryInbox`] is the app's database.
//!
//! ```
//! use credit_ledger_client::{Consumer, Failure, Handler, Received, events::EventType, kit::*};
//!
//! struct Keep;
//! impl Handler<MemoryTransaction<u64>> for Keep {
//!     async fn handle(&self, table: &mut MemoryTransaction<u64>, event: &Received) -> Result<(), Failure> {
//!         table.insert(event.recorded.envelope.position.get());
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let mut story = Story::new();
//! let positions: Vec<u64> = (0..4).map(|_| story.happens(EventType::BalanceLow, 1).get()).collect();
//! // The third event is told before the second, which never comes, and the first one twice.
//! let broker = ScriptedBroker::new(&story, [Step::Tell(0), Step::Tell(2), Step::Tell(0), Step::Tell(3)]);
//! let inbox = MemoryInbox::new();
//! let consumer = Consumer::new(broker.clone(), inbox.clone(), Keep).with_feed(story.feed());
//! broker.play(consumer).await;
//! assert_eq!(inbox.rows(), positions);
//! # }
//! ```

mod broker;
mod inbox;
mod samples;
mod story;

pub use broker::{ScriptedBroker, Step};
pub use inbox::{Conflict, MemoryInbox, MemoryTransaction};
pub use samples::sample;
pub use story::{Story, StoryFeed};
