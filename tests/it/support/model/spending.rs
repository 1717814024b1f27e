//! Checks, deductions and holds in the model.

use ledger::{Capture, Charge, Check, Deduct, Extend, Hold as PlaceHold, HoldTerms, Release};

use super::{
    Nothing, Turn, What, at,
    purse::{Hold, Spending},
    rulebook,
};

impl Turn<'_> {
    fn cost(&self, service: &str, charge: &Charge) -> Result<(i64, Option<u64>), &'static str> {
        rulebook::cost(self.rules, service, charge, self.on.now)
    }

    /// Why the wallet does not pay so much now.
    fn cannot_pay(&self, budget: Option<&str>, cost: i64) -> Option<&'static str> {
        let purse = self.purse.as_ref()?;
        if purse.frozen {
            return Some("wallet-frozen");
        }
        let capped = purse.beyond_caps(self.on.app, budget, cost, self.stamp());
        capped.or((purse.spendable() < cost).then_some("insufficient-credits"))
    }

    pub(super) fn check(&mut self, ask: &Check) -> Result<(), Nothing> {
        self.purse()?;
        let (cost, price) = match self.cost(&ask.service, &ask.charge) {
            Ok(priced) => priced,
            Err(code) => return self.refuse(code),
        };
        if let Some(terms) = ask.hold {
            possible(terms, cost)?;
        }
        let sufficient = self.cannot_pay(ask.budget.as_deref(), cost).is_none();
        let terms = ask.hold.filter(|_| sufficient);
        let hold = terms.map(|_| self.position() + 1);
        self.add(What::Checked { sufficient, hold, price });
        if let Some(terms) = terms {
            self.reserve(&ask.service, ask.budget.as_deref(), cost, price, terms)?;
        }
        Ok(())
    }

    pub(super) fn deduct(&mut self, ask: &Deduct) -> Result<(), Nothing> {
        self.purse()?;
        match self.spend(ask, None)? {
            Ok(()) => Ok(()),
            Err(code) => self.refuse(code),
        }
    }

    pub(super) fn deduct_all(&mut self, asks: &[Deduct]) -> Result<(), Nothing> {
        let (before, effects) = (self.purse()?.clone(), self.effects.len());
        for (index, ask) in asks.iter().enumerate() {
            let item = Some((index as u16, asks.len() as u16));
            if let Err(code) = self.spend(ask, item)? {
                self.purse = Some(before);
                self.effects.truncate(effects);
                self.add(What::Refused { code, item: Some(index as u16) });
                return Ok(());
            }
        }
        Ok(())
    }

    fn spend(&mut self, ask: &Deduct, item: Option<(u16, u16)>) -> Result<Result<(), &'static str>, Nothing> {
        let (cost, price) = match self.cost(&ask.service, &ask.charge) {
            Ok(priced) => priced,
            Err(code) => return Ok(Err(code)),
        };
        if let Some(code) = self.cannot_pay(ask.budget.as_deref(), cost) {
            return Ok(Err(code));
        }
        let (slices, overdrawn) = self.purse()?.burn(cost);
        self.purse()?.debt += overdrawn;
        let spending = Spending {
            app: self.on.app,
            budget: ask.budget.clone(),
            at: self.stamp(),
            slices: slices.clone(),
            overdrawn,
            given_back: 0,
        };
        let position = self.position();
        self.purse()?.spent.insert(position, spending);
        self.add(What::Spent { slices, overdrawn, price, item });
        Ok(Ok(()))
    }

    pub(super) fn hold(&mut self, ask: &PlaceHold) -> Result<(), Nothing> {
        self.purse()?;
        let (cost, price) = match self.cost(&ask.service, &ask.charge) {
            Ok(priced) => priced,
            Err(code) => return self.refuse(code),
        };
        possible(ask.terms, cost)?;
        match self.cannot_pay(ask.budget.as_deref(), cost) {
            Some(code) => self.refuse(code),
            None => self.reserve(&ask.service, ask.budget.as_deref(), cost, price, ask.terms),
        }
    }

    fn reserve(
        &mut self,
        service: &str,
        budget: Option<&str>,
        cost: i64,
        price: Option<u64>,
        terms: HoldTerms,
    ) -> Result<(), Nothing> {
        let (position, app, expires) = (self.position(), self.on.app, self.on.now + terms.timeout_micros);
        let cap = terms.cap.map_or(cost, |cap| cap.credits().micros());
        let purse = self.purse()?;
        let lives: Vec<_> = purse.pots.iter().map(|pot| (pot.position, pot.expires)).collect();
        let (slices, overdrawn) = purse.burn(cost);
        let life = |pot| lives.iter().find(|(position, _)| *position == pot).and_then(|(_, life)| *life);
        let parts = slices.iter().map(|(pot, amount)| (*pot, *amount, life(*pot))).collect();
        let (service, budget) = (service.into(), budget.map(events::Budget::from));
        let hold =
            Hold { position, app, budget, service, expires, cap, captured: 0, parts, overdrawn, open: true };
        purse.holds.push(hold);
        self.add(What::Held { slices, overdrawn, cap, expires, price });
        Ok(())
    }

    /// The hold that the caller may know, or why it is of no use.
    fn find(&mut self, position: u64) -> Result<Result<Hold, &'static str>, Nothing> {
        let app = self.on.app;
        let hold = self.purse()?.hold(position).ok_or(Nothing::NoHold)?;
        if app.is_some() && app != hold.app {
            return Err(Nothing::NoHold);
        }
        Ok(if hold.open { Ok(hold.clone()) } else { Err("hold-closed") })
    }

    pub(super) fn capture(&mut self, ask: &Capture) -> Result<(), Nothing> {
        let hold = match self.find(at(ask.hold))? {
            Ok(hold) => hold,
            Err(code) => return self.refuse(code),
        };
        let (amount, price) = match self.capturable(ask, &hold) {
            Ok(amount) => amount,
            Err(code) => return self.refuse(code),
        };
        let (position, stamp) = (self.position(), self.stamp());
        let purse = self.purse()?;
        let open = purse.hold(hold.position).expect("an open hold");
        let (mut due, mut slices) = (amount, Vec::new());
        while due > 0 && !open.parts.is_empty() {
            let (pot, part, _) = &mut open.parts[0];
            let slice = due.min(*part);
            *part -= slice;
            due -= slice;
            slices.push((*pot, slice));
            open.parts.retain(|(_, part, _)| *part > 0);
        }
        // What was reserved of the limit is free again; lots pay it when there are any by now.
        open.overdrawn -= due.min(open.overdrawn);
        open.captured += amount;
        open.open = open.captured < open.cap;
        let captured = open.captured;
        let (beyond, overdrawn) = purse.burn(due);
        purse.debt += overdrawn;
        let all = slices.iter().chain(&beyond).copied().collect();
        let Hold { app, budget, .. } = hold;
        let spending = Spending { app, budget, at: stamp, slices: all, overdrawn, given_back: 0 };
        purse.spent.insert(position, spending);
        let hold = hold.position;
        self.add(What::Captured { hold, slices, beyond, overdrawn, captured, price });
        if ask.last && self.purse()?.hold(hold).is_some_and(|hold| hold.open) {
            self.let_go(hold)?;
        }
        Ok(())
    }

    /// How much is captured, or why nothing is.
    fn capturable(&self, ask: &Capture, hold: &Hold) -> Result<(i64, Option<u64>), &'static str> {
        let purse = self.purse.as_ref().expect("an open wallet");
        if purse.frozen {
            return Err("wallet-frozen");
        }
        let (amount, price) = match &ask.charge {
            Some(charge) => self.cost(&hold.service, charge)?,
            None => (hold.rest(), None),
        };
        if amount == 0 {
            return Err("cost-is-zero");
        }
        if hold.captured + amount > hold.cap {
            return Err("capture-exceeds-hold");
        }
        let more = amount - hold.rest();
        if more > 0 {
            if let Some(code) = purse.beyond_caps(hold.app, hold.budget.as_deref(), more, self.stamp()) {
                return Err(code);
            }
            if purse.spendable() < more {
                return Err("insufficient-credits");
            }
        }
        Ok((amount, price))
    }

    pub(super) fn extend(&mut self, ask: Extend) -> Result<(), Nothing> {
        let found = self.find(at(ask.hold))?;
        if let Err(code) = found {
            return self.refuse(code);
        }
        if self.purse()?.frozen {
            return self.refuse("wallet-frozen");
        }
        if ask.timeout_micros <= 0 {
            return Err(Nothing::ExpiryInPast);
        }
        let (hold, expires) = (at(ask.hold), self.on.now + ask.timeout_micros);
        self.purse()?.hold(hold).expect("an open hold").expires = expires;
        self.add(What::Extended { hold, expires });
        Ok(())
    }

    pub(super) fn release(&mut self, ask: Release) -> Result<(), Nothing> {
        match self.find(at(ask.hold))? {
            Ok(_) => self.let_go(at(ask.hold)),
            Err(code) => self.refuse(code),
        }
    }

    fn let_go(&mut self, hold: u64) -> Result<(), Nothing> {
        let (amount, slices, settled) = self.purse()?.free(hold);
        self.add(What::Freed { hold, timed_out: false, amount, slices, settled });
        self.expire();
        Ok(())
    }
}

/// Whether a hold on these terms makes sense at all.
fn possible(terms: HoldTerms, cost: i64) -> Result<(), Nothing> {
    if terms.timeout_micros <= 0 {
        return Err(Nothing::ExpiryInPast);
    }
    if terms.cap.is_some_and(|cap| cap.credits().micros() < cost) {
        return Err(Nothing::CapBelowHold);
    }
    Ok(())
}
