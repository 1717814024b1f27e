use std::collections::BTreeMap;

use super::*;
use crate::samples::{app, credits, org, whole};

#[test]
fn spending_is_counted_by_service_and_rollbacks_for_the_spender() {
    let mut events = whole::history();
    // An operator captures what the app had held.
    events[8].envelope.app = None;
    // The rollback happens the day after, at an operator's hand.
    events[13].envelope.time = Time::from_micros(86_400_000_000);
    events[13].envelope.app = None;
    let mut counters: BTreeMap<UsageKey, UsageCounts> = BTreeMap::new();
    for (key, counts) in events.iter().filter_map(|event| usage(event, Some(app()))) {
        counters.entry(key).or_default().add(&counts);
    }
    let key = |service: &str, day| UsageKey {
        org: org(),
        app: Some(app()),
        service: service.into(),
        day: Time::from_micros(day),
    };
    let of = |whole| i128::from(credits(whole).micros());
    let wanted = [
        (key("agent", 0), UsageCounts { spendings: 2, spent: of(70), rollbacks: 0, returned: 0 }),
        (key("chat", 0), UsageCounts { spendings: 1, spent: of(60), rollbacks: 0, returned: 0 }),
        (key("chat", 86_400_000_000), UsageCounts { spendings: 0, spent: 0, rollbacks: 1, returned: of(60) }),
    ];
    assert_eq!(counters, BTreeMap::from(wanted.clone()));
    assert_eq!((wanted[1].1.net(), wanted[2].1.net()), (of(60), -of(60)));
}
