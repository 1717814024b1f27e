//! What organizations owe in credits, and what of it they have been paid for and not earned: sums over
//! entries, so that a report at any position is a mark and the entries after it.

mod flow;
mod forward;
mod packed;

use std::collections::BTreeMap;

use events::{Credits, Currency};

pub use self::{
    flow::Flow,
    forward::{Line, RollForward, ValueLine},
};
use crate::{EntryRow, WalletRow};

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 2;

/// Micro-credits by class, and debt. What is owed to wallets is paid + promotional - debt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Of lots that were bought.
    pub paid: i128,
    /// Of lots that were given.
    pub promotional: i128,
    /// What wallets owe.
    pub debt: i128,
}

impl Standing {
    /// The sum of the balances.
    #[must_use]
    pub const fn balance(&self) -> i128 {
        self.paid + self.promotional - self.debt
    }

    const fn add(&mut self, other: &Self, sign: i128) {
        self.paid += sign * other.paid;
        self.promotional += sign * other.promotional;
        self.debt += sign * other.debt;
    }
}

/// Everything that ever flowed through the wallets of one organization, up to some position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// In the order of [`Flow::ALL`].
    flows: [Standing; Flow::ALL.len()],
    values: BTreeMap<Currency, Worth>,
    /// The sum of the entries' amounts, computed without the parts.
    balance: i128,
}

/// Money in millionths of a currency's main unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Worth {
    /// Changes of deferred revenue, in the order of [`Flow::ALL`].
    flows: [i128; Flow::ALL.len()],
    /// What refunds gave back of earned revenue.
    reversed: i128,
}

impl Worth {
    fn deferred(&self) -> i128 {
        self.flows.iter().sum()
    }
}

impl Totals {
    /// Adds an entry of the organization.
    pub fn add(&mut self, entry: &EntryRow) {
        let parts = &entry.parts;
        self.balance += micros(entry.amount);
        if let Some(flow) = Flow::of(entry.kind) {
            let (promotional, debt) = (micros(parts.promotional), micros(parts.debt));
            let paid = micros(entry.amount) + debt - promotional;
            self.flows[flow as usize].add(&Standing { paid, promotional, debt }, 1);
        }
        let (debt, promotional) = (-micros(parts.settled), -micros(parts.settled_promotional));
        let settled = Standing { paid: debt - promotional, promotional, debt };
        self.flows[Flow::Settled as usize].add(&settled, 1);
        for value in &parts.values {
            let of_currency = self.values.entry(value.currency).or_default();
            if let Some(flow) = Flow::of(entry.kind) {
                of_currency.flows[flow as usize] += i128::from(value.change);
            }
            of_currency.flows[Flow::Settled as usize] += i128::from(value.settled);
            of_currency.reversed += i128::from(value.reversed);
        }
    }

    /// What stands at the end of all flows.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let mut sum = Standing::default();
        self.flows.iter().for_each(|flow| sum.add(flow, 1));
        sum
    }

    /// The deferred revenue at the end of all flows, by currency, in millionths of its main unit.
    pub fn deferred(&self) -> impl Iterator<Item = (Currency, i128)> {
        self.values.iter().map(|(currency, worth)| (*currency, worth.deferred()))
    }

    /// Whether the flows by class make the sum of the amounts.
    #[must_use]
    pub fn foots(&self) -> bool {
        self.standing().balance() == self.balance
    }
}

/// What wallets hold, counted from their rows: what [`Totals`] of the same position must come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// By class, and debt.
    pub standing: Standing,
    /// Deferred revenue by currency, in millionths of its main unit; currencies without any are left
    /// out.
    pub deferred: BTreeMap<Currency, i128>,
}

impl Held {
    /// Adds a wallet.
    pub fn add(&mut self, row: &WalletRow) {
        let mut priced = BTreeMap::new();
        for lot in row.lots.iter().chain(row.holds.iter().flat_map(|hold| &hold.slices)) {
            match lot.terms.class {
                events::Class::Paid => self.standing.paid += micros(lot.remaining),
                events::Class::Promotional => self.standing.promotional += micros(lot.remaining),
            }
            if let Some(basis) = lot.basis {
                let (_, left) = priced.entry(lot.id).or_insert((basis, 0));
                *left += lot.remaining.micros();
            }
        }
        self.standing.debt += micros(row.debt);
        for (basis, left) in priced.into_values() {
            let value = i128::from(basis.value(Credits::from_micros(left)));
            *self.deferred.entry(basis.currency).or_default() += value;
        }
    }

    /// Whether these are what the totals come to.
    #[must_use]
    pub fn equals(&self, totals: &Totals) -> bool {
        let mut currencies = self.deferred.keys().chain(totals.values.keys());
        let flowed: BTreeMap<Currency, i128> = totals.deferred().collect();
        let of = |deferred: &BTreeMap<Currency, i128>, currency: &Currency| {
            deferred.get(currency).copied().unwrap_or(0)
        };
        self.standing == totals.standing()
            && currencies.all(|currency| of(&self.deferred, currency) == of(&flowed, currency))
    }
}

fn micros(amount: Credits) -> i128 {
    i128::from(amount.micros())
}

#[cfg(test)]
mod tests;
