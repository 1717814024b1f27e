use std::collections::BTreeMap;

use events::{CostPolicy, Subject, Time, UnitPrice};

use super::*;
use crate::samples::{credits, org, recorded, wallet};

fn price(position: u64, service: &str) -> Recorded {
    let units = BTreeMap::from([("tokens".into(), UnitPrice { credits: credits(1), per: 1_000 })]);
    let (valid_from, service) = (Time::from_micros(7), service.into());
    recorded(position, None, PriceSet { service, units, valid_from, valid_until: None }.into())
}

fn policy(position: u64, cost_of_priced_service: CostPolicy) -> Recorded {
    recorded(position, None, PolicySet { cost_of_priced_service, ..PolicySet::default() }.into())
}

#[test]
fn versions_of_prices_stay_and_the_latest_policy_holds() {
    let mut rules = Rules::default();
    assert_eq!(rules.policy_of(org()), PolicySet::default());
    for (event, changed) in [
        (price(3, "chat"), RuleChanged::Price(Position(3))),
        (policy(4, CostPolicy::Forbidden), RuleChanged::Policy(org())),
        (price(5, "chat"), RuleChanged::Price(Position(5))),
        (policy(6, CostPolicy::Allowed), RuleChanged::Policy(org())),
        (policy(7, CostPolicy::Forbidden), RuleChanged::Policy(org())),
    ] {
        assert_eq!(rules.apply(&event), Ok(Some(changed)));
    }
    let versions: Vec<_> = rules.prices_of(org()).map(|row| row.version.get()).collect();
    assert_eq!(versions, [3, 5]);
    assert_eq!(rules.policy_of(org()).cost_of_priced_service, CostPolicy::Forbidden);
    let other = "00000000-0000-4000-8000-00000000000f".parse().expect("an id");
    assert_eq!((rules.prices_of(other).count(), rules.policy_of(other)), (0, PolicySet::default()));
    assert_eq!(rules.apply(&crate::samples::history()[4]), Ok(None));
}

#[test]
fn rules_about_anything_else_are_poison() {
    let mut of_another = price(3, "chat");
    of_another.envelope.org = None;
    assert_eq!(Rules::default().apply(&of_another), Err(Fault::Organization.at(Position(3))));
    let mut of_wallet = policy(3, CostPolicy::Allowed);
    of_wallet.envelope.subject = Subject::Wallet(wallet(1));
    assert_eq!(Rules::default().apply(&of_wallet), Err(Fault::Subject.at(Position(3))));
}
