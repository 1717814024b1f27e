//! One command, one wallet, one moment: the events that follow.

use events::{
    AppId, Asked, BalanceLow, Balances, CommandRefused, Event, Operation, OrgId, Position, Refusal, Time,
    WalletId,
};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{
    Command, Facts, Rules, Wallet, adjust, check, control, credit, deduct,
    evolve::{self, EvolveError, Moment},
    expire, hold, open,
    planted::{self, Bug},
    refund, rollback,
};

/// What follows from a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The events, in order; the one that carries the question is the answer.
    pub events: SmallVec<[Event; 1]>,
    /// The wallet after them.
    pub wallet: Wallet,
}

/// Why nothing follows from a command, not even a recorded refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Rejection {
    /// No such wallet in the caller's organization.
    #[error("no such wallet")]
    WalletNotFound,
    /// No such deduction in that wallet.
    #[error("no such deduction in this wallet")]
    DeductionNotFound,
    /// No such hold of the app in that wallet.
    #[error("no such hold in this wallet")]
    HoldNotFound,
    /// No such purchase in that wallet.
    #[error("no such purchase in this wallet")]
    PurchaseNotFound,
    /// No such proposal in that wallet.
    #[error("no such proposal in this wallet")]
    ProposalNotFound,
    /// The new lot's expiry is not in the future.
    #[error("the expiry is not in the future")]
    ExpiryInPast,
    /// The cap of a hold is below what it reserves.
    #[error("the cap is below the amount to hold")]
    CapBelowHold,
    /// The state is not what the log's own rules allow: a defect, never the caller's fault.
    #[error("the wallet's state breaks a rule of the ledger: {0}")]
    Broken(#[from] EvolveError),
}

/// Who asks under which key, of which wallet, by which rules, and when.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The wallet's id.
    pub wallet: WalletId,
    /// The caller's organization.
    pub org: OrgId,
    /// The app that asks; none when an operator does.
    pub app: Option<AppId>,
    /// Who asks, as the event will name them.
    pub actor: Option<&'a str>,
    /// The caller's key and the request's hash.
    pub asked: &'a Asked,
    /// The organization's rules.
    pub rules: &'a Rules,
    /// The moment of the decision.
    pub now: Time,
}

/// Decides one command to `wallet`; the first event will be stored at `next` and stamped `now`, each
/// further one at the next position and a microsecond later. What is due expires first.
///
/// # Errors
/// A [`Rejection`] when no event follows.
pub fn decide(
    wallet: Option<&Wallet>,
    command: &Command,
    facts: &Facts,
    question: Question<'_>,
    next: Position,
) -> Result<Decision, Rejection> {
    if wallet.is_some_and(|wallet| wallet.org != question.org) {
        return Err(Rejection::WalletNotFound);
    }
    let moment = Moment { position: next, org: question.org, app: question.app, time: question.now };
    let mut draft = Draft::new(wallet.cloned(), moment);
    if !planted::is(Bug::ExpirySkipped) {
        expire::before_command(&mut draft)?;
    }
    let (d, q) = (&mut draft, question);
    match command {
        Command::OpenWallet => open::decide(d, q)?,
        Command::Purchase(ask) => credit::purchase(d, q, ask)?,
        Command::Grant(ask) => credit::grant(d, q, ask)?,
        Command::Check(ask) => check::decide(d, q, ask)?,
        Command::Deduct(ask) => deduct::decide(d, q, ask)?,
        Command::DeductBatch(asks) => deduct::all_or_none(d, q, asks)?,
        Command::RollBack(ask) => rollback::decide(d, q, ask, facts)?,
        Command::Hold(ask) => hold::place(d, q, ask)?,
        Command::Capture(ask) => hold::capture(d, q, ask, facts)?,
        Command::Extend(ask) => hold::extend(d, q, *ask, facts)?,
        Command::Release(ask) => hold::release(d, q, *ask, facts)?,
        Command::Refund(ask) => refund::decide(d, q, ask, facts)?,
        Command::Adjust(ask) => adjust::decide(d, q, ask)?,
        Command::Approve(ask) => adjust::approve(d, q, *ask, facts)?,
        Command::Freeze(ask) => control::freeze(d, q, ask)?,
        Command::Unfreeze(ask) => control::unfreeze(d, q, ask)?,
        Command::SetLimit(ask) => control::set_limit(d, q, *ask)?,
        Command::SetCap(ask) => control::set_cap(d, q, ask)?,
        Command::SetThreshold(ask) => control::set_threshold(d, q, *ask)?,
    }
    draft.finish()
}

