//! What the second ledger answers to whoever spends or holds.

use std::collections::BTreeMap;

use events::{Budget, CostPolicy, Position};
use ledger::{Capture, Charge, Check, Deduct, Hold};

use super::{
    answers::{Answer, Turn},
    model::{Hold as OpenHold, Refused, Spent, Terms},
};

impl Turn<'_> {
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

    fn may_spend(&self, budget: &Option<Budget>, cost: i128, at: i128) -> Result<(), Refused> {
        if self.wallet.frozen {
            return Err("wallet-frozen");
        }
        self.wallet.within_caps(self.by.app, &budget.as_deref().map(String::from), cost, at)?;
        self.wallet.may_pay(cost)
    }

    pub(super) fn deduct(&mut self, ask: &Deduct) -> Answer {
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

    pub(super) fn hold(&mut self, ask: &Hold, at: i128) -> Answer {
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

    /// Whether the caller may change the open hold with this id.
    pub(super) fn open_hold(&self, id: Position, spends: bool) -> Answer {
        let app = *self.wallet.held.get(&id.get()).ok_or(None)?;
        if self.by.app.is_some() && self.by.app != app {
            return Err(None);
        }
        if !self.wallet.holds.contains_key(&id.get()) {
            return Err(Some("hold-closed"));
        }
        if self.wallet.frozen && spends { Err(Some("wallet-frozen")) } else { Ok(()) }
    }

    pub(super) fn release(&mut self, id: u64) {
        self.wallet.end_hold(id);
        self.say("credits.hold_released");
        self.expire();
    }

    pub(super) fn capture(&mut self, ask: &Capture) -> Answer {
        self.open_hold(ask.hold, true)?;
        let (id, (position, at)) = (ask.hold.get(), self.next());
        let hold = &self.wallet.holds[&id];
        let (rest, left) = (hold.rest(), hold.cap - hold.captured);
        let (app, budget) = (hold.app, hold.budget.clone());
        let amount = ask.charge.as_ref().map_or(Ok(rest), |charge| self.cost(charge))?;
        if amount == 0 {
            return Err(Some("cost-is-zero"));
        }
        if amount > left {
            return Err(Some("capture-exceeds-hold"));
        }
        if amount > rest {
            self.wallet.within_caps(app, &budget, amount - rest, at)?;
            self.wallet.may_pay(amount - rest)?;
        }
        let parts = self.wallet.capture(id, amount);
        self.wallet.spent.insert(position, Spent { app, budget, at, parts, returned: 0 });
        self.say("credits.hold_captured");
        if ask.last && self.wallet.holds.contains_key(&id) {
            self.release(id);
        }
        Ok(())
    }

    pub(super) fn check(&mut self, ask: &Check) -> Answer {
        let cost = self.cost(&ask.charge)?;
        let (before, (_, at)) = (self.wallet.clone(), self.next());
        // The check is an event before the hold, whether there is a hold or not.
        self.say("credits.checked");
        let placed = match ask.hold {
            None => self.may_spend(&ask.budget, cost, at).map_err(Some),
            Some(terms) => {
                let (service, charge) = (ask.service.clone(), ask.charge.clone());
                self.hold(&Hold { service, charge, terms, budget: ask.budget.clone(), metadata: None }, at)
            }
        };
        if placed == Err(None) {
            return placed;
        }
        if placed.is_err() {
            self.wallet = before;
        }
        Ok(())
    }
}
