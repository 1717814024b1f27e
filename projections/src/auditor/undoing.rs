//! What is given back, taken back or approved, held against what it undoes.

use events::{
    AdjustmentProposed, AppId, CreditsAdjusted, DeductionRolledBack, Envelope, Event, IdMap, Position,
    PurchaseRefunded, Time,
};
use hashbrown::hash_map::Entry;

use super::{
    Wrong,
    records::{Record, Records},
    spenders::{SpenderRef, Spenders},
};

/// Everything that may be undone.
#[derive(Debug, Default)]
pub(super) struct Undoing {
    records: Records,
    spenders: Spenders,
    /// Of purchases, deductions and captures that were undone, in part at least: what may still be.
    open: IdMap<u64, Open>,
    proposals: IdMap<u64, Proposal>,
}

/// What may still be undone.
#[derive(Debug)]
struct Open {
    left: Record,
    /// Micro-credits in all.
    whole: i128,
}

/// A proposed correction.
#[derive(Debug)]
struct Proposal {
    account: u32,
    proposed: AdjustmentProposed,
    by: Option<Box<str>>,
    approved: bool,
}

impl Open {
    fn new(mut record: Record) -> Self {
        // A capture may name a lot twice: from its hold and beyond.
        record.slices.sort_unstable();
        record.slices.dedup_by(|later, first| {
            let same = later.0 == first.0;
            first.1 += if same { later.1 } else { 0 };
            same
        });
        let whole = rest(&record);
        Self { left: record, whole }
    }

    /// What was undone so far must be what the event says.
    fn comes_to(&self, stated: events::Credits) -> Result<(), Wrong> {
        let undone = self.whole - rest(&self.left);
        if undone == i128::from(stated.micros()) {
            return Ok(());
        }
        Err(format!("it says {stated} were given back in all, the slices make {undone} micro-credits"))
    }
}

/// Micro-credits in all.
fn rest(record: &Record) -> i128 {
    i128::from(record.overdrawn) + record.slices.iter().map(|(_, amount)| i128::from(*amount)).sum::<i128>()
}

impl Undoing {
    /// Keeps what a later event may undo. `holder` is the app that had placed the hold of a capture,
    /// which spends when an operator captures.
    pub(super) fn keep(&mut self, account: u32, event: &Event, envelope: &Envelope, holder: Option<AppId>) {
        let (position, time) = (envelope.position, envelope.time.micros());
        match event {
            Event::CreditsPurchased(e) => {
                let lot = [(position.get(), e.amount.micros())];
                self.records.push(position, time, (account, None), 0, lot.into_iter());
            }
            Event::CreditsDeducted(e) => {
                let spender =
                    SpenderRef { app: envelope.app, service: &e.service, budget: e.budget.as_deref() };
                let spender = Some(self.spenders.number(spender));
                let slices = e.slices.iter().map(|slice| (slice.lot.get(), slice.amount.micros()));
                self.records.push(position, time, (account, spender), e.overdrawn.micros(), slices);
            }
            Event::HoldCaptured(e) => {
                let app = envelope.app.or(holder);
                let spender = SpenderRef { app, service: &e.service, budget: e.budget.as_deref() };
                let spender = Some(self.spenders.number(spender));
                let slices = e.slices.iter().chain(&e.beyond);
                let slices: Vec<_> = slices.map(|slice| (slice.lot.get(), slice.amount.micros())).collect();
                let overdrawn = e.overdrawn.micros();
                self.records.push(position, time, (account, spender), overdrawn, slices.into_iter());
            }
            Event::AdjustmentProposed(e) => {
                let by = envelope.actor.clone();
                let proposal = Proposal { account, proposed: e.clone(), by, approved: false };
                self.proposals.insert(position.get(), proposal);
            }
            Event::WalletOpened(_)
            | Event::CreditsGranted(_)
            | Event::CreditsChecked(_)
            | Event::DeductionRolledBack(_)
            | Event::CreditsExpired(_)
            | Event::CommandRefused(_)
            | Event::CreditsHeld(_)
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
            | Event::WriterChanged(_) => {}
        }
    }

