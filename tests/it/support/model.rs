//! The rules once more, written without a look at `ledger/`: as slowly and plainly as possible, so
//! that a difference between the two means that one of them is wrong.

use std::collections::BTreeMap;

use events::{Class, Event, OrgId, Position, Recorded, WalletId};
use ledger::{Charge, Command, Expiry, NewLot};

/// What a command did, in micro-credits, with the wallet's balance afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    Opened,
    CameIn(i64),
    Checked(bool),
    Spent(Vec<(u64, i64)>),
    CameBack(Vec<(u64, i64)>),
    Expired(u64, i64),
    Refused(&'static str),
}

/// Why nothing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nothing {
    NoWallet,
    NoDeduction,
    ExpiryInPast,
}

/// One purchase or grant: `left` of it is unspent.
#[derive(Debug, Clone)]
struct Pot {
    position: u64,
    left: i64,
    priority: u8,
    expires: Option<i64>,
    paid: bool,
}

#[derive(Debug, Clone)]
struct Purse {
    org: OrgId,
    /// Every pot there ever was, empty ones too.
    pots: Vec<Pot>,
}

/// All wallets, and what deductions have taken and not given back, last slice last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    purses: BTreeMap<WalletId, Purse>,
    taken: BTreeMap<u64, (WalletId, Vec<(u64, i64)>)>,
}

/// A command as it happened: to which wallet, for whom, where its first event stands, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occasion {
    pub(crate) wallet: WalletId,
    pub(crate) org: OrgId,
    pub(crate) first: Position,
    pub(crate) now: i64,
}

impl Model {
    /// What the command does; nothing when it is rejected.
    pub(crate) fn decide(&mut self, command: &Command, on: Occasion) -> Result<Vec<(Effect, i64)>, Nothing> {
        let mut after = self.clone();
        let mut effects = Effects { list: Vec::new(), on };
        after.act(command, on, &mut effects)?;
        *self = after;
        Ok(effects.list)
    }

    /// What expires in a wallet that nobody asks anything of.
    pub(crate) fn expire(&mut self, on: Occasion) -> Vec<(Effect, i64)> {
        let mut effects = Effects { list: Vec::new(), on };
        self.purses.get_mut(&on.wallet).expect("a wallet").expire(&mut effects);
        effects.list
    }

    /// The balance of a wallet, when it is open.
    pub(crate) fn balance(&self, wallet: WalletId) -> Option<i64> {
        self.purses.get(&wallet).map(Purse::sum)
    }

    /// What each live lot of a wallet holds, by position.
    pub(crate) fn lots(&self, wallet: WalletId) -> BTreeMap<u64, i64> {
        let pots = self.purses.get(&wallet).map_or(&[][..], |purse| &purse.pots);
        pots.iter().filter(|pot| pot.left > 0).map(|pot| (pot.position, pot.left)).collect()
    }

    pub(crate) fn wallets(&self) -> impl Iterator<Item = WalletId> {
        self.purses.keys().copied()
    }

