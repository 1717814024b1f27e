//! One run of a consumer: a single task that takes messages in order and hands them to the lanes.

use std::{pin::pin, sync::Arc, time::Duration};

use events::Position;
use futures::FutureExt;
use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    lanes::Lanes,
    progress::Progress,
    receipts,
    seen::{Gap, Seen},
    work::{Done, Job, Worker},
};
use crate::{
    Handler, Inbox, Notice,
    backoff::Backoff,
    broker::{Broker, Delivery, Receipt, Session},
    feed::{Feed, FeedPage},
};

/// The consumer was asked to stop.
struct Stopped;

pub(super) struct Run<I, H> {
    worker: Arc<Worker<I, H>>,
    feed: Option<Arc<dyn Feed>>,
    lanes: Lanes<Job, Done>,
    progress: Progress,
    seen: Seen,
    notes: Interval,
}

impl<I: Inbox, H: Handler<I::Transaction>> Run<I, H> {
    /// Finds out what was reached before; none when it is stopped before it knows.
    pub(super) async fn start(
        inbox: I,
        handler: H,
        feed: Option<Arc<dyn Feed>>,
        options: Options,
        (stop, open): (CancellationToken, watch::Sender<usize>),
    ) -> Option<Self> {
        let mut backoff = Backoff::new(options.pauses);
        let reached = loop {
            match stop.run_until_cancelled(inbox.reached()).await? {
                Ok(reached) => break reached,
                Err(error) => tracing::warn!(%error, "the inbox can't be read; it is tried again"),
            }
            stop.run_until_cancelled(sleep(backoff.wait())).await?;
        };
        let worker = Arc::new(Worker { inbox, handler, options, stop });
        let shared = Arc::clone(&worker);
        let lanes = Lanes::new(open, move |job| Arc::clone(&shared).work(job).boxed());
        let mut notes = interval(options.note_every.max(Duration::from_millis(1)));
        notes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (progress, seen) = (Progress::from(reached), Seen::from(reached, options.start));
        Some(Self { worker, feed, lanes, progress, seen, notes })
    }

    pub(super) async fn until_stopped(&mut self, broker: &impl Broker) {
        let mut backoff = Backoff::new(self.worker.options.pauses);
        while let Ok(connected) = self.meanwhile(broker.connect()).await {
            match connected {
                Ok(mut session) => {
                    tracing::info!("connected to the broker");
                    let stopped = self.listen(&mut *session, &mut backoff).await.is_err();
                    if stopped {
                        self.finish().await;
                    }
                    // Acknowledgements are out before the connection ends.
                    session.close().await;
                    if stopped {
                        return;
                    }
                }
                Err(lost) => tracing::warn!(%lost, "the broker can't be reached; it is tried again"),
            }
            if self.meanwhile(sleep(backoff.wait())).await.is_err() {
                break;
            }
        }
        self.finish().await;
    }

    /// Takes what comes until the session ends.
    async fn listen(&mut self, session: &mut dyn Session, backoff: &mut Backoff) -> Result<(), Stopped> {
        loop {
            match self.meanwhile(session.next()).await? {
                Ok(Some(delivery)) => {
                    backoff.reset();
                    self.take(delivery).await?;
                }
                Ok(None) => {
                    tracing::warn!("the broker ended the subscription");
                    return Ok(());
                }
                Err(lost) => {
                    tracing::warn!(%lost, "the connection to the broker ended");
                    return Ok(());
                }
            }
        }
    }

    /// Does this, while jobs go on and progress is noted.
    async fn meanwhile<F: Future>(&mut self, what: F) -> Result<F::Output, Stopped> {
        let mut what = pin!(what);
        loop {
            tokio::select! {
                biased;
                () = self.worker.stop.cancelled() => return Err(Stopped),
                Some(done) = self.lanes.next() => self.note(done),
                _ = self.notes.tick(), if self.progress.to_note().is_some() => self.save().await,
                output = &mut what => return Ok(output),
            }
        }
    }

    fn note(&mut self, done: Done) {
        match done {
            Done::Settled(position) => self.progress.finish(position),
            Done::GivenUp => {}
        }
    }

