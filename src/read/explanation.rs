//! Where each lot of a wallet came from, and where its credits went.

use std::collections::BTreeMap;

use events::{
    Balances, Credits, Event, LotTerms, OrgId, Position, Recorded, ReturnedSlice, Slice, Time, WalletId,
};
use projections::reference;

/// A sum of micro-credits: more may flow through a lot than it ever holds.
pub type Micros = i128;

/// What came of the wish to explain a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explained {
    /// The wallet was not open yet.
    Unknown,
    /// It had more events than may be read.
    TooLong,
    /// Its whole life.
    Told(Box<Explanation>),
}

/// The whole life of a wallet up to some position, lot by lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The wallet.
    pub wallet: WalletId,
    /// Its organization.
    pub org: OrgId,
    /// Events below this position are in it, none above.
    pub as_of: Position,
    /// What the wallet holds then.
    pub balances: Balances,
    /// Every lot there ever was, in order of position.
    pub lots: Vec<LotStory>,
    /// What the wallet owed and owes.
    pub debt: DebtStory,
}

/// What came into one lot and where it went: `amount + given_back` is the sum of all the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotStory {
    /// Position of the event that made it.
    pub lot: Position,
    /// When.
    pub made: Time,
    /// By what.
    pub origin: Origin,
    /// The payment reference or reason of that event.
    pub reference: Option<Box<str>>,
    /// Its terms, those of a later rollback when that renewed it.
    pub terms: LotTerms,
    /// What came in at first.
    pub amount: Micros,
    /// What rollbacks gave back to it.
    pub given_back: Micros,
    /// What was spent of it, by service.
    pub spent: BTreeMap<Box<str>, Micros>,
    /// What expired of it.
    pub expired: Micros,
    /// What refunds and chargebacks took of it.
    pub refunded: Micros,
    /// What adjustments took of it.
    pub adjusted: Micros,
    /// What of it paid debt.
    pub settled: Micros,
    /// What is still there and can be spent.
    pub free: Micros,
    /// What is still there and is held.
    pub held: Micros,
}

/// What made a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A purchase.
    Purchase,
    /// A grant.
    Grant,
    /// A correction.
    Adjustment,
    /// A rollback of credits that had been drawn on the credit limit.
    Rollback,
}

/// How debt came about and how it went: `spent + refunded - given_back - settled = owed`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DebtStory {
    /// What was spent beyond the lots, by service.
    pub spent: BTreeMap<Box<str>, Micros>,
    /// What was taken back after it had been spent.
    pub refunded: Micros,
    /// What rollbacks took off it.
    pub given_back: Micros,
    /// What lots paid of it.
    pub settled: Micros,
    /// What is still owed.
    pub owed: Micros,
}

impl LotStory {
    /// Whether what came in is what went out and what is left.
    #[must_use]
    pub fn foots(&self) -> bool {
        let gone = self.expired + self.refunded + self.adjusted + self.settled;
        let spent: Micros = self.spent.values().sum();
        self.amount + self.given_back == spent + gone + self.free + self.held
    }
}

impl Explanation {
    /// A wallet of which nothing is told yet.
    #[must_use]
    pub fn new(wallet: WalletId, org: OrgId, as_of: Position) -> Self {
        let (balances, debt) = (Balances::default(), DebtStory::default());
        Self { wallet, org, as_of, balances, lots: Vec::new(), debt }
    }

    /// Whether every lot and the debt add up, and the lots less the debt are the balance.
    #[must_use]
    pub fn foots(&self) -> bool {
        let left: Micros = self.lots.iter().map(|lot| lot.free + lot.held).sum();
        let debt = &self.debt;
        let owed = debt.spent.values().sum::<Micros>() + debt.refunded - debt.given_back - debt.settled;
        self.lots.iter().all(LotStory::foots)
            && owed == debt.owed
            && left - debt.owed == micros(self.balances.balance)
    }