    fn act(&mut self, command: &Command, on: Occasion, effects: &mut Effects) -> Result<(), Nothing> {
        if self.purses.get(&on.wallet).is_some_and(|purse| purse.org != on.org) {
            return Err(Nothing::NoWallet);
        }
        if let Some(purse) = self.purses.get_mut(&on.wallet) {
            purse.expire(effects);
        }
        match command {
            Command::OpenWallet => match self.purses.get(&on.wallet) {
                Some(purse) => effects.add(Effect::Refused("wallet-already-exists"), purse.sum()),
                None => self.open(on, effects),
            },
            Command::Purchase(p) => self.come_in(p.amount.credits().micros(), &p.lot, on, effects)?,
            Command::Grant(g) => self.come_in(g.amount.credits().micros(), &g.lot, on, effects)?,
            Command::Check(c) => {
                let sum = self.purses.get(&on.wallet).ok_or(Nothing::NoWallet)?.sum();
                effects.add(Effect::Checked(cost(&c.charge) <= sum), sum);
            }
            Command::Deduct(d) => self.spend(cost(&d.charge), on, effects)?,
            Command::RollBack(r) => {
                let part = r.amount.map(|amount| amount.credits().micros());
                self.come_back(r.deduction.get(), part, on, effects)?;
            }
            Command::DeductBatch(_)
            | Command::Hold(_)
            | Command::Capture(_)
            | Command::Extend(_)
            | Command::Release(_)
            | Command::Refund(_)
            | Command::Adjust(_)
            | Command::Approve(_)
            | Command::Freeze(_)
            | Command::Unfreeze(_)
            | Command::SetLimit(_)
            | Command::SetCap(_)
            | Command::SetThreshold(_) => panic!("the model does not know {command:?}"),
        }
        Ok(())
    }

    fn open(&mut self, on: Occasion, effects: &mut Effects) {
        self.purses.insert(on.wallet, Purse { org: on.org, pots: Vec::new() });
        effects.add(Effect::Opened, 0);
    }

    fn come_in(
        &mut self,
        amount: i64,
        lot: &NewLot,
        on: Occasion,
        effects: &mut Effects,
    ) -> Result<(), Nothing> {
        let expires = lot.expiry.map(|expiry| match expiry {
            Expiry::After(micros) => on.now + micros,
            Expiry::At(time) => time.micros(),
        });
        if expires.is_some_and(|at| at <= on.now) {
            return Err(Nothing::ExpiryInPast);
        }
        if !self.purses.contains_key(&on.wallet) {
            self.open(on, effects);
        }
        let purse = self.purses.get_mut(&on.wallet).expect("just opened");
        if purse.pots.iter().filter(|pot| pot.left > 0).count() >= 200 {
            effects.add(Effect::Refused("too-many-lots"), purse.sum());
        } else if purse.sum().checked_add(amount).is_none() {
            effects.add(Effect::Refused("balance-overflow"), purse.sum());
        } else {
            let (position, priority, paid) = (effects.position(), lot.priority, lot.class == Class::Paid);
            purse.pots.push(Pot { position, left: amount, priority, expires, paid });
            effects.add(Effect::CameIn(amount), purse.sum());
        }
        Ok(())
    }

    fn spend(&mut self, cost: i64, on: Occasion, effects: &mut Effects) -> Result<(), Nothing> {
        let purse = self.purses.get_mut(&on.wallet).ok_or(Nothing::NoWallet)?;
        if purse.sum() < cost {
            effects.add(Effect::Refused("insufficient-credits"), purse.sum());
            return Ok(());
        }
        let (mut due, mut slices) = (cost, Vec::new());
        while due > 0 {
            // The first by priority, expiry (never is last), promotional before paid, age.
            let live = purse.pots.iter_mut().filter(|pot| pot.left > 0);
            let pot = live
                .min_by_key(|pot| (pot.priority, pot.expires.is_none(), pot.expires, pot.paid, pot.position))
                .expect("the pots hold the sum");
            let slice = due.min(pot.left);
            pot.left -= slice;
            due -= slice;
            slices.push((pot.position, slice));
        }
        self.taken.insert(effects.position(), (on.wallet, slices.clone()));
        effects.add(Effect::Spent(slices), purse.sum());
        Ok(())
    }

