//! What the second ledger answers to each command.

use std::collections::BTreeMap;

use events::{Class, Period, PolicySet};
use ledger::{Adjust, Command, Expiry, NewLot, Refund, RollBack, SetCap};

use super::model::{Refused, Terms, Wallet};

/// All wallets, as the second ledger has them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) wallets: BTreeMap<usize, Wallet>,
    pub(crate) policy: PolicySet,
    /// Micro-credits for so many units, by unit, of the service `chat`.
    pub(crate) prices: BTreeMap<&'static str, (i128, i128)>,
    /// By position: the wallet, the amount, the lot, the proposer, whether it was approved.
    proposals: BTreeMap<u64, (usize, Adjust, u8, bool)>,
}

/// Who asks, of which wallet, and when; the first event will be at `next`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking {
    pub(crate) wallet: usize,
    pub(crate) app: Option<u8>,
    pub(crate) person: u8,
    pub(crate) now: i128,
    pub(crate) next: u64,
}

/// A command on its way: the wallet it changes and what was said so far.
pub(super) struct Turn<'a> {
    pub(super) model: &'a Model,
    pub(super) by: Asking,
    pub(super) wallet: Wallet,
    said: Vec<String>,
}

/// `Err(None)` when nothing is recorded; else the refusal.
pub(super) type Answer<T = ()> = Result<T, Option<Refused>>;

impl Model {
    /// The types of the events that follow, a refusal with its code; none when the command is rejected.
    pub(crate) fn ask(&mut self, by: Asking, command: &Command) -> Option<Vec<String>> {
        let known = self.wallets.get(&by.wallet);
        let mut turn = Turn { model: self, by, wallet: known.cloned().unwrap_or_default(), said: Vec::new() };
        turn.run_out();
        let was_low = known.is_some() && low(&turn.wallet);
        if known.is_none() {
            let opens = matches!(command, Command::OpenWallet | Command::Purchase(_) | Command::Grant(_));
            opens.then(|| turn.say("wallet.opened"))?;
        }
        let (before, said) = (turn.wallet.clone(), turn.said.len());
        match turn.command(command, known.is_none()) {
            Ok(()) => {}
            Err(None) => return None,
            Err(Some(code)) => {
                turn.wallet = before;
                turn.said.truncate(said);
                turn.say(&format!("refused: {code}"));
            }
        }
        if !was_low && low(&turn.wallet) {
            turn.say("wallet.balance_low");
        }
        let Turn { wallet, said, .. } = turn;
        self.note(by, command, &said);
        self.wallets.insert(by.wallet, wallet);
        Some(said)
    }

    /// Remembers proposals and their approval.
    fn note(&mut self, by: Asking, command: &Command, said: &[String]) {
        let at = |name: &str| said.iter().position(|said| said == name).map(|index| by.next + index as u64);
        if let (Command::Adjust(ask), Some(at)) = (command, at("credits.adjustment_proposed")) {
            self.proposals.insert(at, (by.wallet, ask.clone(), by.person, false));
        }
        if let (Command::Approve(ask), Some(_)) = (command, at("credits.adjusted")) {
            self.proposals.get_mut(&ask.proposal.get()).expect("a proposal").3 = true;
        }
    }
}

fn low(wallet: &Wallet) -> bool {
    wallet.threshold.is_some_and(|least| wallet.available() < least)
}

