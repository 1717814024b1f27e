//! What an organization has ruled: its prices and its policy.

use std::collections::BTreeMap;

use events::{Credits, Event, PolicySet, Position, PriceLine, Priced, Quantity, Refusal, Time, UnitPrice};

/// The rules of one organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// The latest policy.
    pub policy: PolicySet,
    /// Every version of each service's price, in order of position.
    pub prices: BTreeMap<Box<str>, Vec<PriceVersion>>,
}

/// One version of a service's price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceVersion {
    /// Position of the event that set it.
    pub version: Position,
    /// The price of each unit; none when the service has no price any more.
    pub units: BTreeMap<Box<str>, UnitPrice>,
    /// From when on it holds.
    pub valid_from: Time,
    /// Until when, exclusively.
    pub valid_until: Option<Time>,
}

impl Rules {
    /// Takes in an event; those about anything else change nothing.
    pub fn apply(&mut self, event: &Event, position: Position) {
        if let Event::PriceSet(set) = event {
            let version = PriceVersion {
                version: position,
                units: set.units.clone(),
                valid_from: set.valid_from,
                valid_until: set.valid_until,
            };
            self.prices.entry(set.service.clone()).or_default().push(version);
        }
        if let Event::PolicySet(set) = event {
            self.policy = *set;
        }
    }

    /// The price of a service at `now`: of the versions that hold then, the one set last.
    #[must_use]
    pub fn price(&self, service: &str, now: Time) -> Option<&PriceVersion> {
        let mut versions = self.prices.get(service)?.iter().rev();
        let holds = |version: &&PriceVersion| {
            version.valid_from <= now && version.valid_until.is_none_or(|until| now < until)
        };
        versions.find(holds).filter(|version| !version.units.is_empty())
    }
}

impl PriceVersion {
    /// What this usage costs, line by line.
    ///
    /// # Errors
    /// The refusal when a unit is unknown or the cost is nothing or beyond the range.
    pub fn cost(&self, usage: &BTreeMap<Box<str>, Quantity>) -> Result<(Credits, Priced), Refusal> {
        let mut total = Credits::ZERO;
        let mut lines = Vec::with_capacity(usage.len());
        for (unit, &quantity) in usage {
            let price = self.units.get(unit).ok_or(Refusal::UnknownUnit)?;
            let cost = price.cost_of(quantity).ok_or(Refusal::BalanceOverflow)?;
            total = total.checked_add(cost).ok_or(Refusal::BalanceOverflow)?;
            lines.push(PriceLine { unit: unit.clone(), quantity, cost });
        }
        if total.is_positive() {
            Ok((total, Priced { version: self.version, lines }))
        } else {
            Err(Refusal::CostIsZero)
        }
    }
}
