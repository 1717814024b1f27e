//! The consumer: connects, closes gaps, and lets each event be handled once.

mod lanes;
mod options;
mod progress;
mod receipts;
mod run;
mod seen;
mod work;

pub use options::{Options, Start};

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Handler, Inbox, broker::Broker, feed::Feed};
use run::Run;

/// Receives this app's events and hands each one to the handler, once, in order for each wallet.
///
/// - **Order**: an event waits for the one before it about the same wallet (or app, or organization);
///   different wallets go side by side.
/// - **Once**: the inbox's cursor and the handler's effect are one transaction; the message is
///   acknowledged after it.
/// - **Gaps** that the messages' `prev` shows are filled from the feed before going on.
/// - **Poison**, what is no event or what the handler calls so, goes to the app's parked queue.
/// - **Ends** of connection, channel or subscription, however they come, lead to a new connection,
///   after a pause that grows, without end.
pub struct Consumer<B, I, H> {
    broker: B,
    inbox: I,
    handler: H,
    feed: Option<Arc<dyn Feed>>,
    options: Options,
    open: watch::Sender<usize>,
}

impl<B: Broker, I: Inbox, H: Handler<I::Transaction>> Consumer<B, I, H> {
    /// A consumer that fills no gaps yet: see [`Self::with_feed`].
    pub fn new(broker: B, inbox: I, handler: H) -> Self {
        Self { broker, inbox, handler, feed: None, options: Options::default(), open: watch::Sender::new(0) }
    }

    /// Fills gaps from there. Without a feed they are only logged.
    #[must_use]
    pub fn with_feed(self, feed: impl Feed + 'static) -> Self {
        Self { feed: Some(Arc::new(feed)), ..self }
    }

    /// Behaves so.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// How many events are in its hands: handled now, or waiting for their turn.
    pub(crate) fn open(&self) -> watch::Receiver<usize> {
        self.open.subscribe()
    }

    /// Runs until it is stopped. Then what is being handled is finished and acknowledged; the rest
    /// stays with the broker. Dropping the future instead loses nothing either.
    pub async fn run(self, stop: CancellationToken) {
        let Self { broker, inbox, handler, feed, options, open } = self;
        if let Some(mut run) = Run::start(inbox, handler, feed, options, (stop, open)).await {
            run.until_stopped(&broker).await;
        }
    }
}
