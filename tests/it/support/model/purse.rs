//! A wallet of the model: pots, holds, debt, and everything that once was spent from it.

use std::collections::BTreeMap;

use events::{AppId, Budget, OrgId, Period, Time};

use super::Slices;

#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) priority: u8,
    pub(super) paid: bool,
    pub(super) expires: Option<i64>,
}

/// Credits that came in together: `left` of them is free.
#[derive(Debug, Clone)]
pub(super) struct Pot {
    pub(super) position: u64,
    pub(super) made: i64,
    pub(super) left: i64,
    /// As it was made.
    pub(super) terms: Terms,
    /// When what is in it now expires.
    pub(super) expires: Option<i64>,
}

/// A reservation, open or not.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    pub(super) position: u64,
    pub(super) app: Option<AppId>,
    pub(super) budget: Option<Budget>,
    pub(super) service: Box<str>,
    pub(super) expires: i64,
    pub(super) cap: i64,
    pub(super) captured: i64,
    /// From which pots, how much, and when that would have expired.
    pub(super) parts: Vec<(u64, i64, Option<i64>)>,
    pub(super) overdrawn: i64,
    pub(super) open: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Cap {
    pub(super) app: AppId,
    pub(super) budget: Option<Budget>,
    pub(super) period: Period,
    pub(super) most: i64,
    pub(super) since: i64,
}

