//! A second ledger, written from the rules' text alone: whole numbers in maps, nothing kept that can
//! be summed up. It shares no code with the first one.

use std::collections::BTreeMap;

use events::{ExpiryPolicy, PolicySet};

pub(crate) const DAY: i128 = 86_400_000_000;
const NEVER: i128 = i128::MAX;
const LARGEST: i128 = i64::MAX as i128;
const SMALLEST: i128 = i64::MIN as i128;

/// Burn-down key: priority, expiry, 0 for promotional and 1 for paid.
pub(crate) type Terms = (u8, i128, u8);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) app: Option<u8>,
    pub(crate) budget: Option<String>,
    pub(crate) expires: i128,
    pub(crate) cap: i128,
    pub(crate) captured: i128,
    pub(crate) slices: Vec<(u64, Terms, i128)>,
    pub(crate) overdrawn: i128,
}

impl Hold {
    pub(crate) fn rest(&self) -> i128 {
        self.overdrawn + self.slices.iter().map(|slice| slice.2).sum::<i128>()
    }
}

/// Credits that were spent: of a lot, or of none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spent {
    pub(crate) app: Option<u8>,
    pub(crate) budget: Option<String>,
    pub(crate) at: i128,
    pub(crate) parts: Vec<(Option<u64>, i128)>,
    pub(crate) returned: i128,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Wallet {
    /// Free credits by lot.
    pub(crate) lots: BTreeMap<u64, (Terms, i128)>,
    pub(crate) holds: BTreeMap<u64, Hold>,
    /// Who placed each hold, open or closed.
    pub(crate) held: BTreeMap<u64, Option<u8>>,
    pub(crate) debt: i128,
    pub(crate) limit: i128,
    pub(crate) frozen: bool,
    pub(crate) threshold: Option<i128>,
    /// By app, budget and period: the amount, and when it was set.
    pub(crate) caps: BTreeMap<(u8, Option<String>, u8), (i128, i128)>,
    pub(crate) spent: BTreeMap<u64, Spent>,
    /// Bought and refunded, by purchase.
    pub(crate) bought: BTreeMap<u64, (i128, i128)>,
    /// As they were made: when, and on which terms.
    pub(crate) made: BTreeMap<u64, (i128, Terms)>,
}

/// Why a command was refused, as a problem code.
pub(crate) type Refused = &'static str;

impl Wallet {
    pub(crate) fn free(&self) -> i128 {
        self.lots.values().map(|lot| lot.1).sum()
    }

    /// What is left of a lot, free or held.
    pub(crate) fn there(&self, lot: u64) -> i128 {
        let held = self.holds.values().flat_map(|hold| &hold.slices).filter(|slice| slice.0 == lot);
        self.lots.get(&lot).map_or(0, |lot| lot.1) + held.map(|slice| slice.2).sum::<i128>()
    }

    pub(crate) fn reserved(&self) -> i128 {
        self.holds.values().map(Hold::rest).sum()
    }

    pub(crate) fn balance(&self) -> i128 {
        let held = self.holds.values().map(|hold| hold.rest() - hold.overdrawn);
        self.free() + held.sum::<i128>() - self.debt
    }

    pub(crate) fn available(&self) -> i128 {
        self.balance() - self.reserved()
    }

    /// What was spent since the period began and the cap was set, and what is held.
    pub(crate) fn used(&self, cap: &(u8, Option<String>, u8), at: i128) -> i128 {
        let counts = |app: Option<u8>, budget: &Option<String>| {
            app == Some(cap.0) && (cap.1.is_none() || *budget == cap.1)
        };
        self.used_of_spending(cap, at)
            + self.holds.values().filter(|hold| counts(hold.app, &hold.budget)).map(Hold::rest).sum::<i128>()
    }

    pub(crate) fn used_of_spending(&self, cap: &(u8, Option<String>, u8), at: i128) -> i128 {
        let since = period_start(cap.2, at).max(self.caps[cap].1);
        let counted = self.spent.values().filter(|spent| {
            spent.at >= since && spent.app == Some(cap.0) && (cap.1.is_none() || spent.budget == cap.1)
        });
        counted.map(|spent| spent.parts.iter().map(|part| part.1).sum::<i128>() - spent.returned).sum()
    }

    pub(crate) fn within_caps(
        &self,
        app: Option<u8>,
        budget: &Option<String>,
        cost: i128,
        at: i128,
    ) -> Result<(), Refused> {
        let mine = self.caps.keys().filter(|cap| Some(cap.0) == app && (cap.1.is_none() || cap.1 == *budget));
        let mine: Vec<_> = mine.collect();
        if mine.iter().any(|cap| self.used(cap, at) + cost > self.caps[cap].0) {
            return Err("cap-exceeded");
        }
        let known = budget.is_none() || mine.iter().any(|cap| cap.1.is_some());
        if known { Ok(()) } else { Err("unknown-budget") }
    }

    /// Takes credits of lots in burn-down order; the rest is of no lot.
    pub(crate) fn burn(&mut self, mut cost: i128) -> Vec<(Option<u64>, i128)> {
        let mut parts = Vec::new();
        while cost > 0 {
            let first = self.lots.iter().min_by_key(|(id, lot)| (lot.0, **id)).map(|(id, _)| *id);
            let Some(id) = first else {
                parts.push((None, cost));
                break;
            };
            let left = &mut self.lots.get_mut(&id).expect("a lot").1;
            let part = cost.min(*left);
            *left -= part;
            cost -= part;
            parts.push((Some(id), part));
            self.lots.retain(|_, lot| lot.1 > 0);
        }
        parts
    }

