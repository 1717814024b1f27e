//! A process of the cluster: standby, writer while it has the lease, standby again.

use std::{pin::pin, sync::Arc, time::Duration};

use events::LedgerId;
use futures::future::BoxFuture;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Claimant, Fenced, Lease, Options, Peer, Role, Router, Spread, Tenure, Term,
    keeper::{keep, within},
    spread::Courtesy,
};
use crate::{clock::Clock, engine::Engine, log::Log};

/// How often taking up the duties is tried in one term: a late append of the writer before may be in
/// the way once.
const ATTEMPTS: usize = 3;
/// How long what was given up may take to end, before this process claims the lease again.
const WINDING_UP_MAX: Duration = Duration::from_secs(5);
/// How soon the lease is looked at when the writer has been found to be none any more.
const LOOK_SOON: Duration = Duration::from_millis(25);
/// The longest rest after terms that failed.
const REST_MAX: Duration = Duration::from_secs(15);

/// What only the writer does: the engine, its timers, the projections, the relay of messages.
pub trait Duties: Send + Sync + 'static {
    /// Starts all of it on `log`, which this process may write in this term alone. Cancelling `stop`
    /// ends it.
    fn take_up(
        &self,
        term: Arc<Term>,
        log: Arc<dyn Log>,
        stop: CancellationToken,
    ) -> BoxFuture<'_, Result<Duty, String>>;
}

/// Duties that were taken up.
pub struct Duty {
    /// Decides commands.
    pub engine: Engine,
    /// Resolves when everything has ended: after a stop, or with the reason why a part of it failed.
    pub ended: BoxFuture<'static, Result<(), String>>,
}

/// What a process of the cluster needs for one ledger.
pub struct Node {
    /// The ledger.
    pub ledger: LedgerId,
    /// Who writes.
    pub lease: Arc<dyn Lease>,
    /// This process.
    pub claimant: Claimant,
    /// The log that all share.
    pub log: Arc<dyn Log>,
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// What the writer does.
    pub duties: Arc<dyn Duties>,
    /// How the writers of all ledgers are spread.
    pub spread: Arc<Spread>,
    /// Times.
    pub options: Options,
}

/// Follows the lease until `stop` is cancelled and everything accepted is answered; tells `router` what
/// this process is.
pub async fn run(node: Node, router: Arc<Router>, stop: CancellationToken) {
    let (mut rest, mut courtesy) = (Rest::new(node.options.rest), Courtesy::default());
    while !stop.is_cancelled() {
        let pause = match node.look(&rest, &courtesy).await {
            Ok(Found { tenure: Some(tenure), claimed: Some(asked) }) if tenure.holder == node.claimant.id => {
                node.serve(&tenure, asked, &router, &stop, &mut rest).await;
                courtesy = Courtesy::default();
                Duration::ZERO
            }
            Ok(Found { tenure, .. }) => {
                router.trouble(None);
                courtesy.looked(tenure.is_none(), node.clock.monotonic());
                let left = tenure.as_ref().map(|tenure| tenure.left);
                let other = tenure.filter(|tenure| tenure.holder != node.claimant.id);
                router.stand_by(other.as_ref().map(Peer::from));
                // Just after it can have run out, or when it was due to be renewed.
                let free = left.map(|left| left + Duration::from_millis(1));
                free.unwrap_or(node.options.renewal).min(node.options.renewal)
            }
            Err(reason) => {
                router.trouble(Some(reason));
                node.options.renewal.min(Duration::from_millis(100))
            }
        };
        let waited = async {
            // Soon when there is a reason to, but not all the time.
            let soon = pause.min(LOOK_SOON);
            if timeout(pause, router.doubted()).await.is_ok() {
                sleep(soon).await;
            }
        };
        let _ = stop.run_until_cancelled(waited).await;
    }
    router.stand_by(None);
}

impl Node {
    /// Claims the lease; or only looks at it, while this process rests or lets others go first.
    async fn look(&self, rest: &Rest, courtesy: &Courtesy) -> Result<Found, String> {
        let asked = self.clock.monotonic();
        // Each of the others looks once in a renewal.
        let yields = courtesy.lasts(self.spread.yields(self.ledger), asked, 2 * self.options.renewal);
        let claimed = (rest.is_over(&*self.clock) && !yields).then_some(asked);
        let answer = async {
            match claimed {
                Some(_) => self.lease.claim(&self.claimant).await.map(Some),
                None => self.lease.look().await,
            }
        };
        let tenure = within(self.options.lease, answer).await.map_err(|error| error.to_string())?;
        Ok(Found { tenure, claimed })
    }

