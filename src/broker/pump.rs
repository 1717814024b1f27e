//! One session: events out, verdicts in, until something breaks or the relay is to stop.

use std::{sync::Arc, time::Duration};

use events::Position;
use futures::{FutureExt, future::BoxFuture};
use tokio::{
    select,
    sync::watch,
    time::{Interval, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    health::RelayPhase,
    relay::{Fault, Line, Measured},
    session::{Broken, Session, Verdict},
    state::StateError,
    window::Departing,
};
use crate::log::{Log, Page, ReadError};

/// How often time-outs are looked at; progress is saved and lag measured in multiples of it.
const TICK: Duration = Duration::from_millis(50);
/// How often the log's head is looked up, for the lag.
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// Work beside the loop, which must not be begun anew whenever something else happens.
type Beside<T> = Option<BoxFuture<'static, T>>;

/// Something to react to.
enum Happening {
    Stop,
    Tick,
    Verdicts(Result<Vec<Verdict>, Broken>),
    Blocked,
    Read(Result<Page, ReadError>),
    Saved(Result<Position, StateError>),
    Measured(Result<Measured, Fault>),
}

pub(super) struct Pump<'a> {
    line: &'a mut Line,
    session: &'a mut dyn Session,
    blocked: watch::Receiver<Option<Arc<str>>>,
    /// What `blocked` said when it was last looked at: the broker's time counts from there.
    is_blocked: bool,
    ticks: Interval,
    reading: Beside<Result<Page, ReadError>>,
    saving: Beside<Result<Position, StateError>>,
    measuring: Beside<Result<Measured, Fault>>,
    last_save: Duration,
    last_measure: Duration,
    /// When to give up waiting for verdicts, once the relay is to stop.
    until: Option<Duration>,
}

impl<'a> Pump<'a> {
    pub(super) fn new(line: &'a mut Line, session: &'a mut dyn Session) -> Self {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = line.clock.monotonic();
        let mut blocked = session.blocked();
        blocked.mark_changed();
        let is_blocked = blocked.borrow().is_some();
        Self {
            blocked,
            is_blocked,
            ticks,
            reading: None,
            saving: None,
            measuring: Some(line.measure()),
            last_save: now,
            last_measure: now,
            until: None,
            line,
            session,
        }
    }

    /// Publishes until `stop`, after which what is on its way may still be confirmed.
    ///
    /// # Errors
    /// Why the session can't go on.
    pub(super) async fn run(mut self, stop: &CancellationToken) -> Result<(), Fault> {
        loop {
            if self.until.is_none() {
                self.publish();
                self.read_on();
            } else if self.is_done() {
                return Ok(());
            }
            match self.next(stop).await {
                Happening::Stop => {
                    self.until = Some(self.line.clock.monotonic() + self.line.options.wind_down);
                }
                Happening::Tick => self.tick()?,
                Happening::Verdicts(verdicts) => self.settle(&verdicts?)?,
                Happening::Blocked => self.look_whether_blocked(),
                Happening::Read(page) => self.line.take_in(&page?),
                Happening::Saved(saved) => self.line.saved(saved)?,
                Happening::Measured(measured) => self.line.measured(measured),
            }
        }
    }

    async fn next(&mut self, stop: &CancellationToken) -> Happening {
        select! {
            biased;
            () = stop.cancelled(), if self.until.is_none() => Happening::Stop,
            _ = self.ticks.tick() => Happening::Tick,
            changed = self.blocked.changed() => match changed {
                Ok(()) => Happening::Blocked,
                Err(_) => Happening::Verdicts(Err(Broken::Lost("the connection has ended".to_owned()))),
            },
            verdicts = self.session.verdicts() => Happening::Verdicts(verdicts),
            saved = done(&mut self.saving) => Happening::Saved(saved),
            measured = done(&mut self.measuring) => Happening::Measured(measured),
            page = done(&mut self.reading) => Happening::Read(page),
        }
    }

    /// Whether nothing more is to be waited for.
    fn is_done(&self) -> bool {
        let late = self.until.is_some_and(|until| self.line.clock.monotonic() >= until);
        self.line.window.unconfirmed() == 0 || late
    }