    pub(crate) fn give(&mut self, lot: u64, terms: Terms, amount: i128) {
        self.lots.entry(lot).or_insert((terms, 0)).1 += amount;
    }

    /// Lots pay debt, always and at once.
    pub(crate) fn settle(&mut self) {
        let pays = self.debt.min(self.free());
        self.debt -= pays;
        self.burn(pays);
    }

    pub(crate) fn may_add(&self, amount: i128) -> Result<(), Refused> {
        if self.balance() + amount > LARGEST { Err("balance-overflow") } else { Ok(()) }
    }

    pub(crate) fn may_pay(&self, cost: i128) -> Result<(), Refused> {
        if self.available() + self.limit < cost { Err("insufficient-credits") } else { Ok(()) }
    }

    pub(crate) fn end_hold(&mut self, id: u64) {
        let hold = self.holds.remove(&id).expect("an open hold");
        for (lot, terms, amount) in hold.slices {
            self.give(lot, terms, amount);
        }
        self.settle();
    }

    /// Takes a hold's slices first, then lots; the rest is of no lot, and owed.
    pub(crate) fn capture(&mut self, id: u64, amount: i128) -> Vec<(Option<u64>, i128)> {
        let hold = self.holds.get_mut(&id).expect("an open hold");
        let (mut due, mut parts) = (amount, Vec::new());
        let reserved = amount.min(hold.rest());
        hold.captured += amount;
        for slice in &mut hold.slices {
            let part = due.min(slice.2);
            slice.2 -= part;
            due -= part;
            parts.push((Some(slice.0), part));
        }
        hold.overdrawn -= reserved - (amount - due);
        hold.slices.retain(|slice| slice.2 > 0);
        if hold.captured == hold.cap {
            self.holds.remove(&id);
        }
        parts.retain(|part| part.1 > 0);
        parts.extend(self.burn(due));
        self.owe(&parts);
        parts
    }

    pub(crate) fn owe(&mut self, parts: &[(Option<u64>, i128)]) {
        self.debt += parts.iter().filter(|part| part.0.is_none()).map(|part| part.1).sum::<i128>();
    }

    /// Gives back `amount` of a deduction, last part first; what no lot had paid and is not owed any
    /// more forms the lot `id`.
    pub(crate) fn roll_back(&mut self, spent: u64, amount: i128, id: u64, now: i128, policy: PolicySet) {
        let record = self.spent.get_mut(&spent).expect("a deduction");
        let (mut skip, mut due) = (record.returned, amount);
        record.returned += amount;
        for (lot, taken) in record.parts.clone().into_iter().rev() {
            let before = skip.min(taken);
            let part = due.min(taken - before);
            (skip, due) = (skip - before, due - part);
            if part == 0 {
                continue;
            }
            let Some(lot) = lot else {
                let unpaid = part.min(self.debt);
                self.debt -= unpaid;
                if part > unpaid {
                    self.make(id, now, (100, NEVER, 0), part - unpaid);
                }
                continue;
            };
            let (made, mut terms) = self.made[&lot];
            if terms.1 <= now {
                terms.1 = match policy.returned_to_expired {
                    ExpiryPolicy::Original => terms.1,
                    ExpiryPolicy::Grace { micros } => now + i128::from(micros),
                    ExpiryPolicy::Reissue => now + terms.1 - made,
                };
            }
            self.give(lot, terms, part);
        }
        self.settle();
    }

    pub(crate) fn make(&mut self, id: u64, now: i128, terms: Terms, amount: i128) {
        self.made.insert(id, (now, terms));
        self.give(id, terms, amount);
        self.settle();
    }

    pub(crate) fn refund(&mut self, purchase: u64, amount: i128) -> Result<(), Refused> {
        let left = self.lots.get(&purchase).map_or(0, |lot| lot.1);
        let taken = left.min(amount);
        if self.available() - amount < SMALLEST || self.debt + amount - taken > LARGEST {
            return Err("balance-overflow");
        }
        if let Some(lot) = self.lots.get_mut(&purchase) {
            lot.1 -= taken;
        }
        self.lots.retain(|_, lot| lot.1 > 0);
        self.debt += amount - taken;
        self.bought.get_mut(&purchase).expect("a purchase").1 += amount;
        self.settle();
        Ok(())
    }

    /// The hold or lot that is due first, if one is: its time, 0 for a hold and 1 for a lot, its id.
    pub(crate) fn due(&self, now: i128) -> Option<(i128, u8, u64)> {
        let holds = self.holds.iter().map(|(id, hold)| (hold.expires, 0, *id));
        let lots = self.lots.iter().map(|(id, lot)| (lot.0.1, 1, *id));
        holds.chain(lots).filter(|due| due.0 <= now).min()
    }
}

/// Day 0, month 1, all time 2. Months are those of 2026, in which all tests play.
fn period_start(period: u8, at: i128) -> i128 {
    const NEW_YEAR: i128 = 1_767_225_600_000_000;
    match period {
        0 => at - at.rem_euclid(DAY),
        1 => {
            let months = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            let mut start = NEW_YEAR;
            for length in months {
                if at < start + length * DAY {
                    return start;
                }
                start += length * DAY;
            }
            panic!("after 2026");
        }
        _ => i128::MIN,
    }
}