    /// Resolves when this process writes and should leave the ledger to another one.
    async fn hands_over(&self, router: &Router) {
        let mut role = router.role();
        // The sender lives in the router.
        let _ = role.wait_for(|role| matches!(role, Role::Writer(..))).await;
        self.spread.hands_over(self.ledger).await;
    }

    /// One term of office.
    async fn serve(
        &self,
        tenure: &Tenure,
        asked: Duration,
        router: &Router,
        stop: &CancellationToken,
        rest: &mut Rest,
    ) {
        let (lease, margin) = (self.claimant.lease, self.options.margin);
        let term = Arc::new(Term::new(tenure.epoch, Arc::clone(&self.clock), asked, lease, margin));
        tracing::info!(epoch = term.epoch(), "this process has the lease and takes over");
        router.become_starting(&term);
        let stop_duties = CancellationToken::new();
        let mut kept = pin!(keep(&*self.lease, &self.claimant, &term, &*self.clock, &self.options));
        let mut work = pin!(self.work(&term, router, &stop_duties));
        let mut handed_over = pin!(self.hands_over(router));
        let mut ended = None;
        let lost = loop {
            tokio::select! {
                biased;
                reason = &mut kept => break Some(reason),
                end = &mut work => {
                    ended = Some(end);
                    break None;
                }
                // What was accepted is answered while the lease is still kept.
                () = stop.cancelled(), if !stop_duties.is_cancelled() => stop_duties.cancel(),
                () = &mut handed_over, if !stop_duties.is_cancelled() => {
                    tracing::info!(epoch = term.epoch(), "this process leaves the ledger to one that writes less");
                    stop_duties.cancel();
                }
            }
        };
        term.end();
        router.stand_by(None);
        stop_duties.cancel();
        match (&lost, &ended) {
            (Some(reason), _) => tracing::warn!(epoch = term.epoch(), reason, "this process stands down"),
            (_, Some(Err(reason))) => {
                tracing::error!(epoch = term.epoch(), reason, "this process cannot write and stands down");
                router.trouble(Some(reason.clone()));
                rest.begin(&*self.clock);
                self.spread.failed(self.clock.monotonic());
            }
            (None, Some(Ok(())) | None) => tracing::info!(epoch = term.epoch(), "this process stands down"),
        }
        if ended.is_none() && timeout(WINDING_UP_MAX, work).await.is_err() {
            tracing::warn!(epoch = term.epoch(), "what was given up has not ended yet");
        }
        if lost.is_none() {
            let released = self.lease.release(&self.claimant, term.epoch());
            if let Err(error) = within(self.options.renewal, released).await {
                tracing::warn!(%error, "the lease could not be given back and has to run out");
            }
        }
    }

    /// The duties of a term, from their start to their end.
    async fn work(&self, term: &Arc<Term>, router: &Router, stop: &CancellationToken) -> Result<(), String> {
        let log: Arc<dyn Log> = Arc::new(Fenced::new(Arc::clone(&self.log), Arc::clone(term)));
        let mut attempt = 1;
        let duty = loop {
            match self.duties.take_up(Arc::clone(term), Arc::clone(&log), stop.child_token()).await {
                Ok(duty) => break duty,
                Err(reason) if attempt < ATTEMPTS && term.lasts() && !stop.is_cancelled() => {
                    tracing::warn!(reason, "taking over failed and is tried again");
                    attempt += 1;
                }
                Err(reason) => return Err(reason),
            }
        };
        router.become_writer(term, duty.engine);
        duty.ended.await
    }
}

/// What a look at the lease found.
struct Found {
    /// Who has it, if anybody.
    tenure: Option<Tenure>,
    /// When it was claimed, if it was.
    claimed: Option<Duration>,
}

/// After a term that failed, others get a chance before this process claims the lease again.
struct Rest {
    first: Duration,
    next: Duration,
    until: Duration,
}

impl Rest {
    const fn new(first: Duration) -> Self {
        Self { first, next: first, until: Duration::ZERO }
    }

    fn is_over(&self, clock: &dyn Clock) -> bool {
        clock.monotonic() >= self.until
    }

    /// The next rest is twice as long, unless the last one was long ago.
    fn begin(&mut self, clock: &dyn Clock) {
        let now = clock.monotonic();
        if now > self.until + REST_MAX {
            self.next = self.first;
        }
        self.until = now + self.next;
        self.next = (self.next * 2).min(REST_MAX);
    }
}
