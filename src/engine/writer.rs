//! The writer task: takes what is queued, decides it, appends it in one group, then answers.

use std::{sync::Arc, time::Duration};

use events::{Position, Time};
use futures::{FutureExt, future::BoxFuture};
use ledger::planted::{self, Bug};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Ask, ColdState, EngineError, Halt, Options,
    alarm::Alarm,
    commit::{Outcome, commit},
    core::{Core, Known},
    gather::gather,
    gauges::Gauges,
    guard::ClockGuard,
    mailbox::{Mail, Receiver},
    replies::Reply,
};
use crate::{
    clock::{Clock, Entropy},
    log::{Log, Recent},
};

/// How long the writer waits for the projections before it looks again.
const CATCH_UP_POLL: Duration = Duration::from_millis(100);

/// Turns of the runtime that a group may wait to be joined by requests on their way.
const FILL_UP_TURNS: usize = 4;

/// Commands decided at once. Between two slices the writer looks whether the group before is stored, so
/// that the next append begins while others are still being decided. A group of this size has no need
/// to wait for more.
const SLICE: usize = 256;

/// Everything the writer owns.
pub(super) struct Writer {
    pub(super) core: Core,
    pub(super) log: Arc<dyn Log>,
    pub(super) recent: Arc<Recent>,
    pub(super) cold: Arc<dyn ColdState>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Box<dyn Entropy>,
    pub(super) mailbox: Receiver,
    pub(super) head: watch::Sender<Position>,
    pub(super) options: Options,
    pub(super) gauges: Gauges,
    pub(super) alarm: Alarm,
    /// The group being decided had no room for what followed from a command.
    pub(super) full: bool,
}

/// The group that is being stored, and who waits for it.
struct InFlight {
    append: BoxFuture<'static, Outcome>,
    replies: Vec<Reply>,
    launched: Duration,
}

impl Writer {
    /// Runs until `stop` is cancelled and every accepted command is answered, or until the log can
    /// no longer be trusted.
    pub(super) async fn run(mut self, stop: CancellationToken) -> Result<(), Halt> {
        let mut mails = Vec::with_capacity(SLICE);
        let ended = self.work(stop, &mut mails).await;
        self.mailbox.close();
        while self.mailbox.try_take(&mut mails) {}
        mails.into_iter().for_each(|mail| mail.refuse(EngineError::Stopping));
        ended
    }

    /// While one group is being stored, the next one is decided upon it.
    async fn work(&mut self, stop: CancellationToken, mails: &mut Vec<Mail>) -> Result<(), Halt> {
        let mut guard = ClockGuard::new(&*self.clock);
        let mut checkpoint = self.cold.checkpoint();
        let mut replies: Vec<Reply> = Vec::new();
        let mut in_flight: Option<InFlight> = None;
        loop {
            let lagging = self.lags(&checkpoint) && !stop.is_cancelled();
            let left = if self.has_room(&replies) { self.options.group_max - replies.len() } else { 0 };
            let room = left.min(SLICE);
            self.set_alarm();
            tokio::select! {
                biased;
                outcome = settled(&mut in_flight), if in_flight.is_some() => {
                    let stored = in_flight.take().map(|group| (group.replies, group.launched));
                    let (waiting, launched) = stored.unwrap_or_default();
                    self.settle(outcome, waiting, &mut replies, launched)?;
                }
                () = stop.cancelled(), if !self.mailbox.is_closed() => self.mailbox.close(),
                () = progress(&mut checkpoint), if lagging => {}
                more = self.mailbox.take(mails, room), if !lagging && room > 0 && mails.is_empty() => {
                    if !more {
                        // Closed and empty: only what was decided is left to wait for.
                        return self.finish(&mut in_flight, &mut replies).await;
                    }
                }
                () = std::future::ready(()), if !mails.is_empty() && room > 0 => {}
                () = self.alarm.rings(), if !lagging => {}
            }
            self.forget(&mut checkpoint);
            if !lagging {
                self.expire(&mut guard).await;
            }
            self.decide(mails, &mut replies, &mut guard).await;
            if in_flight.is_none() && self.has_group(&replies) {
                if !lagging && replies.len() < SLICE {
                    self.fill_up(mails, &mut replies, &mut guard).await;
                }
                in_flight = Some(self.launch(&mut replies));
            }
        }
    }

