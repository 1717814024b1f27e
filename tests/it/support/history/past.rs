//! What later commands must know of earlier events: a bounded memory, as facts of the engine.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test may look for one kind of event")]

use std::collections::{HashMap, VecDeque};

use events::{Budget, Credits, Event, LotTerms, Position, Recorded, Slices, WalletId};
use ledger::{Deduction, Facts, PastHold, PastLot, PastPurchase, Proposal};

/// Events of each kind that commands choose from.
const REMEMBERED: usize = 64;

/// Earlier events that commands may name.
#[derive(Default)]
pub(super) struct Past {
    lots: HashMap<Position, PastLot>,
    deductions: Ring<Deduction>,
    purchases: Ring<PastPurchase>,
    proposals: Ring<Proposal>,
    holds: Ring<PastHold>,
}

/// The latest so many of them.
struct Ring<T>(VecDeque<(WalletId, Position, T)>);

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Ring<T> {
    fn push(&mut self, wallet: WalletId, position: Position, past: T) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((wallet, position, past));
    }

    fn at(&mut self, position: Position) -> Option<&mut T> {
        self.0.iter_mut().find(|(_, at, _)| *at == position).map(|(.., past)| past)
    }

    fn of(&self, wallet: WalletId) -> Option<(Position, &T)> {
        self.0.iter().find(|(owner, ..)| *owner == wallet).map(|(_, position, past)| (*position, past))
    }
}

impl Past {
    pub(super) fn deduction(&self, wallet: WalletId) -> Option<(Position, Deduction)> {
        self.deductions.of(wallet).map(|(position, past)| (position, past.clone()))
    }

    pub(super) fn purchase(&self, wallet: WalletId) -> Option<(Position, PastPurchase)> {
        self.purchases.of(wallet).map(|(position, past)| (position, *past))
    }

    pub(super) fn proposal(&self, wallet: WalletId) -> Option<(Position, Proposal)> {
        self.proposals.of(wallet).map(|(position, past)| (position, past.clone()))
    }

    /// A hold, closed or not.
    pub(super) fn hold(&self, wallet: WalletId) -> Option<PastHold> {
        self.holds.of(wallet).map(|(_, past)| *past)
    }

    pub(super) fn remember(&mut self, recorded: &Recorded) {
        let (position, time) = (recorded.envelope.position, recorded.envelope.time);
        let Some(wallet) = recorded.wallet() else { return };
        if let Some(terms) = terms_of(&recorded.event) {
            self.lots.insert(position, PastLot { made: time, terms });
        }
        let app = recorded.envelope.app;
        match &recorded.event {
            Event::CreditsPurchased(e) => {
                let (amount, expires, refunded) = (e.amount, e.lot.expires, Credits::ZERO);
                let purchase = PastPurchase { wallet, amount, expires, refunded };
                self.purchases.push(wallet, position, purchase);
            }
            Event::CreditsDeducted(e) => {
                let spent =
                    self.spent(recorded, (&e.service, &e.budget), e.cost, e.slices.clone(), e.overdrawn);
                self.deductions.push(wallet, position, spent);
            }
            Event::HoldCaptured(e) => {
                let slices = e.slices.iter().chain(&e.beyond).copied().collect();
                let mut spent = self.spent(recorded, (&e.service, &e.budget), e.amount, slices, e.overdrawn);
                spent.app = app.or_else(|| self.holds.at(e.hold)?.app);
                self.deductions.push(wallet, position, spent);
            }
            Event::CreditsHeld(_) => {
                self.holds.push(wallet, position, PastHold { wallet, app, id: position })
            }
            Event::AdjustmentProposed(e) => self.proposals.push(
                wallet,
                position,
                Proposal {
                    wallet,
                    amount: e.amount,
                    lot: e.lot,
                    reason: e.reason.clone(),
                    by: recorded.envelope.actor.clone(),
                    approved: false,
                },
            ),
            Event::DeductionRolledBack(e) => {
                self.deductions.at(e.deduction).into_iter().for_each(|past| past.returned = e.returned);
            }
            Event::PurchaseRefunded(e) => {
                self.purchases.at(e.purchase).into_iter().for_each(|past| past.refunded = e.refunded);
            }
            Event::CreditsAdjusted(e) => {
                let approved = e.proposal.and_then(|proposal| self.proposals.at(proposal));
                approved.into_iter().for_each(|past| past.approved = true);
            }
            _ => {}
        }
    }

    fn spent(
        &self,
        recorded: &Recorded,
        (service, budget): (&str, &Option<Budget>),
        cost: Credits,
        slices: Slices,
        overdrawn: Credits,
    ) -> Deduction {
        Deduction {
            wallet: recorded.wallet().expect("a wallet's event"),
            service: service.into(),
            app: recorded.envelope.app,
            time: recorded.envelope.time,
            budget: budget.clone(),
            cost,
            lots: slices.iter().map(|slice| self.lots[&slice.lot]).collect(),
            slices,
            overdrawn,
            returned: Credits::ZERO,
        }
    }
}

fn terms_of(event: &Event) -> Option<LotTerms> {
    match event {
        Event::CreditsPurchased(e) => Some(e.lot),
        Event::CreditsGranted(e) => Some(e.lot),
        Event::CreditsAdjusted(e) => e.lot,
        Event::DeductionRolledBack(e) => e.formed.map(|formed| formed.terms),
        _ => None,
    }
}

/// Facts with a deduction or capture.
pub(super) fn of_deduction(deduction: Deduction) -> Facts {
    Facts { deduction: Some(deduction), ..Facts::default() }
}
