//! What only some wallets have: debt, holds, and what their owners have ruled.

use events::{AppId, Budget, CapSet, CreditsHeld, HoldCaptured, Period, Position, Time};

use super::{Wrong, lots::Lot};

/// Holds, debt and rules of one account. Amounts are micro-credits, times microseconds.
#[derive(Debug, Default)]
pub(super) struct More {
    pub(super) debt: i64,
    pub(super) reserved: i64,
    pub(super) limit: i64,
    pub(super) threshold: Option<i64>,
    pub(super) frozen: bool,
    /// Whether the credits were low when the current decision began, and whether it said so.
    pub(super) was_low: bool,
    pub(super) warned: bool,
    pub(super) holds: Vec<Hold>,
    pub(super) caps: Vec<Cap>,
}

/// An open hold.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) id: Position,
    pub(super) app: Option<AppId>,
    pub(super) service: Box<str>,
    pub(super) budget: Option<Budget>,
    pub(super) expires: Time,
    pub(super) cap: i64,
    pub(super) captured: i64,
    pub(super) slices: Vec<Lot>,
    pub(super) overdrawn: i64,
}

/// What may be spent in each period.
#[derive(Debug)]
pub(super) struct Cap {
    pub(super) app: AppId,
    pub(super) budget: Option<Budget>,
    pub(super) period: Period,
    pub(super) amount: i64,
    pub(super) since: Time,
    pub(super) used: i64,
}

impl Hold {
    pub(super) fn new(id: Position, app: Option<AppId>, held: &CreditsHeld, slices: Vec<Lot>) -> Self {
        Self {
            id,
            app,
            service: held.service.clone(),
            budget: held.budget.clone(),
            expires: held.expires,
            cap: held.cap.micros(),
            captured: 0,
            slices,
            overdrawn: held.overdrawn.micros(),
        }
    }

    /// What is still reserved.
    pub(super) fn rest(&self) -> i64 {
        self.overdrawn + self.slices.iter().map(|slice| slice.left).sum::<i64>()
    }

    /// Captures from the hold, its slices first, in order; what was not reserved.
    pub(super) fn capture(&mut self, e: &HoldCaptured) -> Result<i64, Wrong> {
        if (&self.service, &self.budget) != (&e.service, &e.budget) {
            return Err(format!("its service or budget is not that of hold {}", self.id));
        }
        let mut due = e.amount.micros();
        let mut taken = Vec::new();
        while let Some(slice) = self.slices.first_mut().filter(|_| due > 0) {
            let part = due.min(slice.left);
            taken.push((slice.id, part));
            (due, slice.left) = (due - part, slice.left - part);
            if slice.left == 0 {
                self.slices.remove(0);
            }
        }
        if !taken.into_iter().eq(e.slices.iter().map(|slice| (slice.lot.get(), slice.amount.micros()))) {
            return Err(format!("its slices are not the first ones of hold {}", self.id));
        }
        let of_limit = due.min(self.overdrawn);
        self.overdrawn -= of_limit;
        self.captured = self.captured.saturating_add(e.amount.micros());
        if self.captured != e.captured.micros() {
            return Err(format!("it says {} were captured in all, not what the captures make", e.captured));
        }
        if self.captured > self.cap {
            return Err(format!("{} were captured of hold {}, above its cap", e.captured, self.id));
        }
        Ok(due - of_limit)
    }
}

impl More {
    /// Takes an open hold out.
    pub(super) fn close(&mut self, hold: Position) -> Result<Hold, Wrong> {
        let at = self.holds.iter().position(|open| open.id == hold);
        Ok(self.holds.remove(at.ok_or_else(|| format!("{hold} is no open hold of the wallet"))?))
    }

    /// Sets a cap, which counts from now on, or goes on counting when it was set before.
    pub(super) fn cap(&mut self, set: &CapSet, time: Time) -> Result<(), Wrong> {
        let same = |cap: &Cap| (cap.app, &cap.budget, cap.period) == (set.app, &set.budget, set.period);
        let known = self.caps.iter().position(same);
        match (known, set.amount.map(events::Credits::micros)) {
            (_, Some(amount)) if amount < 0 => return Err("a cap is below zero".to_owned()),
            (Some(at), Some(amount)) => self.caps[at].amount = amount,
            (Some(at), None) => drop(self.caps.remove(at)),
            (None, Some(amount)) => {
                let (app, budget, period) = (set.app, set.budget.clone(), set.period);
                self.caps.push(Cap { app, budget, period, amount, since: time, used: 0 });
            }
            (None, None) => {}
        }
        Ok(())
    }

    fn covering(&mut self, app: Option<AppId>, budget: Option<&str>) -> impl Iterator<Item = &mut Cap> {
        self.caps.iter_mut().filter(move |cap| cap.covers(app, budget))
    }

    /// Counts what was spent.
    pub(super) fn count(&mut self, app: Option<AppId>, budget: Option<&str>, amount: i64, time: Time) {
        for cap in self.covering(app, budget) {
            cap.used = cap.used_at(time).saturating_add(amount);
            cap.since = cap.since.max(cap.period.start(time));
        }
    }

    /// Takes back what was counted at `spent`, when it counts still.
    pub(super) fn discount(
        &mut self,
        app: Option<AppId>,
        budget: Option<&str>,
        amount: i64,
        spent: Time,
    ) -> Result<(), Wrong> {
        for cap in self.covering(app, budget).filter(|cap| cap.since <= spent) {
            cap.used -= amount;
            if cap.used < 0 {
                return Err("more is given back than was counted against a cap".to_owned());
            }
        }
        Ok(())
    }

    /// Whether no cap is exceeded by what is spent and held, and the budget is known.
    pub(super) fn within_caps(
        &self,
        app: Option<AppId>,
        budget: Option<&str>,
        time: Time,
    ) -> Result<(), Wrong> {
        let mut known = budget.is_none();
        for cap in self.caps.iter().filter(|cap| cap.covers(app, budget)) {
            known |= cap.budget.is_some();
            let held = self.holds.iter().filter(|hold| cap.covers(hold.app, hold.budget.as_deref()));
            let sum = i128::from(cap.used_at(time)) + held.map(|hold| i128::from(hold.rest())).sum::<i128>();
            if sum > i128::from(cap.amount) {
                return Err(format!(
                    "a cap of {} is exceeded: {sum} micro-credits are spent or held",
                    events::Credits::from_micros(cap.amount)
                ));
            }
        }
        if known { Ok(()) } else { Err("its budget has no cap".to_owned()) }
    }
}

impl Cap {
    fn covers(&self, app: Option<AppId>, budget: Option<&str>) -> bool {
        Some(self.app) == app && (self.budget.is_none() || self.budget.as_deref() == budget)
    }

    /// What counts in the period of `time`.
    fn used_at(&self, time: Time) -> i64 {
        if self.since < self.period.start(time) { 0 } else { self.used }
    }
}