/// What has become due in a wallet by `now`, which may be nothing.
///
/// # Errors
/// When the wallet's state breaks a rule of the ledger.
pub fn decide_due(wallet: &Wallet, now: Time, next: Position) -> Result<Decision, Rejection> {
    let moment = Moment { position: next, org: wallet.org, app: None, time: now };
    let mut draft = Draft::new(Some(wallet.clone()), moment);
    expire::before_command(&mut draft)?;
    draft.finish()
}

/// The wallet as the events decided so far have left it.
pub(crate) struct Draft {
    wallet: Option<Wallet>,
    now: Time,
    /// Of the next event.
    moment: Moment,
    events: SmallVec<[Event; 1]>,
    was_low: bool,
}

/// A state of a draft to come back to.
pub(crate) struct Mark {
    wallet: Option<Wallet>,
    moment: Moment,
    events: usize,
}

impl Draft {
    fn new(wallet: Option<Wallet>, moment: Moment) -> Self {
        let was_low = wallet.as_ref().is_some_and(|wallet| low(wallet).is_some());
        Self { wallet, now: moment.time, moment, events: SmallVec::new(), was_low }
    }

    /// The moment of the decision.
    pub(crate) const fn now(&self) -> Time {
        self.now
    }

    /// The stamp of the next event.
    pub(crate) const fn stamp(&self) -> Time {
        self.moment.time
    }

    /// Where the next event will be stored.
    pub(crate) const fn next(&self) -> Position {
        self.moment.position
    }

    /// The wallet, when it is open.
    pub(crate) const fn wallet(&self) -> Option<&Wallet> {
        self.wallet.as_ref()
    }

    /// The wallet, or the rejection of whoever needs an open one.
    pub(crate) fn open_wallet(&self) -> Result<&Wallet, Rejection> {
        self.wallet.as_ref().ok_or(Rejection::WalletNotFound)
    }

    /// Adds an event, applies it, and fills in what the wallet holds then.
    pub(crate) fn record(&mut self, event: impl Into<Event>) -> Result<(), Rejection> {
        let mut event = event.into();
        let wallet = evolve::apply(self.wallet.take(), &event, self.moment)?;
        if let Some(stated) = event.balances_mut() {
            *stated = wallet.balances();
        }
        self.wallet = Some(wallet);
        self.events.push(event);
        self.moment.position = self.moment.position.next();
        // No two events have the same stamp: a decision over midnight counts as its replay will.
        self.moment.time = self.moment.time.plus_micros(1);
        Ok(())
    }

    /// Records that the wallet's state refuses the operation.
    pub(crate) fn refuse(
        &mut self,
        question: Question<'_>,
        operation: Operation,
        refusal: Refusal,
    ) -> Result<(), Rejection> {
        self.refuse_item(question, operation, refusal, None)
    }

    /// The same, because of one item of a batch.
    pub(crate) fn refuse_item(
        &mut self,
        question: Question<'_>,
        operation: Operation,
        refusal: Refusal,
        item: Option<u16>,
    ) -> Result<(), Rejection> {
        self.open_wallet()?;
        let (asked, wallet) = (question.asked.clone(), Balances::default());
        self.record(CommandRefused { asked, operation, refusal, item, wallet })
    }

    /// The state now, to come back to.
    pub(crate) fn mark(&self) -> Mark {
        Mark { wallet: self.wallet.clone(), moment: self.moment, events: self.events.len() }
    }

    /// Undoes everything since `mark`.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.wallet = mark.wallet;
        self.moment = mark.moment;
        self.events.truncate(mark.events);
    }

    /// Tells when the credits have become low since this was last asked.
    pub(crate) fn warn(&mut self) -> Result<(), Rejection> {
        let threshold = self.wallet.as_ref().and_then(low);
        if let Some(threshold) = threshold.filter(|_| !self.was_low) {
            self.record(BalanceLow { threshold, wallet: Balances::default() })?;
        }
        self.was_low = threshold.is_some();
        Ok(())
    }

    fn finish(mut self) -> Result<Decision, Rejection> {
        self.warn()?;
        let wallet = self.wallet.ok_or(Rejection::WalletNotFound)?;
        Ok(Decision { events: self.events, wallet })
    }
}

/// The wallet's threshold, when less than that is available.
fn low(wallet: &Wallet) -> Option<events::Credits> {
    wallet.special.threshold.filter(|threshold| wallet.available() < *threshold)
}
