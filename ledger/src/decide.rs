//! One command, one wallet, one moment: the events that follow.

use events::{Asked, CommandRefused, Event, Operation, OrgId, Position, Refusal, Time, WalletId};
use smallvec::SmallVec;

use crate::{
    Command, Facts, Wallet, check, credit, deduct,
    evolve::{self, EvolveError},
    expire, open, rollback,
};

/// What follows from a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The events, in order; the last that carries the question is the answer.
    pub events: SmallVec<[Event; 1]>,
    /// The wallet after them.
    pub wallet: Wallet,
}

/// Why nothing follows from a command, not even a recorded refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No such wallet in the caller's organization.
    #[error("no such wallet")]
    WalletNotFound,
    /// No such deduction in that wallet.
    #[error("no such deduction in this wallet")]
    DeductionNotFound,
    /// The new lot's expiry is not in the future.
    #[error("the expiry is not in the future")]
    ExpiryInPast,
    /// The state is not what the log's own rules allow: a defect, never the caller's fault.
    #[error("the wallet's state breaks a rule of the ledger: {0}")]
    Broken(#[from] EvolveError),
}

/// Under which key, for which wallet of which organization, and when a command is decided.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The wallet's id.
    pub wallet: WalletId,
    /// The caller's organization.
    pub org: OrgId,
    /// The caller's key and the request's hash.
    pub asked: &'a Asked,
    /// The moment of the decision.
    pub now: Time,
}

/// Decides one command to `wallet`; the first event will be stored at `next`. Lots that are due
/// expire first.
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
    let mut draft = Draft::new(wallet.cloned(), next, question.org);
    expire::due(&mut draft, question.now)?;
    match command {
        Command::OpenWallet => open::decide(&mut draft, question)?,
        Command::Purchase(purchase) => credit::purchase(&mut draft, question, purchase)?,
        Command::Grant(grant) => credit::grant(&mut draft, question, grant)?,
        Command::Check(ask) => check::decide(&mut draft, question, ask)?,
        Command::Deduct(ask) => deduct::decide(&mut draft, question, ask)?,
        Command::RollBack(ask) => rollback::decide(&mut draft, question, ask, facts)?,
    }
    draft.finish()
}

/// The wallet as the events decided so far have left it.
pub(crate) struct Draft {
    wallet: Option<Wallet>,
    org: OrgId,
    next: Position,
    events: SmallVec<[Event; 1]>,
}

impl Draft {
    fn new(wallet: Option<Wallet>, next: Position, org: OrgId) -> Self {
        Self { wallet, org, next, events: SmallVec::new() }
    }

    /// The wallet, when it is open.
    pub(crate) const fn wallet(&self) -> Option<&Wallet> {
        self.wallet.as_ref()
    }

    /// The wallet, or the rejection of whoever needs an open one.
    pub(crate) fn open_wallet(&self) -> Result<&Wallet, Rejection> {
        self.wallet.as_ref().ok_or(Rejection::WalletNotFound)
    }

    /// Adds an event and applies it.
    pub(crate) fn record(&mut self, event: impl Into<Event>) -> Result<(), Rejection> {
        let event = event.into();
        self.wallet = Some(evolve::apply(self.wallet.take(), &event, self.next, self.org)?);
        self.events.push(event);
        self.next = self.next.next();
        Ok(())
    }

    /// Records that the wallet's state refuses the operation.
    pub(crate) fn refuse(
        &mut self,
        question: Question<'_>,
        operation: Operation,
        refusal: Refusal,
    ) -> Result<(), Rejection> {
        let wallet = self.open_wallet()?.balances();
        self.record(CommandRefused { asked: question.asked.clone(), operation, refusal, wallet })
    }

    fn finish(self) -> Result<Decision, Rejection> {
        let wallet = self.wallet.ok_or(Rejection::WalletNotFound)?;
        Ok(Decision { events: self.events, wallet })
    }
}