    /// Fills the window.
    fn publish(&mut self) {
        if self.is_blocked {
            return;
        }
        let Line { outbox, window, done, clock, options, .. } = &mut *self.line;
        let limits = (options.window_messages, options.window_bytes);
        let now = clock.monotonic();
        while let Some(event) = outbox.front() {
            let (messages, bytes) = (event.messages.len() as u64, event.bytes());
            if !window.has_room(messages, bytes, limits) {
                return;
            }
            let Some(event) = outbox.pop() else { return };
            if messages == 0 {
                window.pass(event.position, done);
                continue;
            }
            let (position, time, apps) = (event.position, event.time, event.apps);
            let first = window.depart(Departing { position, time, apps, messages, bytes }, now);
            for (number, message) in (first..).zip(&event.messages) {
                self.session.publish(number, message);
            }
        }
    }

    /// Begins to read when there is nothing left to publish.
    fn read_on(&mut self) {
        if self.reading.is_none() && self.line.outbox.front().is_none() && !self.is_blocked {
            let (log, next) = (Arc::clone(&self.line.log), self.line.outbox.next());
            let (limit, poll) = (self.line.options.page_events, self.line.options.poll);
            self.reading = Some(read(log, next, limit, poll).boxed());
        }
    }

    fn settle(&mut self, verdicts: &[Verdict]) -> Result<(), Fault> {
        let mut refused = false;
        for verdict in verdicts {
            match verdict {
                // What was confirmed with it counts for nothing: the returned message is among it.
                Verdict::Returned { id, reason } => {
                    return Err(Fault::Returned { id: id.clone(), reason: reason.clone() });
                }
                Verdict::Confirmed(number) => {
                    self.line.window.confirm(*number);
                    self.line.published += 1;
                }
                Verdict::Refused(_) => refused = true,
            }
        }
        self.line.advance();
        if refused { Err(Fault::Refused) } else { Ok(()) }
    }

    fn look_whether_blocked(&mut self) {
        let reason = self.blocked.borrow_and_update().clone();
        self.is_blocked = reason.is_some();
        let now = self.line.clock.now();
        if let Some(reason) = reason {
            tracing::warn!(%reason, "the broker takes nothing for now; messages wait in the log");
            self.line.show(Some(RelayPhase::Blocked { reason: reason.to_string(), since: now }));
        } else {
            // The time that the broker stood still is not held against it.
            self.line.window.restart(self.line.clock.monotonic());
            self.line.show(Some(RelayPhase::Running));
        }
    }

    fn tick(&mut self) -> Result<(), Fault> {
        let now = self.line.clock.monotonic();
        let confirm_max = self.line.options.confirm_max;
        let late = self.line.window.oldest().is_some_and(|sent| now.saturating_sub(sent) > confirm_max);
        if late && !self.is_blocked {
            return Err(Fault::Late(confirm_max));
        }
        let due = now.saturating_sub(self.last_save) >= self.line.options.save_every;
        if due && self.saving.is_none() && self.line.has_unsaved() {
            self.last_save = now;
            self.saving = Some(self.line.save());
        }
        if self.measuring.is_none() && now.saturating_sub(self.last_measure) >= MEASURE_EVERY {
            self.last_measure = now;
            self.measuring = Some(self.line.measure());
        }
        self.line.show(None);
        Ok(())
    }
}

/// The next events, as soon as there are any. The log's hint may come late, so it is asked again.
async fn read(log: Arc<dyn Log>, next: Position, limit: usize, poll: Duration) -> Result<Page, ReadError> {
    loop {
        let page = log.read(next, limit).await?;
        if !page.is_empty() {
            return Ok(page);
        }
        select! {
            () = log.wait_past(next) => {}
            () = tokio::time::sleep(poll) => {}
        }
    }
}

/// Waits for work beside the loop; for ever when there is none.
async fn done<T>(work: &mut Beside<T>) -> T {
    match work {
        Some(future) => {
            let result = future.await;
            *work = None;
            result
        }
        None => std::future::pending().await,
    }
}
