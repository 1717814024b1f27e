//! The roll-forward of a period: opening + flows = closing.

use events::Currency;

use super::{Flow, Standing, Totals};

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
        let nothing = Default::default();
        let values = closing
            .values
            .iter()
            .map(|(currency, after)| {
                let before = opening.values.get(currency).unwrap_or(&nothing);
                let lines = Flow::ALL.iter().zip(after).zip(before);
                ValueLine {
                    currency: *currency,
                    opening: before.iter().sum(),
                    flows: lines.map(|((flow, after), before)| (*flow, after - before)).collect(),
                    closing: after.iter().sum(),
                }
            })
            .collect();
        Self { opening: opening.standing(), flows, closing: closing.standing(), values }
    }

    /// Whether opening + flows = closing in every column, and in every currency.
    #[must_use]
    pub fn foots(&self) -> bool {
        let mut sum = self.opening;
        self.flows.iter().for_each(|line| sum.add(&line.change, 1));
        let value = |line: &ValueLine| {
            line.opening + line.flows.iter().map(|(_, change)| change).sum::<i128>() == line.closing
        };
        sum == self.closing && self.values.iter().all(value)
    }
}

impl ValueLine {
    /// Revenue earned by services: what consumption and settled debt took, less what was given back.
    #[must_use]
    pub fn recognised(&self) -> i128 {
        self.taken_by(&[Flow::Consumed, Flow::Settled, Flow::RolledBack])
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
