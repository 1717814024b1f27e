//! The relay: keeps a session for as long as it is to run, and goes back to what is confirmed
//! whenever one breaks.

mod line;

use std::{fmt, sync::Arc, time::Duration};

use events::{LedgerId, Position};
use projections::Audience;
use tokio::{select, sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

pub(super) use line::{Line, Measured};

use super::{
    backoff::Backoff,
    gauges,
    health::{RelayHealth, RelayPhase},
    outbox::Outbox,
    pump::Pump,
    session::{Broken, Connect},
    state::{Progress, RelayState, StateError},
};
use crate::{
    clock::{Clock, Entropy},
    log::{Log, ReadError},
};

/// What a relay is made of.
pub struct RelayParts {
    /// The events.
    pub log: Arc<dyn Log>,
    /// Where progress is kept.
    pub state: Arc<dyn RelayState>,
    /// The broker.
    pub broker: Arc<dyn Connect>,
    /// Who is told of events, as of [`Self::audience_from`]; later facts come from the log.
    pub audience: Audience,
    /// Every fact before this position is in [`Self::audience`]: the checkpoint of the identity rows
    /// it was made of, read before them. 0, with an empty audience, is always right and slow.
    pub audience_from: Position,
    /// Above the epoch of every earlier relay of this ledger; equal to the own one on a restart.
    pub epoch: u64,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws the waits between attempts.
    pub entropy: Box<dyn Entropy>,
    /// Limits and times.
    pub options: Options,
}

/// Limits and times of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Messages on their way at once.
    pub window_messages: u64,
    /// Bytes of those messages, headers counted roughly.
    pub window_bytes: usize,
    /// Events read from the log at once.
    pub page_events: usize,
    /// How long a message may stay unconfirmed, unless the broker says that it is blocked.
    pub confirm_max: Duration,
    /// How often progress is saved: what a crash makes it send again.
    pub save_every: Duration,
    /// The shortest and the longest wait before a new session.
    pub retry: (Duration, Duration),
    /// How long to wait when the broker is not set up.
    pub retry_setup: Duration,
    /// How often the log is asked when it doesn't tell of new events.
    pub poll: Duration,
    /// How long confirms are waited for when the relay is to stop.
    pub wind_down: Duration,
    /// The ledger that metrics name; none where the process serves one alone.
    pub label: Option<LedgerId>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            window_messages: 1_024,
            window_bytes: 8 << 20,
            page_events: 1_024,
            confirm_max: Duration::from_secs(30),
            save_every: Duration::from_millis(200),
            retry: (Duration::from_millis(100), Duration::from_secs(15)),
            retry_setup: Duration::from_secs(10),
            poll: Duration::from_millis(250),
            label: None,
            wind_down: Duration::from_secs(2),
        }
    }
}

/// Why a relay ended without being asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayEnd {
    /// Another relay has taken over; that is no fault.
    #[error("a relay of epoch {epoch} has taken over")]
    Superseded {
        /// The epoch of the other.
        epoch: u64,
    },
    /// Its progress can't be read; starting anew would repeat everything.
    #[error("the relay's progress can't be read: {0}")]
    Corrupt(String),
    /// Its progress is of another log, or the log has lost events.
    #[error("the relay has come to position {position}, but the log ends at {head}")]
    AheadOfLog {
        /// The relay's position.
        position: Position,
        /// The log's head.
        head: Position,
    },
}

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("the broker refused a message")]
    Refused,
    #[error("no queue takes the message of event {id}: {reason}")]
    Returned { id: String, reason: String },
    #[error("a message was not confirmed within {0:?}")]
    Late(Duration),
    #[error(transparent)]
    Log(#[from] ReadError),
    #[error("the relay's progress can't be kept: {0}")]
    State(String),
    #[error(transparent)]
    End(#[from] RelayEnd),
}

impl Fault {
    /// For the metric of rewinds.
    const fn cause(&self) -> &'static str {
        match self {
            Self::Broken(Broken::Lost(_)) => "lost",
            Self::Broken(Broken::Silent(_)) => "silent",
            Self::Broken(Broken::Setup(_)) => "setup",
            Self::Refused => "refused",
            Self::Returned { .. } => "returned",
            Self::Late(_) => "late",
            Self::Log(_) => "log",
            Self::State(_) => "state",
            Self::End(_) => "end",
        }
    }
}

