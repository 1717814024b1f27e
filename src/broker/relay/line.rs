//! What outlives a session: how far everything has come.

use std::{sync::Arc, time::Duration};

use events::{Position, Time};
use futures::{FutureExt, future::BoxFuture};
use tokio::{sync::watch, time::timeout};

use super::{Fault, Options, RelayEnd};
use crate::{
    broker::{
        event::EventHead,
        gauges::Gauges,
        health::{RelayHealth, RelayPhase},
        outbox::Outbox,
        state::{Progress, RelayState, StateError},
        window::Window,
    },
    clock::Clock,
    log::{Log, Page},
};

/// How long the last save may take.
const LAST_SAVE: Duration = Duration::from_secs(5);
const MICROS: i64 = 1_000_000;

/// What a line is given.
pub(super) struct Things {
    pub(super) log: Arc<dyn Log>,
    pub(super) state: Arc<dyn RelayState>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) options: Options,
    pub(super) epoch: u64,
    pub(super) health: watch::Sender<RelayHealth>,
}

/// From the log to what is confirmed and saved.
pub(in crate::broker) struct Line {
    pub(in crate::broker) log: Arc<dyn Log>,
    pub(in crate::broker) clock: Arc<dyn Clock>,
    pub(in crate::broker) options: Options,
    pub(in crate::broker) outbox: Outbox,
    pub(in crate::broker) window: Window,
    /// What is confirmed.
    pub(in crate::broker) done: Progress,
    /// Messages confirmed since the start.
    pub(in crate::broker) published: u64,
    state: Arc<dyn RelayState>,
    epoch: u64,
    saved: Position,
    rewinds: u64,
    quarantined: u64,
    measured: Measured,
    health: watch::Sender<RelayHealth>,
    gauges: Gauges,
}

/// Where the log ends, and how old the first event is that is not confirmed.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::broker) struct Measured {
    head: Position,
    oldest: Option<Time>,
}

impl Line {
    pub(super) fn new(things: Things, done: Progress, outbox: Outbox) -> Self {
        let Things { log, state, clock, options, epoch, health } = things;
        let saved = done.position;
        Self {
            log,
            clock,
            options,
            outbox,
            window: Window::default(),
            done,
            published: 0,
            state,
            epoch,
            saved,
            rewinds: 0,
            quarantined: 0,
            measured: Measured::default(),
            health,
            gauges: Gauges::register(options.label),
        }
    }

    /// Takes in what was read.
    pub(in crate::broker) fn take_in(&mut self, page: &Page) {
        self.quarantined += self.outbox.take_in(page);
    }

    /// Moves over what is confirmed.
    pub(in crate::broker) fn advance(&mut self) {
        self.window.advance(&mut self.done);
    }

    /// Goes back to what is confirmed.
    pub(super) fn rewind(&mut self, reason: &str, is_setup: bool) {
        self.window.clear();
        self.outbox.rewind(&self.done);
        self.rewinds += 1;
        let since = match &self.health.borrow().phase {
            RelayPhase::Retrying { since, .. } | RelayPhase::Misconfigured { since, .. } => *since,
            RelayPhase::Connecting
            | RelayPhase::Running
            | RelayPhase::Blocked { .. }
            | RelayPhase::Ended { .. } => self.clock.now(),
        };
        let reason = reason.to_owned();
        self.show(Some(if is_setup {
            RelayPhase::Misconfigured { reason, since }
        } else {
            RelayPhase::Retrying { reason, since }
        }));
    }

    pub(in crate::broker) fn has_unsaved(&self) -> bool {
        self.saved < self.done.position
    }

    /// Saves progress, after recording every event before it that became but a stub.
    pub(in crate::broker) fn save(&self) -> BoxFuture<'static, Result<Position, StateError>> {
        let (state, done, epoch) = (Arc::clone(&self.state), self.done.clone(), self.epoch);
        let spoilt: Vec<_> = self.outbox.quarantined().range(..done.position).map(owned).collect();
        async move {
            for (position, reason) in spoilt {
                state.quarantine(position, &reason).await?;
            }
            state.save(&done, epoch).await?;
            Ok(done.position)
        }
        .boxed()
    }

    /// What became of a save.
    ///
    /// # Errors
    /// When this relay must not go on; that it couldn't be saved yet is none.
    pub(in crate::broker) fn saved(&mut self, result: Result<Position, StateError>) -> Result<(), RelayEnd> {
        match result {
            Ok(position) => {
                self.saved = position;
                self.outbox.recorded(position);
            }
            Err(StateError::Superseded { epoch }) => return Err(RelayEnd::Superseded { epoch }),
            Err(error) => tracing::warn!(%error, "a crash now would send more again"),
        }
        Ok(())
    }

    /// Saves what is not saved yet, if that works in time.
    ///
    /// # Errors
    /// When this relay must not go on.
    pub(super) async fn save_at_last(&mut self) -> Result<(), RelayEnd> {
        if !self.has_unsaved() {
            return Ok(());
        }
        let late = |_| Err(StateError::Unavailable("it takes too long".to_owned()));
        let result = timeout(LAST_SAVE, self.save()).await.unwrap_or_else(late);
        self.saved(result)
    }

    /// Looks where the log ends.
    pub(in crate::broker) fn measure(&self) -> BoxFuture<'static, Result<Measured, Fault>> {
        let (log, position) = (Arc::clone(&self.log), self.done.position);
        async move {
            let head = log.head().await?;
            let page = log.read(position, 1).await?;
            let first =
                page.iter().next().and_then(|(_, body)| EventHead::read(body).ok()?.time.parse().ok());
            Ok(Measured { head, oldest: first })
        }
        .boxed()
    }

    /// Takes in where the log ends.
    pub(in crate::broker) fn measured(&mut self, measured: Result<Measured, Fault>) {
        match measured {
            Ok(measured) => self.measured = measured,
            Err(error) => tracing::warn!(%error, "the relay can't tell how far it is behind"),
        }
    }

    /// Tells everyone how the relay is, in a new phase or the same.
    pub(in crate::broker) fn show(&self, phase: Option<RelayPhase>) {
        let head = self.measured.head.max(self.outbox.next());
        let lag_events = head.get().saturating_sub(self.done.position.get());
        let oldest = self.window.oldest_time().or_else(|| self.outbox.front().map(|event| event.time));
        let oldest = oldest.or(self.measured.oldest).filter(|_| lag_events > 0);
        let age = oldest.map_or(0, |time| self.clock.now().micros().saturating_sub(time.micros()) / MICROS);
        self.health.send_modify(|health| {
            if let Some(phase) = phase {
                health.phase = phase;
            }
            health.position = self.done.position;
            health.saved = self.saved;
            health.lag_events = lag_events;
            health.lag_seconds = u64::try_from(age).unwrap_or_default();
            health.unconfirmed = self.window.unconfirmed();
            health.published = self.published;
            health.rewinds = self.rewinds;
            health.quarantined = self.quarantined;
        });
        self.gauges.show(&self.health.borrow());
    }
}

fn owned((position, reason): (&Position, &String)) -> (Position, String) {
    (*position, reason.clone())
}
