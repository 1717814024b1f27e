//! Prices and policies as organizations set them, and costs computed from them anew.

use events::{
    CostPolicy, Credits, Event, IdMap, OrgId, PolicySet, Position, PriceSet, Priced, Recorded, Subject, Time,
};
use hashbrown::HashMap;

use super::Wrong;

/// Every price and the latest policies.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    by_org: IdMap<OrgId, Rules>,
}

/// What one organization has ruled.
#[derive(Debug, Default)]
struct Rules {
    policy: PolicySet,
    /// Every version of each service's price, in order of position.
    prices: HashMap<Box<str>, Vec<(Position, PriceSet)>>,
}

impl Rules {
    /// The price that holds for a service at `now`: of those valid then, the one set last.
    fn price(&self, service: &str, now: Time) -> Option<&(Position, PriceSet)> {
        let mut versions = self.prices.get(service)?.iter().rev();
        let holds = |set: &PriceSet| set.valid_from <= now && set.valid_until.is_none_or(|until| now < until);
        versions.find(|(_, set)| holds(set)).filter(|(_, set)| !set.units.is_empty())
    }
}

impl Catalogue {
    /// Takes in a rule; others change nothing.
    pub(super) fn take_in(&mut self, recorded: &Recorded) -> Result<(), Wrong> {
        let position = recorded.envelope.position;
        if let Event::PriceSet(set) = &recorded.event {
            let versions = self.rules_of(recorded)?.prices.entry(set.service.clone()).or_default();
            versions.push((position, set.clone()));
        }
        if let Event::PolicySet(set) = &recorded.event {
            self.rules_of(recorded)?.policy = *set;
        }
        Ok(())
    }

    fn rules_of(&mut self, recorded: &Recorded) -> Result<&mut Rules, Wrong> {
        match (recorded.envelope.subject, recorded.envelope.org) {
            (Subject::Organization(subject), Some(org)) if subject == org => {
                Ok(self.by_org.entry(org).or_default())
            }
            _ => Err("a rule is about no organization, or another one".to_owned()),
        }
    }

    /// Checks the cost of an event decided at `now`: computed from the price that held, or stated
    /// where that is allowed.
    pub(super) fn check(&self, org: Option<OrgId>, event: &Event, now: Time) -> Result<(), Wrong> {
        let (service, cost, price, stated) = match event {
            Event::CreditsChecked(e) => (&e.service, e.cost, &e.price, true),
            Event::CreditsDeducted(e) => (&e.service, e.cost, &e.price, true),
            Event::CreditsHeld(e) => (&e.service, e.amount, &e.price, true),
            // What is left of a hold may be captured without a cost.
            Event::HoldCaptured(e) => (&e.service, e.amount, &e.price, false),
            Event::CreditsAdjusted(e) => return self.approved(org, e.amount, e.proposal),
            Event::AdjustmentProposed(e) => return self.to_be_approved(org, e.amount),
            Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::DeductionRolledBack(_)
            | Event::CreditsExpired(_)
            | Event::CommandRefused(_)
            | Event::HoldExtended(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::PurchaseRefunded(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_)
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::Auth(_)
            | Event::WriterChanged(_) => return Ok(()),
        };
        let rules = org.and_then(|org| self.by_org.get(&org));
        match (price, rules) {
            (Some(price), rules) => {
                let held = rules.and_then(|rules| rules.price(service, now));
                let (version, set) = held.ok_or_else(|| format!("{service} had no price then"))?;
                computed(*version, set, price, cost)
            }
            (None, Some(rules)) if stated && rules.policy.cost_of_priced_service == CostPolicy::Forbidden => {
                match rules.price(service, now) {
                    Some((version, _)) => Err(format!("it states a cost, though price {version} holds")),
                    None => Ok(()),
                }
            }
            (None, _) => Ok(()),
        }
    }

    /// Whether an adjustment of this amount needs a second person.
    fn needs_approval(&self, org: Option<OrgId>, amount: Credits) -> bool {
        let rules = org.and_then(|org| self.by_org.get(&org));
        let above = rules.and_then(|rules| rules.policy.approval_above);
        above.is_some_and(|above| amount.micros().unsigned_abs() > above.micros().unsigned_abs())
    }

    fn approved(&self, org: Option<OrgId>, amount: Credits, proposal: Option<Position>) -> Result<(), Wrong> {
        if proposal.is_none() && self.needs_approval(org, amount) {
            return Err(format!("a correction of {amount} needs a second person"));
        }
        Ok(())
    }

    fn to_be_approved(&self, org: Option<OrgId>, amount: Credits) -> Result<(), Wrong> {
        if self.needs_approval(org, amount) {
            return Ok(());
        }
        Err(format!("a correction of {amount} needs no second person"))
    }
}

/// Computes a cost anew: each line rounded to a micro-credit, halves to the even one.
fn computed(version: Position, set: &PriceSet, price: &Priced, cost: Credits) -> Result<(), Wrong> {
    if price.version != version {
        return Err(format!("it names price {}, but {version} held", price.version));
    }
    if !price.lines.is_sorted_by(|before, after| before.unit < after.unit) {
        return Err("the lines of its price are not in order of unit".to_owned());
    }
    let mut sum = 0;
    for line in &price.lines {
        let unit = set.units.get(&line.unit);
        let unit = unit.ok_or_else(|| format!("price {version} knows no unit {}", line.unit))?;
        let product = i128::from(unit.credits.micros()) * i128::from(line.quantity.micros());
        let exact = half_even(product, i128::from(unit.per) * 1_000_000);
        if exact != Some(i128::from(line.cost.micros())) {
            return Err(format!("{} {} do not cost {}", line.quantity, line.unit, line.cost));
        }
        sum += i128::from(line.cost.micros());
    }
    if sum == i128::from(cost.micros()) {
        return Ok(());
    }
    Err(format!("it costs {cost}, its lines make {sum} micro-credits"))
}

/// The quotient of a number from 0 up, rounded; none for a divisor of nothing.
const fn half_even(number: i128, divisor: i128) -> Option<i128> {
    if divisor <= 0 || number < 0 {
        return None;
    }
    let (down, twice) = (number / divisor, 2 * (number % divisor));
    let up = twice > divisor || twice == divisor && down % 2 == 1;
    Some(if up { down + 1 } else { down })
}
