//! Who asked what, when, and what they were told.

use std::sync::Arc;

use credit_ledger::engine::{Ask, EngineError, Fact, Receipt};
use events::{AppId, Event, Position, Recorded, WalletId};

/// One try of one caller.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) ask: Ask,
    /// When it was sent, on a clock that counts sends and answers.
    pub(super) sent: u64,
    /// Which of the commands it was that were sent at once.
    pub(super) place: usize,
    /// How many events were stored then, and when it was answered.
    pub(super) heads: (u64, u64),
    /// When it was answered, and with what; never, when the engine crashed first.
    pub(super) answer: Option<(u64, Result<Receipt, EngineError>)>,
}

impl Attempt {
    pub(super) fn outcome_name(&self) -> &'static str {
        match &self.answer {
            None => "unanswered",
            Some((_, Ok(receipt))) if receipt.replayed => "replayed",
            Some((_, Ok(receipt))) if receipt.dry_run => "dry",
            Some((_, Ok(_))) => "stored",
            Some((_, Err(error))) => error_name(error),
        }
    }

    pub(super) fn receipt(&self) -> Option<&Receipt> {
        self.answer.as_ref().and_then(|(_, answer)| answer.as_ref().ok())
    }

    /// Whether this try may have written an event: not when its answer says that it has not.
    pub(super) fn may_have_written(&self) -> bool {
        !self.ask.dry_run && ["stored", "unknown", "unanswered"].contains(&self.outcome_name())
    }
}

fn error_name(error: &EngineError) -> &'static str {
    match error {
        EngineError::Rejected(_) => "rejected",
        EngineError::KeyReused => "key-reused",
        EngineError::Contradicted => "contradicted",
        EngineError::Overloaded => "overloaded",
        EngineError::Unavailable(_) => "unavailable",
        EngineError::Stopping => "stopping",
        EngineError::OutcomeUnknown(_) => "unknown",
    }
}

/// A price or policy that an operator set, or tried to.
#[derive(Debug, Clone)]
pub(super) struct Ruled {
    pub(super) fact: Fact,
    pub(super) answer: Option<Result<Arc<Recorded>, EngineError>>,
}

impl Ruled {
    pub(super) fn may_have_written(&self) -> bool {
        let Some(Err(error)) = &self.answer else { return true };
        error_name(error) == "unknown"
    }
}

/// Something that commands refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Spending,
    Hold,
    Purchase,
    Proposal,
}

/// Such a thing, as clients learn of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thing {
    pub(super) kind: Kind,
    pub(super) wallet: WalletId,
    pub(super) app: Option<AppId>,
    pub(super) position: Position,
}

/// All tries, in the order in which they were sent.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    pub(super) attempts: Vec<Attempt>,
    pub(super) rules: Vec<Ruled>,
    pub(super) things: Vec<Thing>,
    now: u64,
}

impl History {
    /// Notes that commands are sent at once; returns the number of the first.
    pub(super) fn sent(&mut self, asks: &[Ask], head: u64) -> usize {
        let (first, sent) = (self.attempts.len(), self.tick());
        let attempt = |(place, ask): (usize, &Ask)| Attempt {
            ask: ask.clone(),
            sent,
            place,
            heads: (head, head),
            answer: None,
        };
        self.attempts.extend(asks.iter().enumerate().map(attempt));
        first
    }

    pub(super) fn answered(&mut self, attempt: usize, head: u64, answer: Result<Receipt, EngineError>) {
        let now = self.tick();
        if let Ok(receipt) = &answer
            && (receipt.replayed || !receipt.dry_run)
        {
            self.things.extend(receipt.events().filter_map(thing));
        }
        self.attempts[attempt].heads.1 = head;
        self.attempts[attempt].answer = Some((now, answer));
    }

    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }
}

fn thing(recorded: &Recorded) -> Option<Thing> {
    let kind = match &recorded.event {
        Event::CreditsDeducted(_) | Event::HoldCaptured(_) => Kind::Spending,
        Event::CreditsHeld(_) => Kind::Hold,
        Event::CreditsPurchased(_) => Kind::Purchase,
        Event::AdjustmentProposed(_) => Kind::Proposal,
        Event::WalletOpened(_)
        | Event::CreditsGranted(_)
        | Event::CreditsChecked(_)
        | Event::DeductionRolledBack(_)
        | Event::CreditsExpired(_)
        | Event::CommandRefused(_)
        | Event::HoldExtended(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::PurchaseRefunded(_)
        | Event::CreditsAdjusted(_)
        | Event::WalletFrozen(_)
        | Event::WalletUnfrozen(_)
        | Event::LimitSet(_)
        | Event::CapSet(_)
        | Event::ThresholdSet(_)
        | Event::BalanceLow(_)
        | Event::PriceSet(_)
        | Event::PolicySet(_)
        | Event::Auth(_)
        | Event::WriterChanged(_) => return None,
    };
    let (wallet, envelope) = (recorded.wallet()?, &recorded.envelope);
    Some(Thing { kind, wallet, app: envelope.app, position: envelope.position })
}
