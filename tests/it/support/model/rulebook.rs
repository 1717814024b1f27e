//! Prices and policy in the model.

use events::{CostPolicy, Event, ExpiryPolicy, PolicySet, PriceSet};
use ledger::Charge;

/// What an organization has ruled.
#[derive(Debug, Default)]
pub(super) struct Rulebook {
    prices: Vec<(u64, PriceSet)>,
    policy: PolicySet,
}

impl Rulebook {
    pub(super) fn take_in(&mut self, event: &Event, position: u64) {
        if let Event::PriceSet(price) = event {
            self.prices.push((position, price.clone()));
        }
        if let Event::PolicySet(policy) = event {
            self.policy = *policy;
        }
    }

    /// The last price set of those that hold now.
    fn price(&self, service: &str, now: i64) -> Option<&(u64, PriceSet)> {
        let mut of_service = self.prices.iter().filter(|(_, price)| &*price.service == service);
        let last = of_service.rfind(|(_, price)| {
            price.valid_from.micros() <= now && price.valid_until.is_none_or(|until| now < until.micros())
        });
        last.filter(|(_, price)| !price.units.is_empty())
    }

    pub(super) fn expiry_policy(&self) -> ExpiryPolicy {
        self.policy.returned_to_expired
    }

    pub(super) fn needs_approval(&self, amount: i64) -> bool {
        self.policy.approval_above.is_some_and(|limit| amount.abs() > limit.micros())
    }
}

/// What something costs, and by which price.
pub(super) fn cost(
    rules: Option<&Rulebook>,
    service: &str,
    charge: &Charge,
    now: i64,
) -> Result<(i64, Option<u64>), &'static str> {
    let price = rules.and_then(|rules| rules.price(service, now));
    let forbidden = rules.is_some_and(|rules| rules.policy.cost_of_priced_service == CostPolicy::Forbidden);
    match charge {
        Charge::Cost(_) if forbidden && price.is_some() => Err("cost-forbidden"),
        Charge::Cost(amount) => Ok((amount.credits().micros(), None)),
        Charge::Usage(usage) => {
            let (position, price) = price.ok_or("no-price")?;
            let mut sum = 0;
            for (unit, quantity) in usage {
                let unit = price.units.get(unit).ok_or("unknown-unit")?;
                let divisor = i128::from(unit.per) * 1_000_000;
                let product = i128::from(unit.credits.micros()) * i128::from(quantity.micros());
                sum += round_half_even(product, divisor);
            }
            if sum > 0 { Ok((sum, Some(*position))) } else { Err("cost-is-zero") }
        }
    }
}

fn round_half_even(product: i128, divisor: i128) -> i64 {
    let down = product.div_euclid(divisor);
    let doubled = 2 * (product - down * divisor);
    let up = doubled > divisor || doubled == divisor && down % 2 == 1;
    i64::try_from(down + i128::from(up)).expect("a cost within the range")
}
