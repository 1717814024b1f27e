//! What an organization has ruled, and the ledger itself.

use std::collections::BTreeMap;

use events::{CostPolicy, ExpiryPolicy, PolicySet, PriceSet, Subject, UnitPrice, WriterChanged};

use super::{ORG, Sample, about, bare, credits, full, time};

pub(super) fn all() -> Vec<Sample> {
    let mut samples = rules();
    samples.push(bare("01-bare", WriterChanged { epoch: 1_048_577 }));
    samples
}

fn rules() -> Vec<Sample> {
    let unit = |name: &str, amount, per| (name.into(), UnitPrice { credits: credits(amount), per });
    let units = BTreeMap::from([unit("output_tokens", "0.6", 1_000_000), unit("seconds", "2.5", 60)]);
    let priced = PriceSet {
        service: "chat".into(),
        units,
        valid_from: time("2026-12-01T00:00:00Z"),
        valid_until: Some(time("2027-01-01T00:00:00Z")),
    };
    let unpriced = PriceSet { units: BTreeMap::new(), valid_until: None, ..priced.clone() };
    let policy = PolicySet {
        returned_to_expired: ExpiryPolicy::Grace { micros: 86_400_000_000 },
        cost_of_priced_service: CostPolicy::Forbidden,
        approval_above: Some(credits("100")),
    };
    let reissue = PolicySet { returned_to_expired: ExpiryPolicy::Reissue, ..PolicySet::default() };
    let of_org = |sample| about(Subject::Organization(ORG), Some(ORG), sample);
    vec![
        of_org(full("01-full", priced)),
        of_org(bare("02-bare", unpriced)),
        of_org(full("01-full", policy)),
        of_org(bare("02-bare", PolicySet::default())),
        of_org(bare("03-reissue", reissue)),
    ]
}
