//! What is about no wallet: who may call, what an organization has ruled, the ledger itself.

use std::collections::BTreeMap;

use events::{
    ApiKeyIssued, ApiKeyRevoked, AppRegistered, CostPolicy, ExpiryPolicy, OrganizationRegistered, PolicySet,
    PriceSet, Subject, UnitPrice, Verifier, WriterChanged,
};

use super::{APP, KEY, ORG, Sample, about, bare, credits, full, time};

pub(super) fn all() -> Vec<Sample> {
    let mut samples = identities();
    samples.extend(rules());
    samples.push(bare("01-bare", WriterChanged { epoch: 1_048_577 }));
    samples
}

fn identities() -> Vec<Sample> {
    let organization = OrganizationRegistered { organization: ORG, name: "default".into() };
    let app = AppRegistered { app: APP, organization: ORG, name: "Chat bot 2.0".into() };
    let verifier = Verifier(*b"\x80\x81\x82\x83\x84\x85\x86\x87\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x90\x91\x92\x93\x94\x95\x96\x97\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f");
    let scopes = vec!["credits:check".into(), "credits:deduct".into()];
    let issued = ApiKeyIssued { key: KEY, app: APP, scopes, verifier };
    let revoked = ApiKeyRevoked { key: KEY, app: APP };
    let of_org = |sample| about(Subject::Organization(ORG), Some(ORG), sample);
    let of_app = |sample| about(Subject::App(APP), Some(ORG), sample);
    vec![
        of_org(full("01-full", organization.clone())),
        of_org(bare("02-bare", organization)),
        of_app(full("01-full", app.clone())),
        of_app(bare("02-bare", app)),
        of_app(full("01-full", issued.clone())),
        of_app(bare("02-bare", issued)),
        of_app(full("01-full", revoked.clone())),
        of_app(bare("02-bare", revoked)),
    ]
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
