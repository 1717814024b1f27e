//! What the second ledger answers to each command.

use std::collections::BTreeMap;

use events::{Class, CostPolicy, Period, PolicySet, Position};
use ledger::{Adjust, Charge, Command, Expiry, Hold, NewLot};

use super::model::{Hold as OpenHold, Refused, Spent, Terms, Wallet};

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
struct Turn<'a> {
    model: &'a Model,
    by: Asking,
    wallet: Wallet,
    said: Vec<String>,
}

/// `Err(None)` when nothing is recorded; else the refusal.
type Answer<T = ()> = Result<T, Option<Refused>>;

impl Model {
    /// The types of the events that follow, a refusal with its code; none when the command is rejected.
    pub(crate) fn ask(&mut self, by: Asking, command: &Command) -> Option<Vec<String>> {
        let known = self.wallets.get(&by.wallet);
        let low = |wallet: &Wallet| wallet.threshold.is_some_and(|least| wallet.available() < least);
        let was_low = known.is_some_and(low);
        let mut turn = Turn { model: self, by, wallet: known.cloned().unwrap_or_default(), said: Vec::new() };
        turn.expire();
        if known.is_none() {
            match command {
                Command::OpenWallet | Command::Purchase(_) | Command::Grant(_) => turn.say("wallet.opened"),
                _ => return None,
            }
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

impl Turn<'_> {
    fn say(&mut self, what: &str) {
        self.said.push(what.to_owned());
    }

    /// Position and stamp of the next event.
    fn next(&self) -> (u64, i128) {
        (self.by.next + self.said.len() as u64, self.by.now + self.said.len() as i128)
    }

    fn expire(&mut self) {
        while let Some((_, kind, id)) = self.wallet.due(self.by.now) {
            if kind == 0 {
                self.wallet.end_hold(id);
                self.say("credits.hold_expired");
            } else {
                self.wallet.lots.remove(&id);
                self.say("credits.expired");
            }
        }
    }

    fn command(&mut self, command: &Command, new: bool) -> Answer {
        let wallet = &mut self.wallet;
        match command {
            Command::OpenWallet if new => return Ok(()),
            Command::OpenWallet => return Err(Some("wallet-already-exists")),
            Command::Purchase(p) => {
                let amount = i128::from(p.amount.credits().micros());
                let id = self.come_in(amount, &p.lot)?;
                self.wallet.bought.insert(id, (amount, 0));
                self.say("credits.purchased");
            }
            Command::Grant(g) => {
                self.come_in(i128::from(g.amount.credits().micros()), &g.lot)?;
                self.say("credits.granted");
            }
            Command::Check(c) => {
                let cost = self.cost(&c.charge)?;
                let hold = c.hold.map(|terms| Hold {
                    service: c.service.clone(),
                    charge: c.charge.clone(),
                    terms,
                    budget: c.budget.clone(),
                    metadata: None,
                });
                // The check is an event before the hold, whether there is a hold or not.
                let before = self.wallet.clone();
                let asked = self.next().1;
                self.say("credits.checked");
                let placed = match &hold {
                    Some(hold) => self.hold(hold, asked),
                    None => self.may_spend(&c.budget, cost, asked).map_err(Some),
                };
                match placed {
                    Err(None) => return Err(None),
                    Err(Some(_)) => self.wallet = before,
                    Ok(()) => {}
                }
            }
            Command::Deduct(d) => self.deduct(d)?,
            Command::DeductBatch(all) => all.iter().try_for_each(|d| self.deduct(d))?,
            Command::RollBack(r) => {
                let id = r.deduction.get();
                let record = wallet.spent.get(&id).ok_or(None)?;
                let left = record.parts.iter().map(|part| part.1).sum::<i128>() - record.returned;
                let amount = r.amount.map_or(left, |amount| i128::from(amount.credits().micros()));
                if amount > left || amount == 0 {
                    return Err(Some("rollback-exceeds-deduction"));
                }
                wallet.may_add(amount)?;
                let (at, _) = self.next();
                self.wallet.roll_back(id, amount, at, self.by.now, self.model.policy);
                self.say("credits.deduction_rolled_back");
                self.expire();
            }
            Command::Hold(h) => self.hold(h, self.next().1)?,
            Command::Capture(_) | Command::Extend(_) | Command::Release(_) => self.of_hold(command)?,
            Command::Refund(r) => {
                let (amount, refunded) = *wallet.bought.get(&r.purchase.get()).ok_or(None)?;
                let left = amount - refunded;
                let asked = r.amount.map_or(left, |amount| i128::from(amount.credits().micros()));
                if asked > left || asked == 0 {
                    return Err(Some("refund-exceeds-purchase"));
                }
                wallet.refund(r.purchase.get(), asked)?;
                self.say("credits.purchase_refunded");
            }
            Command::Adjust(a) => {
                let above = |limit: events::Credits| a.amount.micros().abs() > limit.micros();
                if self.model.policy.approval_above.is_some_and(above) {
                    self.say("credits.adjustment_proposed");
                } else {
                    self.adjust(a)?;
                }
            }
            Command::Approve(a) => {
                let proposal = self.model.proposals.get(&a.proposal.get());
                let (_, ask, proposer, done) =
                    proposal.filter(|proposal| proposal.0 == self.by.wallet).ok_or(None)?;
                match (*done, *proposer == self.by.person) {
                    (true, _) => return Err(Some("adjustment-already-approved")),
                    (false, true) => return Err(Some("approver-is-proposer")),
                    (false, false) => self.adjust(ask)?,
                }
            }
            _ => self.control(command)?,
        }
        Ok(())
    }

    fn control(&mut self, command: &Command) -> Answer {
        let (_, stamp) = self.next();
        let wallet = &mut self.wallet;
        let said = match command {
            Command::Freeze(_) if wallet.frozen => return Err(Some("wallet-frozen")),
            Command::Unfreeze(_) if !wallet.frozen => return Err(Some("wallet-not-frozen")),
            Command::Freeze(_) | Command::Unfreeze(_) => {
                wallet.frozen = !wallet.frozen;
                if wallet.frozen { "wallet.frozen" } else { "wallet.unfrozen" }
            }
            Command::SetLimit(l) => {
                wallet.limit = i128::from(l.limit.micros());
                "wallet.limit_set"
            }
            Command::SetThreshold(t) => {
                wallet.threshold = t.threshold.map(|least| i128::from(least.credits().micros()));
                "wallet.threshold_set"
            }
            Command::SetCap(c) => {
                let period = match c.period {
                    Period::Day => 0,
                    Period::Month => 1,
                    Period::Total => 2,
                };
                let key = (c.app.0.as_u128() as u8, c.budget.as_deref().map(String::from), period);
                match c.amount {
                    Some(most) => wallet.caps.entry(key).or_insert((0, stamp)).0 = i128::from(most.micros()),
                    None => drop(wallet.caps.remove(&key)),
                }
                "wallet.cap_set"
            }
            other => panic!("{other:?} is answered elsewhere"),
        };
        self.say(said);
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

    fn cost(&self, charge: &Charge) -> Answer<i128> {
        match charge {
            Charge::Cost(_)
                if self.model.policy.cost_of_priced_service == CostPolicy::Forbidden
                    && !self.model.prices.is_empty() =>
            {
                Err(Some("cost-forbidden"))
            }
            Charge::Cost(amount) => Ok(i128::from(amount.credits().micros())),
            Charge::Usage(_) if self.model.prices.is_empty() => Err(Some("no-price")),
            Charge::Usage(usage) => {
                let mut sum = 0;
                for (unit, quantity) in usage {
                    let (credits, per) = self.model.prices.get(&**unit).ok_or(Some("unknown-unit"))?;
                    let (product, whole) = (credits * i128::from(quantity.micros()), per * 1_000_000);
                    let down = product / whole;
                    let twice = 2 * (product - down * whole);
                    sum += down + i128::from(twice > whole || twice == whole && down % 2 == 1);
                }
                if sum > 0 { Ok(sum) } else { Err(Some("cost-is-zero")) }
            }
        }
    }

    fn may_spend(&self, budget: &Option<Box<str>>, cost: i128, at: i128) -> Result<(), Refused> {
        if self.wallet.frozen {
            return Err("wallet-frozen");
        }
        self.wallet.within_caps(self.by.app, &budget.as_deref().map(String::from), cost, at)?;
        self.wallet.may_pay(cost)
    }

    fn deduct(&mut self, ask: &ledger::Deduct) -> Answer {
        let cost = self.cost(&ask.charge)?;
        let (id, at) = self.next();
        self.may_spend(&ask.budget, cost, at)?;
        let parts = self.wallet.burn(cost);
        self.wallet.owe(&parts);
        let (app, budget) = (self.by.app, ask.budget.as_deref().map(String::from));
        self.wallet.spent.insert(id, Spent { app, budget, at, parts, returned: 0 });
        self.say("credits.deducted");
        Ok(())
    }

    fn hold(&mut self, ask: &Hold, at: i128) -> Answer {
        let cost = self.cost(&ask.charge)?;
        let cap = ask.terms.cap.map_or(cost, |cap| i128::from(cap.credits().micros()));
        if cap < cost {
            return Err(None);
        }
        self.may_spend(&ask.budget, cost, at)?;
        if self.wallet.reserved() + cost > i128::from(i64::MAX) {
            return Err(Some("balance-overflow"));
        }
        let terms: BTreeMap<u64, Terms> = self.wallet.lots.iter().map(|(id, lot)| (*id, lot.0)).collect();
        let parts = self.wallet.burn(cost);
        let overdrawn = parts.iter().filter(|part| part.0.is_none()).map(|part| part.1).sum();
        let slices = parts.iter().filter_map(|part| part.0.map(|lot| (lot, terms[&lot], part.1)));
        let hold = OpenHold {
            app: self.by.app,
            budget: ask.budget.as_deref().map(String::from),
            expires: self.by.now + i128::from(ask.terms.timeout_micros),
            cap,
            captured: 0,
            slices: slices.collect(),
            overdrawn,
        };
        let (id, _) = self.next();
        self.wallet.held.insert(id, self.by.app);
        self.wallet.holds.insert(id, hold);
        self.say("credits.held");
        Ok(())
    }

    fn of_hold(&mut self, command: &Command) -> Answer {
        let id = command.refers_to().map(Position::get).ok_or(None)?;
        let app = *self.wallet.held.get(&id).ok_or(None)?;
        if self.by.app.is_some() && self.by.app != app {
            return Err(None);
        }
        let Some(hold) = self.wallet.holds.get(&id) else { return Err(Some("hold-closed")) };
        if self.wallet.frozen && !matches!(command, Command::Release(_)) {
            return Err(Some("wallet-frozen"));
        }
        match command {
            Command::Extend(e) => {
                let hold = self.wallet.holds.get_mut(&id).expect("an open hold");
                hold.expires = self.by.now + i128::from(e.timeout_micros);
                self.say("credits.hold_extended");
            }
            Command::Capture(c) => {
                let (rest, left) = (hold.rest(), hold.cap - hold.captured);
                let (app, budget) = (hold.app, hold.budget.clone());
                let amount = c.charge.as_ref().map_or(Ok(rest), |charge| self.cost(charge))?;
                let (position, at) = self.next();
                match amount {
                    0 => return Err(Some("cost-is-zero")),
                    more if more > left => return Err(Some("capture-exceeds-hold")),
                    more if more > rest => {
                        self.wallet.within_caps(app, &budget, more - rest, at)?;
                        self.wallet.may_pay(more - rest)?;
                    }
                    _ => {}
                }
                let parts = self.wallet.capture(id, amount);
                self.wallet.spent.insert(position, Spent { app, budget, at, parts, returned: 0 });
                self.say("credits.hold_captured");
                if c.last && self.wallet.holds.contains_key(&id) {
                    self.wallet.end_hold(id);
                    self.say("credits.hold_released");
                    self.expire();
                }
            }
            _ => {
                self.wallet.end_hold(id);
                self.say("credits.hold_released");
                self.expire();
            }
        }
        Ok(())
    }
}

const fn class(class: Class) -> u8 {
    match class {
        Class::Promotional => 0,
        Class::Paid => 1,
    }
}
