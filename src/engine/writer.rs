//! The writer task: takes what is queued, decides it, appends it in one group, then answers.

use std::{sync::Arc, time::Duration};

use events::Position;
use metrics::{Gauge, Histogram};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Ask, ColdState, EngineError, Halt, Options,
    commit::{Outcome, commit},
    core::{Core, Known},
    gather::gather,
    guard::ClockGuard,
    handle::Mail,
};
use crate::{
    clock::{Clock, Entropy},
    log::Log,
};

/// How long the writer waits for the projections before it looks again.
const CATCH_UP_POLL: Duration = Duration::from_millis(100);

/// Everything the writer owns.
pub(super) struct Writer {
    pub(super) core: Core,
    pub(super) log: Arc<dyn Log>,
    pub(super) cold: Arc<dyn ColdState>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Box<dyn Entropy>,
    pub(super) mailbox: mpsc::Receiver<Mail>,
    pub(super) head: watch::Sender<Position>,
    pub(super) options: Options,
    pub(super) gauges: Gauges,
}

/// What the writer measures.
pub(super) struct Gauges {
    group_size: Histogram,
    commit_seconds: Histogram,
    head: Gauge,
    mailbox: Gauge,
    wallets: Gauge,
}

impl Gauges {
    pub(super) fn register() -> Self {
        Self {
            group_size: metrics::histogram!("credit_ledger_group_size"),
            commit_seconds: metrics::histogram!("credit_ledger_commit_duration_seconds"),
            head: metrics::gauge!("credit_ledger_head_position"),
            mailbox: metrics::gauge!("credit_ledger_mailbox_depth"),
            wallets: metrics::gauge!("credit_ledger_cached_wallets"),
        }
    }
}

/// An answer that waits for its group.
enum Reply {
    Receipt(oneshot::Sender<Result<super::Receipt, EngineError>>, Result<super::Receipt, EngineError>),
    Recorded(oneshot::Sender<Result<events::Recorded, EngineError>>, Result<events::Recorded, EngineError>),
}

impl Writer {
    /// Runs until `stop` is cancelled and every accepted command is answered, or until the log can
    /// no longer be trusted.
    pub(super) async fn run(mut self, stop: CancellationToken) -> Result<(), Halt> {
        let mut guard = ClockGuard::new(&*self.clock);
        let mut checkpoint = self.cold.checkpoint();
        let mut mails = Vec::with_capacity(self.options.group_max);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled(), if !self.mailbox.is_closed() => {
                    self.mailbox.close();
                    continue;
                }
                taken = self.mailbox.recv_many(&mut mails, self.options.group_max) => {
                    if taken == 0 {
                        return Ok(());
                    }
                }
            }
            let seen = *checkpoint.borrow_and_update();
            self.core.trim(seen);
            self.await_projections(&mut checkpoint).await;
            while !mails.is_empty() {
                self.group(&mut mails, &mut guard).await?;
            }
        }
    }

    /// Slows down when the projections lag so far that the tail in memory would grow too large.
    async fn await_projections(&mut self, checkpoint: &mut watch::Receiver<Position>) {
        loop {
            let seen = *checkpoint.borrow_and_update();
            if self.core.head().get().saturating_sub(seen.get()) <= self.options.tail_max {
                return;
            }
            self.core.trim(seen);
            // A time-out only makes the writer look again; the checkpoint is the truth.
            let _ = tokio::time::timeout(CATCH_UP_POLL, checkpoint.changed()).await;
        }
    }

    /// Decides and commits as many of `mails` as fit into one append; leaves the others.
    async fn group(&mut self, mails: &mut Vec<Mail>, guard: &mut ClockGuard) -> Result<(), Halt> {
        let started = self.clock.monotonic();
        self.gauges.mailbox.set(mails.len() as f64);
        let prepared = match guard.now(&*self.clock, self.core.last_time()) {
            Ok(now) => {
                let asks: Vec<&Ask> = mails.iter().filter_map(Mail::ask).collect();
                gather(&mut self.core, &asks, &*self.cold, &*self.log).await.map(|known| (now, known))
            }
            Err(clock) => Err(clock),
        };
        let (now, known) = match prepared {
            Ok(prepared) => prepared,
            Err(reason) => {
                mails.drain(..).for_each(|mail| mail.refuse(EngineError::Unavailable(reason.clone())));
                return Ok(());
            }
        };
        let replies = self.decide(mails, &known, now);
        self.gauges.group_size.record(replies.len() as f64);
        let outcome = commit(&*self.log, self.core.head(), self.core.bodies()).await;
        self.settle(outcome, replies)?;
        self.gauges.commit_seconds.record(self.clock.monotonic().saturating_sub(started).as_secs_f64());
        Ok(())
    }

    fn decide(&mut self, mails: &mut Vec<Mail>, known: &Known, now: events::Time) -> Vec<Reply> {
        let mut replies = Vec::with_capacity(mails.len());
        let limit = self.log.capabilities().max_append_bytes / 2;
        let mut queue = std::mem::take(mails).into_iter();
        while self.core.bodies().byte_len() <= limit
            && let Some(mail) = queue.next()
        {
            let entropy = &mut *self.entropy;
            replies.push(match mail {
                Mail::Ask(ask, answer) => Reply::Receipt(answer, self.core.decide(*ask, known, now, entropy)),
                Mail::Fact(fact, answer) => Reply::Recorded(answer, self.core.record(*fact, now, entropy)),
            });
        }
        mails.extend(queue);
        replies
    }

    /// Makes the group's outcome the state, then tells the callers.
    fn settle(&mut self, outcome: Outcome, replies: Vec<Reply>) -> Result<(), Halt> {
        match outcome {
            Outcome::Stored => {
                self.core.commit();
                self.head.send_replace(self.core.head());
                self.gauges.head.set(self.core.head().get() as f64);
                self.gauges.wallets.set(self.core.cached_wallets() as f64);
                replies.into_iter().for_each(Reply::send);
                Ok(())
            }
            Outcome::NotStored(reason) => {
                self.core.abort();
                replies.into_iter().for_each(|reply| reply.fail(&EngineError::Unavailable(reason.clone())));
                Ok(())
            }
            Outcome::StandDown(reason) => {
                replies.into_iter().for_each(|reply| reply.fail(&EngineError::Unavailable(reason.clone())));
                Err(Halt::Superseded(reason))
            }
            // Dropping the replies tells every caller that the outcome is unknown.
            Outcome::Unknown(reason) => Err(Halt::Unknown(reason)),
        }
    }
}

impl Reply {
    fn send(self) {
        // A caller that no longer waits finds the answer again by repeating its key.
        match self {
            Self::Receipt(answer, result) => drop(answer.send(result)),
            Self::Recorded(answer, result) => drop(answer.send(result)),
        }
    }

    fn fail(self, error: &EngineError) {
        match self {
            Self::Receipt(answer, _) => drop(answer.send(Err(error.clone()))),
            Self::Recorded(answer, _) => drop(answer.send(Err(error.clone()))),
        }
    }
}
