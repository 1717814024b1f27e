//! What is given back, taken back or approved, held against what it undoes.

use events::{
    AdjustmentProposed, CreditsAdjusted, DeductionRolledBack, Envelope, Event, Position, PurchaseRefunded,
};
use hashbrown::hash_map::Entry;

use super::{
    Wrong,
    records::{Record, Records},
    spenders::{SpenderRef, Spenders},
};
use crate::IdMap;

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
    /// Keeps what a later event may undo.
    pub(super) fn keep(&mut self, account: u32, event: &Event, envelope: &Envelope, spent_by: Spent) {
        let (position, time) = (envelope.position, envelope.time.micros());
        match event {
            Event::CreditsPurchased(e) => {
                let lot = [(position.get(), e.amount.micros())];
                self.records.push(position, time, (account, None), 0, lot.into_iter());
            }
            Event::CreditsDeducted(e) => {
                let spender = SpenderRef { app: envelope.app, service: &e.service, budget: e.budget.as_deref() };
                let spender = Some(self.spenders.number(spender));
                let slices = e.slices.iter().map(|slice| (slice.lot.get(), slice.amount.micros()));
                self.records.push(position, time, (account, spender), e.overdrawn.micros(), slices);
            }
            Event::HoldCaptured(e) => {
                let app = envelope.app.or(spent_by);
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
REST        }
    }
