//! Everything that ever happened, and what commands must know of it.

use std::collections::HashMap;

use events::{AppId, Credits, Event, LotTerms, Position, Slice, Slices, Time, WalletId};
use ledger::{Command, Deduction, Facts, PastHold, PastLot, PastPurchase, Proposal};

use crate::scenarios::world::App;

/// An event, and what of its envelope matters.
struct Kept {
    event: Event,
    wallet: WalletId,
    app: Option<AppId>,
    actor: Option<Box<str>>,
    time: Time,
}

/// The events by position, and how much of each was taken back.
#[derive(Default)]
pub(super) struct Past {
    events: HashMap<Position, Kept>,
    /// Of deductions, captures, purchases and proposals.
    returned: HashMap<Position, Credits>,
}

impl Past {
    pub(super) fn keep(
        &mut self,
        position: Position,
        event: &Event,
        wallet: WalletId,
        app: Option<&App>,
        time: Time,
    ) {
        if let Event::DeductionRolledBack(e) = event {
            self.returned.insert(e.deduction, e.returned);
        }
        if let Event::PurchaseRefunded(e) = event {
            self.returned.insert(e.purchase, e.refunded);
        }
        if let Event::CreditsAdjusted(e) = event
            && let Some(proposal) = e.proposal
        {
            self.returned.insert(proposal, e.amount);
        }
        let actor = app.map(|app| app.actor().into());
        let app = app.map(|app| app.caller().app);
        self.events.insert(position, Kept { event: event.clone(), wallet, app, actor, time });
    }

    /// What `command` must know.
    pub(super) fn facts(&self, command: &Command) -> Facts {
        let about = command.refers_to().and_then(|position| Some((position, self.events.get(&position)?)));
        let Some((position, kept)) = about else { return Facts::default() };
        let returned = self.returned.get(&position).copied();
        let mut facts = Facts::default();
        if let Event::CreditsDeducted(e) = &kept.event {
            let deduction = self.deduction(kept, e.slices.clone(), returned);
            let (service, budget) = (e.service.clone(), e.budget.clone());
            facts.deduction =
                Some(Deduction { service, budget, cost: e.cost, overdrawn: e.overdrawn, ..deduction });
        }
        if let Event::HoldCaptured(e) = &kept.event {
            let slices = e.slices.iter().chain(&e.beyond).copied().collect();
            let deduction = self.deduction(kept, slices, returned);
            let (service, budget) = (e.service.clone(), e.budget.clone());
            facts.deduction =
                Some(Deduction { service, budget, cost: e.amount, overdrawn: e.overdrawn, ..deduction });
        }
        if let Event::CreditsPurchased(e) = &kept.event {
            let refunded = returned.unwrap_or_default();
            let (wallet, amount, expires) = (kept.wallet, e.amount, e.lot.expires);
            facts.purchase = Some(PastPurchase { wallet, amount, expires, refunded });
        }
        if let Event::AdjustmentProposed(e) = &kept.event {
            facts.proposal = Some(Proposal {
                wallet: kept.wallet,
                amount: e.amount,
                lot: e.lot,
                reason: e.reason.clone(),
                by: kept.actor.clone(),
                approved: returned.is_some(),
            });
        }
        if let Event::CreditsHeld(_) = &kept.event {
            facts.hold = Some(PastHold { wallet: kept.wallet, app: kept.app, id: position });
        }
        facts
    }

    fn deduction(&self, kept: &Kept, slices: Slices, returned: Option<Credits>) -> Deduction {
        Deduction {
            wallet: kept.wallet,
            service: Box::default(),
            app: kept.app,
            time: kept.time,
            budget: None,
            cost: Credits::ZERO,
            lots: slices.iter().map(|slice| self.lot(slice)).collect(),
            slices,
            overdrawn: Credits::ZERO,
            returned: returned.unwrap_or_default(),
        }
    }

    /// A slice's lot, as it was made.
    fn lot(&self, slice: &Slice) -> PastLot {
        let kept = &self.events[&slice.lot];
        PastLot { made: kept.time, terms: made(&kept.event).expect("a lot's id is where it was made") }
    }
}

/// The lot that an event made.
fn made(event: &Event) -> Option<LotTerms> {
    if let Event::CreditsPurchased(e) = event {
        return Some(e.lot);
    }
    if let Event::CreditsGranted(e) = event {
        return Some(e.lot);
    }
    if let Event::CreditsAdjusted(e) = event {
        return e.lot;
    }
    if let Event::DeductionRolledBack(e) = event {
        return e.formed.map(|formed| formed.terms);
    }
    None
}