    /// Lets requests that are being parsed at this moment join the group: a commit costs the same
    /// with them. A turn of the runtime that brings none means that nobody is on the way.
    async fn fill_up(&mut self, mails: &mut Vec<Mail>, replies: &mut Vec<Reply>, guard: &mut ClockGuard) {
        for _ in 0..FILL_UP_TURNS {
            tokio::task::yield_now().await;
            while self.has_room(replies)
                && replies.len() + mails.len() < self.options.group_max
                && self.mailbox.try_take(mails)
            {}
            if mails.is_empty() || !self.has_room(replies) {
                return;
            }
            self.decide(mails, replies, guard).await;
        }
    }

    /// Whether the group that is being decided can take another command.
    fn has_room(&self, replies: &[Reply]) -> bool {
        replies.len() < self.options.group_max && self.core.has_room() && !self.full
    }

    /// Whether there is a group to store: answers, or what expired.
    fn has_group(&self, replies: &[Reply]) -> bool {
        !replies.is_empty() || self.core.has_events()
    }

    /// Stores what is left after the mailbox was closed.
    async fn finish(
        &mut self,
        in_flight: &mut Option<InFlight>,
        replies: &mut Vec<Reply>,
    ) -> Result<(), Halt> {
        while in_flight.is_some() || self.has_group(replies) {
            let mut group = match in_flight.take() {
                Some(group) => Some(group),
                None => Some(self.launch(replies)),
            };
            let outcome = settled(&mut group).await;
            if let Some(group) = group {
                self.settle(outcome, group.replies, replies, group.launched)?;
            }
        }
        Ok(())
    }

    /// Whether the projections lag so far that the tail in memory would grow too large. Until they
    /// have caught up, no command is taken; what was taken is still stored and answered.
    fn lags(&self, checkpoint: &watch::Receiver<Position>) -> bool {
        self.lag(*checkpoint.borrow()) > self.options.tail_max
    }

    fn lag(&self, checkpoint: Position) -> u64 {
        self.core.head().get().saturating_sub(checkpoint.get())
    }

    /// Forgets what the projections have: when there is more of it, or when wallets that were only
    /// read (repeated keys write nothing) have filled the memory meanwhile.
    fn forget(&mut self, checkpoint: &mut watch::Receiver<Position>) {
        let moved = checkpoint.has_changed().unwrap_or(false);
        let seen = *checkpoint.borrow_and_update();
        let room = self.options.wallet_cache as u64 + self.lag(seen);
        if moved || self.core.cached_wallets() as u64 > room {
            self.core.trim(seen);
        }
    }

    /// Decides a slice of `mails`, or as many as the group has room for; leaves the others.
    async fn decide(&mut self, mails: &mut Vec<Mail>, replies: &mut Vec<Reply>, guard: &mut ClockGuard) {
        let count = mails.len().min(self.options.group_max.saturating_sub(replies.len())).min(SLICE);
        if count == 0 || !self.has_room(replies) {
            return;
        }
        self.gauges.waiting(self.mailbox.waiting());
        let (now, known) = match self.prepare(&mails[..count], guard).await {
            Ok(prepared) => prepared,
            Err(reason) => {
                let error = EngineError::Unavailable(reason);
                mails.drain(..count).for_each(|mail| mail.refuse(error.clone()));
                return;
            }
        };
        let mut queue = std::mem::take(mails).into_iter();
        for mail in queue.by_ref().take(count) {
            let rest =
                if self.has_room(replies) { self.decide_one(mail, &known, now, replies) } else { Some(mail) };
            mails.extend(rest);
        }
        mails.extend(queue);
    }