    async fn save(&mut self) {
        let Some(reached) = self.progress.to_note() else { return };
        match self.worker.inbox.set_reached(reached).await {
            Ok(()) => self.progress.noted(reached),
            Err(error) => tracing::warn!(%error, "what is reached could not be noted"),
        }
    }

    /// Lets what is being handled finish.
    async fn finish(&mut self) {
        self.lanes.forget_waiting();
        while let Some(done) = self.lanes.next().await {
            self.note(done);
        }
        self.save().await;
    }

    async fn take(&mut self, delivery: Delivery) -> Result<(), Stopped> {
        let Delivery { body, position, prev, receipt } = delivery;
        let notice = match Notice::read(body) {
            Ok(notice) => notice,
            Err(error) => {
                tracing::error!(?position, %error, "a message is parked");
                self.meanwhile(receipts::park(Some(receipt), position)).await?;
                if let Some(position) = position {
                    self.close_gap(position, prev).await?;
                    self.progress.begin(position);
                    self.progress.finish(position);
                }
                return Ok(());
            }
        };
        self.close_gap(notice.position(), prev).await?;
        self.admit(notice, Some(receipt)).await
    }

    /// Handles what is missing before this message, and counts it as met.
    async fn close_gap(&mut self, position: Position, prev: Option<Position>) -> Result<(), Stopped> {
        if let Gap::After(after) = self.seen.gap(position, prev) {
            match self.feed.clone() {
                Some(feed) => self.fill(&*feed, after, position).await?,
                None => {
                    tracing::warn!(?after, %position, "events are missing, and there is no feed to read them from")
                }
            }
        }
        self.seen.meet(position);
        Ok(())
    }

    /// Handles the feed's events between `after` and `until`, both left out.
    async fn fill(
        &mut self,
        feed: &dyn Feed,
        mut after: Option<Position>,
        until: Position,
    ) -> Result<(), Stopped> {
        tracing::info!(?after, %until, "events are missing: reading them from the feed");
        let mut backoff = Backoff::new(self.worker.options.pauses);
        loop {
            let page = self.meanwhile(feed.after(after)).await?.unwrap_or_else(|error| {
                tracing::warn!(%error, "the feed can't be read; it is tried again");
                FeedPage::default()
            });
            for bytes in page.events {
                match Notice::read(bytes) {
                    Ok(notice) if notice.position() >= until => return Ok(()),
                    Ok(notice) => {
                        self.seen.meet(notice.position());
                        self.admit(notice, None).await?;
                    }
                    Err(error) => tracing::error!(%error, "an event of the feed is passed over"),
                }
            }
            if page.next.is_some_and(|next| next.next() >= until) {
                return Ok(());
            }
            if page.next.is_none() || page.next <= after {
                // Nobody answered, or a replica that is a little behind.
                self.meanwhile(sleep(backoff.wait())).await?;
            } else {
                backoff.reset();
                after = page.next;
            }
        }
    }

    /// Hands it to its lane, when there is room.
    async fn admit(&mut self, notice: Notice, receipt: Option<Box<dyn Receipt>>) -> Result<(), Stopped> {
        let position = notice.position();
        self.progress.begin(position);
        match notice {
            Notice::Event(event) => {
                while self.lanes.len() >= self.worker.options.in_flight_max.max(1) {
                    let stop = &self.worker.stop;
                    let done = stop.run_until_cancelled(self.lanes.next()).await.ok_or(Stopped)?;
                    done.into_iter().for_each(|done| self.note(done));
                }
                self.lanes.push(event.recorded.envelope.subject, Job { event, receipt });
            }
            Notice::Unknown { event_type, position, bytes } => {
                tracing::info!(%event_type, %position, "an event of an unknown type; a newer version knows it");
                let worker = Arc::clone(&self.worker);
                self.meanwhile(worker.handler.unknown(&event_type, &bytes)).await?;
                self.meanwhile(receipts::ack(receipt, position)).await?;
                self.progress.finish(position);
            }
        }
        Ok(())
    }
}