/// A deduction or capture: what of it was not given back yet.
#[derive(Debug, Clone)]
pub(super) struct Spending {
    pub(super) app: Option<AppId>,
    pub(super) budget: Option<Budget>,
    pub(super) at: i64,
    /// The slice that goes back first is last.
    pub(super) slices: Slices,
    pub(super) overdrawn: i64,
    pub(super) given_back: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Proposal {
    pub(super) by: Option<String>,
    pub(super) amount: i64,
    pub(super) terms: Option<(u8, bool, Option<i64>)>,
    pub(super) approved: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Purse {
    pub(super) org: OrgId,
    /// Every pot there ever was, empty ones too.
    pub(super) pots: Vec<Pot>,
    pub(super) holds: Vec<Hold>,
    pub(super) caps: Vec<Cap>,
    pub(super) spent: BTreeMap<u64, Spending>,
    /// What was bought, and what of that was taken back.
    pub(super) purchases: BTreeMap<u64, (i64, i64)>,
    pub(super) proposals: BTreeMap<u64, Proposal>,
    pub(super) debt: i64,
    pub(super) limit: i64,
    pub(super) threshold: Option<i64>,
    pub(super) frozen: bool,
}

impl Hold {
    pub(super) fn rest(&self) -> i64 {
        self.overdrawn + self.parts.iter().map(|(_, amount, _)| amount).sum::<i64>()
    }
}

impl Spending {
    pub(super) fn rest(&self) -> i64 {
        self.overdrawn + self.slices.iter().map(|(_, amount)| amount).sum::<i64>()
    }
}

impl Purse {
    pub(super) fn new(org: OrgId) -> Self {
        Self {
            org,
            pots: Vec::new(),
            holds: Vec::new(),
            caps: Vec::new(),
            spent: BTreeMap::new(),
            purchases: BTreeMap::new(),
            proposals: BTreeMap::new(),
            debt: 0,
            limit: 0,
            threshold: None,
            frozen: false,
        }
    }

    pub(super) fn free_sum(&self) -> i64 {
        self.pots.iter().map(|pot| pot.left).sum()
    }

    fn open(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(|hold| hold.open)
    }

    /// What is left in a pot, free or held.
    pub(super) fn there(&self, position: u64) -> i64 {
        let free = self.pots.iter().filter(|pot| pot.position == position).map(|pot| pot.left);
        let held = self.open().flat_map(|hold| &hold.parts).filter(|part| part.0 == position);
        free.chain(held.map(|part| part.1)).sum()
    }

    /// The balance.
    pub(super) fn sum(&self) -> i64 {
        let held: i64 = self.open().map(|hold| hold.rest() - hold.overdrawn).sum();
        self.free_sum() + held - self.debt
    }

    pub(super) fn reserved(&self) -> i64 {
        self.open().map(Hold::rest).sum()
    }

    pub(super) fn amounts(&self) -> [i64; 3] {
        let (balance, reserved) = (self.sum(), self.reserved());
        [balance, balance - reserved, reserved]
    }

    pub(super) fn spendable(&self) -> i64 {
        self.sum() - self.reserved() + self.limit
    }

    pub(super) fn is_low(&self) -> bool {
        self.threshold.is_some_and(|threshold| self.sum() - self.reserved() < threshold)
    }

    pub(super) fn pot(&mut self, position: u64) -> &mut Pot {
        self.pots.iter_mut().find(|pot| pot.position == position).expect("a pot for each slice")
    }

    pub(super) fn pour(&mut self, position: u64, made: i64, left: i64, terms: Terms) {
        self.pots.push(Pot { position, made, left, terms, expires: terms.expires });
    }

    /// Puts credits back; an empty pot then lives until `expires`.
    pub(super) fn give(&mut self, position: u64, amount: i64, expires: Option<i64>) {
        let pot = self.pot(position);
        if pot.left == 0 {
            pot.expires = expires;
        }
        pot.left += amount;
    }

    /// Takes from the pots as far as they reach: by priority, expiry (never is last), promotional
    /// before paid, age. Returns the slices and what is missing.
    pub(super) fn burn(&mut self, amount: i64) -> (Slices, i64) {
        let (mut due, mut slices) = (amount, Vec::new());
        while due > 0 {
            let live = self.pots.iter_mut().filter(|pot| pot.left > 0);
            let order = |pot: &&mut Pot| {
                let Terms { priority, paid, .. } = pot.terms;
                (priority, pot.expires.is_none(), pot.expires, paid, pot.position)
            };
            let Some(pot) = live.min_by_key(order) else { break };
            let slice = due.min(pot.left);
            pot.left -= slice;
            due -= slice;
            slices.push((pot.position, slice));
        }
        (slices, due)
    }

    /// Pays debt with whatever is free.
    pub(super) fn settle(&mut self) -> Slices {
        let (slices, missing) = self.burn(self.debt);
        self.debt = missing;
        slices
    }

    pub(super) fn hold(&mut self, position: u64) -> Option<&mut Hold> {
        self.holds.iter_mut().find(|hold| hold.position == position)
    }

    /// Ends a hold: what was free again, to which pots it went, and the debt that paid.
    pub(super) fn free(&mut self, position: u64) -> (i64, Slices, Slices) {
        let hold = self.hold(position).expect("an open hold");
        let (amount, parts) = (hold.rest(), std::mem::take(&mut hold.parts));
        (hold.open, hold.overdrawn) = (false, 0);
        for (pot, amount, expires) in &parts {
            self.give(*pot, *amount, *expires);
        }
        let slices = parts.into_iter().map(|(pot, amount, _)| (pot, amount)).collect();
        (amount, slices, self.settle())
    }

    pub(super) fn empty(&mut self, position: u64) -> i64 {
        std::mem::take(&mut self.pot(position).left)
    }

    pub(super) fn first_expired(&self, now: i64) -> Option<(i64, u64)> {
        let live = self.pots.iter().filter(|pot| pot.left > 0);
        live.filter_map(|pot| Some((pot.expires?, pot.position))).filter(|(at, _)| *at <= now).min()
    }

    pub(super) fn first_timed_out(&self, now: i64) -> Option<(i64, u64)> {
        self.open().map(|hold| (hold.expires, hold.position)).filter(|(at, _)| *at <= now).min()
    }

    /// When something runs out next.
    pub(super) fn due(&self) -> Option<i64> {
        let pots = self.pots.iter().filter(|pot| pot.left > 0).filter_map(|pot| pot.expires);
        pots.chain(self.open().map(|hold| hold.expires)).min()
    }

    /// Sets a cap, or takes it away. One that there was goes on counting.
    pub(super) fn cap(&mut self, cap: Cap, set: bool) {
        let same = |one: &Cap| (one.app, &one.budget, one.period) == (cap.app, &cap.budget, cap.period);
        let before = self.caps.iter().position(same);
        match (before, set) {
            (Some(at), true) => self.caps[at].most = cap.most,
            (Some(at), false) => drop(self.caps.remove(at)),
            (None, true) => self.caps.push(cap),
            (None, false) => {}
        }
    }

    /// Why the app may not spend so much more at `now`.
    pub(super) fn beyond_caps(
        &self,
        app: Option<AppId>,
        budget: Option<&str>,
        cost: i64,
        now: i64,
    ) -> Option<&'static str> {
        let mut known = budget.is_none();
        for cap in &self.caps {
            let counts = |by: Option<AppId>, from: Option<&str>| {
                by == Some(cap.app) && (cap.budget.is_none() || cap.budget.as_deref() == from)
            };
            if !counts(app, budget) {
                continue;
            }
            known |= cap.budget.is_some();
            let from = cap.since.max(cap.period.start(Time::from_micros(now)).micros());
            let spent = self.spent.values().filter(|s| s.at >= from && counts(s.app, s.budget.as_deref()));
            let held = self.open().filter(|hold| counts(hold.app, hold.budget.as_deref()));
            let used = spent.map(Spending::rest).sum::<i64>() + held.map(Hold::rest).sum::<i64>();
            if used + cost > cap.most {
                return Some("cap-exceeded");
            }
        }
        (!known).then_some("unknown-budget")
    }
}