    /// Decides one mail; gives it back when the group has no room for what follows from it.
    fn decide_one(&mut self, mail: Mail, known: &Known, now: Time, replies: &mut Vec<Reply>) -> Option<Mail> {
        let entropy = &mut *self.entropy;
        match mail {
            Mail::Ask(ask, answer) => match self.core.decide(&ask, known, now, entropy) {
                Some(receipt) => replies.push(Reply::Receipt(answer, receipt)),
                None => {
                    self.full = true;
                    return Some(Mail::Ask(ask, answer));
                }
            },
            Mail::Fact(fact, answer) => {
                replies.push(Reply::Recorded(answer, self.core.record(*fact, now, entropy)));
            }
        }
        None
    }

    async fn prepare(&mut self, mails: &[Mail], guard: &mut ClockGuard) -> Result<(Time, Known), String> {
        let now = guard.now(&*self.clock, self.core.last_stamp())?;
        let asks: Vec<&Ask> = mails.iter().filter_map(Mail::ask).collect();
        let known = gather(&mut self.core, &asks, &[], &*self.cold, &*self.log).await?;
        Ok((now, known))
    }

    /// What the group before had no room for, the next one may have.
    const fn next_group(&mut self) {
        self.full = false;
        self.alarm.next_group();
    }

    /// Hands the decided group to the log.
    fn launch(&mut self, replies: &mut Vec<Reply>) -> InFlight {
        let (head, bodies) = self.core.launch();
        if planted::is(Bug::AnswerBeforeCommit) {
            replies.drain(..).for_each(Reply::send);
        }
        self.gauges.launched(replies.len());
        self.next_group();
        let log = Arc::clone(&self.log);
        let append = async move { commit(&*log, head, &bodies).await }.boxed();
        InFlight { append, replies: std::mem::take(replies), launched: self.clock.monotonic() }
    }

    /// Makes a group's outcome the state, then tells the callers. `decided` waits for the group
    /// that was decided upon this one and shares its fate when it was not stored.
    fn settle(
        &mut self,
        outcome: Outcome,
        waiting: Vec<Reply>,
        decided: &mut Vec<Reply>,
        launched: Duration,
    ) -> Result<(), Halt> {
        match outcome {
            Outcome::Stored => {
                let (first, events) = self.core.commit();
                self.head.send_replace(self.core.head());
                let took = self.clock.monotonic().saturating_sub(launched);
                self.gauges.stored(self.core.head(), self.core.cached_wallets(), took);
                waiting.into_iter().for_each(Reply::send);
                if !events.is_empty() {
                    self.recent.hand_over(first, events);
                }
                Ok(())
            }
            Outcome::NotStored(reason) => {
                self.core.abort();
                self.next_group();
                self.alarm.rest(&*self.clock);
                fail(waiting, decided, reason);
                Ok(())
            }
            Outcome::StandDown(reason) => {
                fail(waiting, decided, reason.clone());
                Err(Halt::Superseded(reason))
            }
            Outcome::Unknown(reason) => {
                fail(Vec::new(), decided, reason.clone());
                if planted::is(Bug::UnknownCalledFailure) {
                    fail(waiting, decided, reason.clone());
                }
                // Dropping its replies tells the group's callers that the outcome is unknown.
                Err(Halt::Unknown(reason))
            }
        }
    }
}

/// Tells both groups' callers that nothing was written.
fn fail(waiting: Vec<Reply>, decided: &mut Vec<Reply>, reason: String) {
    let error = EngineError::Unavailable(reason);
    waiting.into_iter().chain(decided.drain(..)).for_each(|reply| reply.fail(&error));
}

/// Waits for the projections to move. A time-out only makes the writer look again: the checkpoint
/// is the truth, also when whoever moved it is gone.
async fn progress(checkpoint: &mut watch::Receiver<Position>) {
    let moved = tokio::time::timeout(CATCH_UP_POLL, checkpoint.changed()).await;
    if let Ok(Err(_)) = moved {
        tokio::time::sleep(CATCH_UP_POLL).await;
    }
}

/// Waits for the group in flight.
async fn settled(in_flight: &mut Option<InFlight>) -> Outcome {
    match in_flight {
        Some(group) => (&mut group.append).await,
        None => std::future::pending().await,
    }
}
