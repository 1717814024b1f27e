//! One event: transaction, cursor, handler, commit, and only then the acknowledgement.

use std::{panic::AssertUnwindSafe, sync::Arc};

use events::Position;
use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{Options, receipts};
use crate::{Failure, Handler, Inbox, Received, backoff::Backoff, broker::Receipt};

/// An event to handle.
pub(super) struct Job {
    pub(super) event: Box<Received>,
    /// Absent when it came from the feed.
    pub(super) receipt: Option<Box<dyn Receipt>>,
}

/// What a job came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// Handled, now or before, or parked.
    Settled(Position),
    /// The consumer was asked to stop: the broker will give it to whoever comes next.
    GivenUp,
}

/// What every job needs.
pub(super) struct Worker<I, H> {
    pub(super) inbox: I,
    pub(super) handler: H,
    pub(super) options: Options,
    pub(super) stop: CancellationToken,
}

impl<I: Inbox, H: Handler<I::Transaction>> Worker<I, H> {
    pub(super) async fn work(self: Arc<Self>, job: Job) -> Done {
        let Job { event, receipt } = job;
        let position = event.recorded.envelope.position;
        let mut backoff = Backoff::new(self.options.pauses);
        loop {
            let attempt = AssertUnwindSafe(self.attempt(&event)).catch_unwind().await;
            match attempt.unwrap_or_else(|_| Err(Failure::poison("the handler panicked"))) {
                Ok(()) => {
                    receipts::ack(receipt, position).await;
                    return Done::Settled(position);
                }
                Err(Failure::Poison(reason)) => {
                    tracing::error!(%position, %reason, "the event can't be handled and is parked");
                    receipts::park(receipt, Some(position)).await;
                    return Done::Settled(position);
                }
                Err(Failure::Retry(reason)) => {
                    let pause = backoff.wait();
                    tracing::warn!(%position, %reason, ?pause, "the event was not handled and is tried again");
                    tokio::select! {
                        () = self.stop.cancelled() => return Done::GivenUp,
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }
        }
    }

    async fn attempt(&self, event: &Received) -> Result<(), Failure> {
        let envelope = &event.recorded.envelope;
        let mut transaction = self.inbox.begin().await?;
        if !self.inbox.claim(&mut transaction, envelope.subject, envelope.position).await? {
            tracing::debug!(position = %envelope.position, "the event was handled before");
            return Ok(());
        }
        self.handler.handle(&mut transaction, event).await?;
        Ok(self.inbox.commit(transaction).await?)
    }
}