    /// Holds what the event undoes, if it does, against what is left of that.
    pub(super) fn check(&mut self, account: u32, event: &Event, envelope: &Envelope) -> Result<(), Wrong> {
        match event {
            Event::DeductionRolledBack(e) => self.give_back(account, e),
            Event::PurchaseRefunded(e) => self.refund(account, e),
            Event::CreditsAdjusted(e) => self.approve(account, e, envelope),
            Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::CreditsChecked(_)
            | Event::CreditsDeducted(_)
            | Event::CreditsExpired(_)
            | Event::CommandRefused(_)
            | Event::CreditsHeld(_)
            | Event::HoldCaptured(_)
            | Event::HoldExtended(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::AdjustmentProposed(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_)
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::Auth(_)
            | Event::WriterChanged(_) => Ok(()),
        }
    }

    fn open(&mut self, position: Position) -> Option<&mut Open> {
        match self.open.entry(position.get()) {
            Entry::Occupied(entry) => Some(entry.into_mut()),
            Entry::Vacant(entry) => self.records.find(position).map(|record| entry.insert(Open::new(record))),
        }
    }

    /// Checks each slice of a rollback against what is left of the deduction's.
    fn give_back(&mut self, account: u32, e: &DeductionRolledBack) -> Result<(), Wrong> {
        let deduction = e.deduction;
        let spent_by = e.service.as_deref().map(|service| {
            let budget = e.budget.as_deref();
            self.spenders.known(SpenderRef { app: e.spender, service, budget })
        });
        // The first events of this type say nothing of the deduction but where it is.
        let bare = (e.spender, e.spent, &e.budget) == (None, None, &None);
        let open = self.open(deduction).filter(|open| open.left.spender.is_some());
        let open = open.ok_or_else(|| format!("{deduction}, which it gives back, is no deduction"))?;
        if open.left.account != account {
            return Err(format!("deduction {deduction}, which it gives back, is another wallet's"));
        }
        let same = match spent_by {
            Some(spender) => {
                open.left.spender == spender && e.spent.map(Time::micros) == Some(open.left.time)
            }
            None => bare,
        };
        if !same {
            return Err(format!("it names another spender, service, budget or time than {deduction}"));
        }
        for slice in &e.slices {
            let of_lot = open.left.slices.iter_mut().find(|(lot, _)| *lot == slice.lot.get());
            let (lot, rest) =
                of_lot.ok_or_else(|| format!("the deduction took nothing from lot {}", slice.lot))?;
            *rest = rest.checked_sub(slice.amount.micros()).filter(|rest| *rest >= 0).ok_or_else(|| {
                format!("more is given back to lot {lot} than deduction {deduction} took from it")
            })?;
        }
        open.left.overdrawn -= e.overdrawn.micros();
        if open.left.overdrawn < 0 || e.overdrawn < events::Credits::ZERO {
            return Err(format!("more is given back than {deduction} had overdrawn"));
        }
        open.comes_to(e.returned)
    }

    /// Checks a refund against what is left of its purchase.
    fn refund(&mut self, account: u32, e: &PurchaseRefunded) -> Result<(), Wrong> {
        let purchase = e.purchase;
        let open = self.open(purchase).filter(|open| open.left.spender.is_none());
        let open = open.ok_or_else(|| format!("{purchase}, which it takes back, is no purchase"))?;
        if open.left.account != account {
            return Err(format!("purchase {purchase}, which it takes back, is another wallet's"));
        }
        for (_, rest) in &mut open.left.slices {
            *rest = rest
                .checked_sub(e.amount.micros())
                .filter(|rest| *rest >= 0)
                .ok_or_else(|| format!("more is taken back than purchase {purchase} brought"))?;
        }
        open.comes_to(e.refunded)
    }

    /// Checks that a correction that approves a proposal is the proposed one, the first, and by
    /// somebody else.
    fn approve(&mut self, account: u32, e: &CreditsAdjusted, envelope: &Envelope) -> Result<(), Wrong> {
        let Some(position) = e.proposal else { return Ok(()) };
        let proposal = self.proposals.get_mut(&position.get()).filter(|proposal| proposal.account == account);
        let proposal = proposal.ok_or_else(|| format!("{position} is no proposal for this wallet"))?;
        if std::mem::replace(&mut proposal.approved, true) {
            return Err(format!("proposal {position} was approved before"));
        }
        if proposal.by == envelope.actor || proposal.by != e.proposed_by {
            return Err(format!("proposal {position} is approved by its proposer, or names another one"));
        }
        let terms = |lot: &events::LotTerms| (lot.class, lot.priority);
        let lot = proposal.proposed.lot.map(|lot| (lot.class, lot.priority));
        let same = (proposal.proposed.amount, &proposal.proposed.reason) == (e.amount, &e.reason);
        if same && lot == e.lot.as_ref().map(terms) {
            return Ok(());
        }
        Err(format!("it is not what proposal {position} proposed"))
    }
}
