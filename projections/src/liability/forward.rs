//! The roll-forward of a period: opening + flows = closing.

use events::Currency;

use super::{Flow, Standing, Totals, Worth};

/// What stood at the start of a period, what flowed in it, and what stands at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollForward {
    /// At the start.
    pub opening: Standing,
    /// In between, in the order of [`Flow::ALL`].
    pub flows: Vec<Line>,
    /// At the end.
    pub closing: Standing,
    /// Deferred revenue, one for each currency.
    pub values: Vec<ValueLine>,
}

/// What one flow moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub flow: Flow,
    /// Micro-credits that it added, or, below zero, took.
    pub change: Standing,
}

/// Deferred revenue in one currency, in millionths of its main unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueLine {
    /// The currency.
    pub currency: Currency,
    /// At the start.
    pub opening: i128,
    /// What each flow added, or, below zero, took, in the order of [`Flow::ALL`].
    pub flows: Vec<(Flow, i128)>,
    /// At the end.
    pub closing: i128,
    /// What refunds and chargebacks gave back of revenue that had been earned, at the credits' price.
    pub reversed: i128,
}

impl RollForward {
    /// What happened between two positions of the same organization.
    #[must_use]
    pub fn between(opening: &Totals, closing: &Totals) -> Self {
        let lines = Flow::ALL.iter().zip(&closing.flows).zip(&opening.flows);
        let flows = lines
            .map(|((flow, after), before)| {
                let mut change = *after;
                change.add(before, -1);
                Line { flow: *flow, change }
            })
            .collect();
        let nothing = Worth::default();
        let values = closing
            .values
            .iter()
            .map(|(currency, after)| {
                let before = opening.values.get(currency).unwrap_or(&nothing);
                let lines = Flow::ALL.iter().zip(after.flows).zip(before.flows);
                ValueLine {
                    currency: *currency,
                    opening: before.deferred(),
                    flows: lines.map(|((flow, after), before)| (*flow, after - before)).collect(),
                    closing: after.deferred(),
                    reversed: after.reversed - before.reversed,
                }
            })
            .collect();
        Self { opening: opening.standing(), flows, closing: closing.standing(), values }
    }
}

/// What was paid and kept is earned or deferred:
/// `paid - refunded + adjusted = recognised + breakage + (closing - opening)`, where `adjusted` is what
/// people's corrections took, zero or less, which is neither earned nor given back.
impl ValueLine {
    /// What was paid for credits.
    #[must_use]
    pub fn paid(&self) -> i128 {
        -self.taken_by(&[Flow::Purchased])
    }

    /// What refunds and chargebacks gave back, at the credits' price: what had not been earned, and what
    /// had.
    #[must_use]
    pub fn refunded(&self) -> i128 {
        self.taken_by(&[Flow::Refunded, Flow::ChargedBack]) + self.reversed
    }

    /// Revenue earned by services: what consumption and settled debt took, less what was given back by
    /// rollbacks, and by refunds of credits that had been spent. Credits that a hold reserves still
    /// count as deferred when their purchase is refunded; as much less is earned, until the hold ends.
    #[must_use]
    pub fn recognised(&self) -> i128 {
        self.taken_by(&[Flow::Consumed, Flow::Settled, Flow::RolledBack]) - self.reversed
    }

    /// Revenue earned because credits expired.
    #[must_use]
    pub fn breakage(&self) -> i128 {
        self.taken_by(&[Flow::Expired])
    }

    fn taken_by(&self, flows: &[Flow]) -> i128 {
        -self.flows.iter().filter(|(flow, _)| flows.contains(flow)).map(|(_, change)| change).sum::<i128>()
    }
}