impl Turn<'_> {
    pub(super) fn say(&mut self, what: &str) {
        self.said.push(what.to_owned());
    }

    /// Position and stamp of the next event.
    pub(super) fn next(&self) -> (u64, i128) {
        (self.by.next + self.said.len() as u64, self.by.now + self.said.len() as i128)
    }

    /// What is due before a command: each expiry warns by itself.
    fn run_out(&mut self) {
        loop {
            let was_low = low(&self.wallet);
            if !self.expire_one() {
                return;
            }
            if !was_low && low(&self.wallet) {
                self.say("wallet.balance_low");
            }
        }
    }

    pub(super) fn expire(&mut self) {
        while self.expire_one() {}
    }

    fn expire_one(&mut self) -> bool {
        let Some((_, kind, id)) = self.wallet.due(self.by.now) else { return false };
        if kind == 0 {
            self.wallet.end_hold(id);
            self.say("credits.hold_expired");
        } else {
            self.wallet.lots.remove(&id);
            self.say("credits.expired");
        }
        true
    }

    fn command(&mut self, command: &Command, new: bool) -> Answer {
        match command {
            Command::OpenWallet if new => Ok(()),
            Command::OpenWallet => Err(Some("wallet-already-exists")),
            Command::Purchase(p) => {
                let amount = i128::from(p.amount.credits().micros());
                let id = self.come_in(amount, &p.lot)?;
                self.wallet.bought.insert(id, (amount, 0));
                self.say("credits.purchased");
                Ok(())
            }
            Command::Grant(g) => {
                self.come_in(i128::from(g.amount.credits().micros()), &g.lot)?;
                self.say("credits.granted");
                Ok(())
            }
            Command::Check(ask) => self.check(ask),
            Command::Deduct(ask) => self.deduct(ask),
            Command::DeductBatch(all) => all.iter().try_for_each(|ask| self.deduct(ask)),
            Command::RollBack(ask) => self.roll_back(ask),
            Command::Hold(ask) => self.hold(ask, self.next().1),
            Command::Capture(ask) => self.capture(ask),
            Command::Extend(ask) => {
                self.open_hold(ask.hold, true)?;
                let hold = self.wallet.holds.get_mut(&ask.hold.get()).expect("an open hold");
                hold.expires = self.by.now + i128::from(ask.timeout_micros);
                self.say("credits.hold_extended");
                Ok(())
            }
            Command::Release(ask) => {
                self.open_hold(ask.hold, false)?;
                self.release(ask.hold.get());
                Ok(())
            }
            Command::Refund(ask) => self.refund(ask),
            Command::Adjust(ask) => self.adjust_or_propose(ask),
            Command::Approve(ask) => self.approve(ask.proposal.get()),
            Command::Freeze(_) => self.freeze(true, "wallet-frozen", "wallet.frozen"),
            Command::Unfreeze(_) => self.freeze(false, "wallet-not-frozen", "wallet.unfrozen"),
            Command::SetLimit(ask) => {
                self.wallet.limit = i128::from(ask.limit.micros());
                self.say("wallet.limit_set");
                Ok(())
            }
            Command::SetCap(ask) => self.set_cap(ask),
            Command::SetThreshold(ask) => {
                self.wallet.threshold = ask.threshold.map(|least| i128::from(least.credits().micros()));
                self.say("wallet.threshold_set");
                Ok(())
            }
        }
    }

    fn roll_back(&mut self, ask: &RollBack) -> Answer {
        let id = ask.deduction.get();
        let record = self.wallet.spent.get(&id).ok_or(None)?;
        let left = record.parts.iter().map(|part| part.1).sum::<i128>() - record.returned;
        let amount = ask.amount.map_or(left, |amount| i128::from(amount.credits().micros()));
        if amount > left || amount == 0 {
            return Err(Some("rollback-exceeds-deduction"));
        }
        self.wallet.may_add(amount)?;
        let (at, _) = self.next();
        self.wallet.roll_back(id, amount, at, self.by.now, self.model.policy);
        self.say("credits.deduction_rolled_back");
        self.expire();
        Ok(())
    }

    fn refund(&mut self, ask: &Refund) -> Answer {
        let (bought, refunded) = *self.wallet.bought.get(&ask.purchase.get()).ok_or(None)?;
        let left = bought - refunded;
        let over = self.wallet.made[&ask.purchase.get()].1.1 <= self.by.now;
        let all = if over { left.min(self.wallet.there(ask.purchase.get())) } else { left };
        let amount = ask.amount.map_or(all, |amount| i128::from(amount.credits().micros()));
        if amount > left || amount == 0 {
            return Err(Some("refund-exceeds-purchase"));
        }
        self.wallet.refund(ask.purchase.get(), amount)?;
        self.say("credits.purchase_refunded");
        Ok(())
    }

    fn adjust_or_propose(&mut self, ask: &Adjust) -> Answer {
        let above = |limit: events::Credits| ask.amount.micros().abs() > limit.micros();
        if !self.model.policy.approval_above.is_some_and(above) {
            return self.adjust(ask);
        }
        self.say("credits.adjustment_proposed");
        Ok(())
    }

    fn approve(&mut self, proposal: u64) -> Answer {
        let proposal = self.model.proposals.get(&proposal);
        let (_, ask, proposer, done) = proposal.filter(|one| one.0 == self.by.wallet).ok_or(None)?;
        match (*done, *proposer == self.by.person) {
            (true, _) => Err(Some("adjustment-already-approved")),
            (false, true) => Err(Some("approver-is-proposer")),
            (false, false) => self.adjust(ask),
        }
    }

    fn freeze(&mut self, frozen: bool, refused: Refused, said: &str) -> Answer {
        if self.wallet.frozen == frozen {
            return Err(Some(refused));
        }
        self.wallet.frozen = frozen;
        self.say(said);
        Ok(())
    }

    fn set_cap(&mut self, ask: &SetCap) -> Answer {
        let (_, stamp) = self.next();
        let period = match ask.period {
            Period::Day => 0,
            Period::Month => 1,
            Period::Total => 2,
        };
        let key = (ask.app.0.as_u128() as u8, ask.budget.as_deref().map(String::from), period);
        match ask.amount {
            Some(most) => self.wallet.caps.entry(key).or_insert((0, stamp)).0 = i128::from(most.micros()),
            None => drop(self.wallet.caps.remove(&key)),
        }
        self.say("wallet.cap_set");
        Ok(())
    }

    fn come_in(&mut self, amount: i128, lot: &NewLot) -> Answer<u64> {
        let expires = match lot.expiry {
            None => i128::MAX,
            Some(Expiry::After(micros)) => self.by.now + i128::from(micros),
            Some(Expiry::At(time)) => i128::from(time.micros()),
        };
        if expires <= self.by.now {
            return Err(None);
        }
        self.wallet.may_add(amount)?;
        let (id, stamp) = self.next();
        self.wallet.make(id, stamp, (lot.priority, expires, class(lot.class)), amount);
        Ok(id)
    }

    fn adjust(&mut self, ask: &Adjust) -> Answer {
        let amount = i128::from(ask.amount.micros());
        let (id, stamp) = self.next();
        if amount > 0 {
            self.wallet.may_add(amount)?;
            let expires = ask.lot.expires_after.map_or(i128::MAX, |micros| self.by.now + i128::from(micros));
            let terms: Terms = (ask.lot.priority, expires, class(ask.lot.class));
            self.wallet.make(id, stamp, terms, amount);
        } else if self.wallet.free() < -amount {
            return Err(Some("insufficient-credits"));
        } else {
            self.wallet.burn(-amount);
        }
        self.say("credits.adjusted");
        Ok(())
    }
}

const fn class(class: Class) -> u8 {
    match class {
        Class::Promotional => 0,
        Class::Paid => 1,
    }
}