    fn come_back(
        &mut self,
        deduction: u64,
        part: Option<i64>,
        on: Occasion,
        effects: &mut Effects,
    ) -> Result<(), Nothing> {
        let purse = self.purses.get_mut(&on.wallet).ok_or(Nothing::NoWallet)?;
        let (wallet, taken) = self.taken.get_mut(&deduction).ok_or(Nothing::NoDeduction)?;
        if *wallet != on.wallet {
            return Err(Nothing::NoDeduction);
        }
        let rest: i64 = taken.iter().map(|(_, amount)| amount).sum();
        let mut due = part.unwrap_or(rest);
        if due > rest || due == 0 {
            effects.add(Effect::Refused("rollback-exceeds-deduction"), purse.sum());
            return Ok(());
        }
        let mut slices = Vec::new();
        while due > 0 {
            let (position, amount) = taken.pop().expect("the slices hold the rest");
            let slice = due.min(amount);
            if slice < amount {
                taken.push((position, amount - slice));
            }
            let pot =
                purse.pots.iter_mut().find(|pot| pot.position == position).expect("a pot for each slice");
            pot.left += slice;
            due -= slice;
            slices.push((position, slice));
        }
        effects.add(Effect::CameBack(slices), purse.sum());
        purse.expire(effects);
        Ok(())
    }
}

impl Purse {
    fn sum(&self) -> i64 {
        self.pots.iter().map(|pot| pot.left).sum()
    }

    fn expire(&mut self, effects: &mut Effects) {
        let now = effects.on.now;
        loop {
            let due =
                self.pots.iter_mut().filter(|pot| pot.left > 0 && pot.expires.is_some_and(|at| at <= now));
            let Some(pot) = due.min_by_key(|pot| (pot.expires, pot.position)) else { return };
            let effect = Effect::Expired(pot.position, pot.left);
            pot.left = 0;
            effects.add(effect, self.sum());
        }
    }
}

struct Effects {
    list: Vec<(Effect, i64)>,
    on: Occasion,
}

impl Effects {
    /// Where the next effect's event will stand.
    fn position(&self) -> u64 {
        self.on.first.get() + self.list.len() as u64
    }

    fn add(&mut self, effect: Effect, balance: i64) {
        self.list.push((effect, balance));
    }
}

fn cost(charge: &Charge) -> i64 {
    match charge {
        Charge::Cost(amount) => amount.credits().micros(),
        Charge::Usage(usage) => panic!("the model knows no prices: {usage:?}"),
    }
}

/// The effect that an event of a wallet tells of.
pub(crate) fn told(recorded: &Recorded) -> Option<(Effect, i64)> {
    let balance = recorded.event.balances()?.balance.micros();
    let effect = match &recorded.event {
        Event::WalletOpened(_) => Effect::Opened,
        Event::CreditsPurchased(e) => Effect::CameIn(e.amount.micros()),
        Event::CreditsGranted(e) => Effect::CameIn(e.amount.micros()),
        Event::CreditsChecked(e) => Effect::Checked(e.sufficient),
        Event::CreditsDeducted(e) => {
            Effect::Spent(e.slices.iter().map(|slice| (slice.lot.get(), slice.amount.micros())).collect())
        }
        Event::DeductionRolledBack(e) => {
            Effect::CameBack(e.slices.iter().map(|slice| (slice.lot.get(), slice.amount.micros())).collect())
        }
        Event::CreditsExpired(e) => Effect::Expired(e.lot.get(), e.amount.micros()),
        Event::CommandRefused(e) => Effect::Refused(e.refusal.code()),
        Event::CreditsHeld(_)
        | Event::HoldCaptured(_)
        | Event::HoldExtended(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::PurchaseRefunded(_)
        | Event::AdjustmentProposed(_)
        | Event::CreditsAdjusted(_)
        | Event::WalletFrozen(_)
        | Event::WalletUnfrozen(_)
        | Event::LimitSet(_)
        | Event::CapSet(_)
        | Event::ThresholdSet(_)
        | Event::BalanceLow(_)
        | Event::PriceSet(_)
        | Event::PolicySet(_)
        | Event::OrganizationRegistered(_)
        | Event::AppRegistered(_)
        | Event::ApiKeyIssued(_)
        | Event::ApiKeyRevoked(_)
        | Event::WriterChanged(_) => return None,
    };
    Some((effect, balance))
}