    /// Takes in the wallet's next event; `None` when it names a lot that there never was.
    pub(super) fn follow(&mut self, recorded: &Recorded) -> Option<()> {
        match &recorded.event {
            Event::CreditsPurchased(e) => {
                self.make(recorded, Origin::Purchase, e.amount, e.lot);
                self.settle(&e.settled)?;
            }
            Event::CreditsGranted(e) => {
                self.make(recorded, Origin::Grant, e.amount, e.lot);
                self.settle(&e.settled)?;
            }
            Event::CreditsDeducted(e) => self.spend(&e.service, &[], &e.slices, e.overdrawn)?,
            Event::DeductionRolledBack(e) => {
                e.slices.iter().try_for_each(|slice| self.give_back(slice))?;
                let formed = e.formed.map_or(Credits::ZERO, |formed| formed.amount);
                if let Some(formed) = e.formed {
                    self.make(recorded, Origin::Rollback, formed.amount, formed.terms);
                }
                self.debt.given_back += micros(e.overdrawn) - micros(formed);
                self.settle(&e.settled)?;
            }
            Event::CreditsExpired(e) => self.take(e.lot, e.amount)?.expired += micros(e.amount),
            Event::CreditsHeld(e) => self.hold(&e.slices, 1)?,
            Event::HoldCaptured(e) => self.spend(&e.service, &e.slices, &e.beyond, e.overdrawn)?,
            Event::HoldReleased(e) => self.hold(&e.slices, -1).and_then(|()| self.settle(&e.settled))?,
            Event::HoldExpired(e) => self.hold(&e.slices, -1).and_then(|()| self.settle(&e.settled))?,
            Event::PurchaseRefunded(e) => {
                self.take(e.purchase, e.taken)?.refunded += micros(e.taken);
                self.debt.refunded += micros(e.debt);
                self.settle(&e.settled)?;
            }
            Event::CreditsAdjusted(e) => {
                if let Some(terms) = e.lot {
                    self.make(recorded, Origin::Adjustment, e.amount, terms);
                }
                for slice in &e.slices {
                    self.take(slice.lot, slice.amount)?.adjusted += micros(slice.amount);
                }
                self.settle(&e.settled)?;
            }
            Event::WalletOpened(_)
            | Event::CreditsChecked(_)
            | Event::CommandRefused(_)
            | Event::HoldExtended(_)
            | Event::AdjustmentProposed(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_) => {}
            Event::PriceSet(_) | Event::PolicySet(_) | Event::Auth(_) | Event::WriterChanged(_) => {
                return None;
            }
        }
        let debt = &mut self.debt;
        debt.owed = debt.spent.values().sum::<Micros>() + debt.refunded - debt.given_back - debt.settled;
        self.balances = *recorded.event.balances()?;
        Some(())
    }

    fn make(&mut self, recorded: &Recorded, origin: Origin, amount: Credits, terms: LotTerms) {
        self.lots.push(LotStory {
            lot: recorded.envelope.position,
            made: recorded.envelope.time,
            origin,
            reference: reference(&recorded.event).map(Into::into),
            terms,
            amount: micros(amount),
            given_back: 0,
            spent: BTreeMap::new(),
            expired: 0,
            refunded: 0,
            adjusted: 0,
            settled: 0,
            free: micros(amount),
            held: 0,
        });
    }

    /// The lot with this id: they are in order.
    fn lot(&mut self, id: Position) -> Option<&mut LotStory> {
        let at = self.lots.binary_search_by_key(&id, |lot| lot.lot).ok()?;
        self.lots.get_mut(at)
    }

    /// Takes free credits out of a lot.
    fn take(&mut self, id: Position, amount: Credits) -> Option<&mut LotStory> {
        let lot = self.lot(id)?;
        lot.free -= micros(amount);
        Some(lot)
    }

    fn spend(&mut self, service: &str, held: &[Slice], free: &[Slice], overdrawn: Credits) -> Option<()> {
        for slice in held {
            let lot = self.lot(slice.lot)?;
            lot.held -= micros(slice.amount);
            *lot.spent.entry(service.into()).or_default() += micros(slice.amount);
        }
        for slice in free {
            let lot = self.take(slice.lot, slice.amount)?;
            *lot.spent.entry(service.into()).or_default() += micros(slice.amount);
        }
        if !overdrawn.is_zero() {
            *self.debt.spent.entry(service.into()).or_default() += micros(overdrawn);
        }
        Some(())
    }

    fn give_back(&mut self, slice: &ReturnedSlice) -> Option<()> {
        let lot = self.lot(slice.lot)?;
        if lot.free == 0 {
            // What is still free keeps its terms.
            lot.terms = slice.terms;
        }
        lot.free += micros(slice.amount);
        lot.given_back += micros(slice.amount);
        Some(())
    }

    /// Moves slices into a hold, or, with a negative sign, out of it.
    fn hold(&mut self, slices: &[Slice], sign: Micros) -> Option<()> {
        for slice in slices {
            let lot = self.lot(slice.lot)?;
            lot.free -= sign * micros(slice.amount);
            lot.held += sign * micros(slice.amount);
        }
        Some(())
    }

    fn settle(&mut self, slices: &[Slice]) -> Option<()> {
        for slice in slices {
            self.take(slice.lot, slice.amount)?.settled += micros(slice.amount);
            self.debt.settled += micros(slice.amount);
        }
        Some(())
    }
}

fn micros(amount: Credits) -> Micros {
    Micros::from(amount.micros())
}