impl From<StateError> for Fault {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Superseded { epoch } => RelayEnd::Superseded { epoch }.into(),
            StateError::Corrupt(detail) => RelayEnd::Corrupt(detail).into(),
            StateError::Unavailable(detail) => Self::State(detail),
        }
    }
}

/// Publishes every event once for each app that is told of it, at least once and in order.
pub struct Relay {
    parts: RelayParts,
    health: watch::Sender<RelayHealth>,
}

impl Relay {
    /// A relay that does nothing until it is [`run`](Self::run).
    #[must_use]
    pub fn new(parts: RelayParts) -> Self {
        Self { parts, health: watch::Sender::default() }
    }

    /// How it is, from now on and for good.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<RelayHealth> {
        self.health.subscribe()
    }

    /// Relays until `stop`, whatever happens to the broker.
    ///
    /// # Errors
    /// Why it must not go on, as [`RelayEnd`] says.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RelayEnd> {
        let Self { parts, health } = self;
        let ended = health.clone();
        let result = supervise(parts, health, &stop).await;
        let reason = result.as_ref().err().map(ToString::to_string);
        ended.send_modify(|health| health.phase = RelayPhase::Ended { reason });
        result
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("health", &*self.health.borrow()).finish_non_exhaustive()
    }
}

async fn supervise(
    parts: RelayParts,
    health: watch::Sender<RelayHealth>,
    stop: &CancellationToken,
) -> Result<(), RelayEnd> {
    let RelayParts { log, state, broker, audience, audience_from, epoch, clock, entropy, options } = parts;
    let mut backoff = Backoff::new(options.retry, entropy);
    let done = loop {
        let loaded = load(&*log, &*state, epoch).await;
        match loaded {
            Ok(done) => break done,
            Err(Fault::End(end)) => return Err(end),
            Err(fault) => tracing::warn!(error = %fault, "the relay can't start yet"),
        }
        if stop.run_until_cancelled(sleep(backoff.wait())).await.is_none() {
            return Ok(());
        }
    };
    let outbox = Outbox::new(audience, audience_from, &done, epoch);
    let mut line = Line::new(line::Things { log, state, clock, options, epoch, health }, done, outbox);
    while !stop.is_cancelled() {
        let before = line.done.position;
        let fault = match session(&mut line, &*broker, stop).await {
            Ok(()) => break,
            Err(Fault::End(end)) => return Err(end),
            Err(fault) => fault,
        };
        if line.done.position > before {
            backoff.reset();
        }
        let is_setup = matches!(fault, Fault::Broken(Broken::Setup(_)));
        let wait = if is_setup { options.retry_setup } else { backoff.wait() };
        tracing::warn!(error = %fault, ?wait, "the relay goes back to what is confirmed");
        gauges::rewound(options.label, fault.cause());
        line.rewind(&fault.to_string(), is_setup);
        rest(&mut line, wait, stop).await?;
    }
    line.save_at_last().await
}

async fn load(log: &dyn Log, state: &dyn RelayState, epoch: u64) -> Result<Progress, Fault> {
    let done = state.load(epoch).await?;
    let head = log.head().await?;
    if done.position > head {
        return Err(RelayEnd::AheadOfLog { position: done.position, head }.into());
    }
    Ok(done)
}

/// One session from its beginning to its end.
async fn session(line: &mut Line, broker: &dyn Connect, stop: &CancellationToken) -> Result<(), Fault> {
    let Some(session) = stop.run_until_cancelled(broker.connect()).await else { return Ok(()) };
    let mut session = session?;
    line.show(Some(RelayPhase::Running));
    let result = Pump::new(line, &mut *session).run(stop).await;
    if result.is_ok() {
        session.close().await;
    }
    result
}

/// Waits before the next session; meanwhile progress is saved and lag shown.
async fn rest(line: &mut Line, wait: Duration, stop: &CancellationToken) -> Result<(), RelayEnd> {
    if line.has_unsaved() {
        line.save_at_last().await?;
    }
    let looked_and_waited = async {
        let measured = line.measure().await;
        line.measured(measured);
        line.show(None);
        std::future::pending::<()>().await;
    };
    select! {
        () = stop.cancelled() => {}
        () = sleep(wait) => {}
        () = looked_and_waited => {}
    }
    Ok(())
}
