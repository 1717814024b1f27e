use events::{ApiKeyIssued, ApiKeyRevoked, Verifier};
use uuid::Uuid;

use super::*;
use crate::samples::{org, recorded, wallet};

fn app(number: u128) -> AppId {
    AppId(Uuid::from_u128(number))
}

fn key(number: u128) -> KeyId {
    KeyId(Uuid::from_u128(number))
}

/// Event number `position` is made at 1,000 µs and so many more.
fn at(position: i64) -> Time {
    Time::from_micros(1_000 + position)
}

fn issued(position: u64, of: u128, scope: &str) -> Recorded {
    let scopes = vec!["credits:deduct".into(), scope.into()];
    let verifier = Verifier([0; 32]);
    recorded(
        position,
        None,
        ApiKeyIssued { key: key(of), app: app(of), scopes, verifier, expires: None }.into(),
    )
}

fn revoked(position: u64, of: u128) -> Recorded {
    recorded(position, None, ApiKeyRevoked { key: key(of), app: app(of) }.into())
}

/// App 1 administers, 2 reads from position 10 to 20, 3 may do neither.
fn facts() -> [Recorded; 4] {
    [issued(5, 1, "admin"), issued(10, 2, "events:read"), issued(11, 3, "credits:check"), revoked(20, 2)]
}

fn audience() -> Audience {
    let mut audience = Audience::default();
    facts().iter().for_each(|fact| audience.apply(fact));
    audience
}

fn deduction(position: i64, acting: u128) -> Occurrence {
    let subject = Subject::Wallet(wallet(1));
    Occurrence {
        org: Some(org()),
        app: Some(app(acting)),
        subject,
        member: None,
        is_auth: false,
        time: at(position),
    }
}

fn told(event: &Occurrence) -> Vec<AppId> {
    let recipients = audience().recipients(event);
    for number in 1..5 {
        assert_eq!(audience().includes(app(number), event), recipients.contains(&app(number)), "{number}");
    }
    recipients
}

#[test]
fn the_acting_app_and_whoever_could_read_it_then_are_told() {
    assert_eq!(told(&deduction(4, 3)), [app(3)]);
    assert_eq!(told(&deduction(9, 3)), [app(1), app(3)]);
    assert_eq!(told(&deduction(10, 3)), [app(1), app(2), app(3)]);
    assert_eq!(told(&deduction(19, 2)), [app(1), app(2)]);
    assert_eq!(told(&deduction(20, 3)), [app(1), app(3)]);
    assert_eq!(told(&Occurrence { app: None, ..deduction(12, 0) }), [app(1), app(2)]);
}

#[test]
fn facts_about_an_app_are_for_itself_and_administrators() {
    let about = |subject| Occurrence { subject, is_auth: true, ..deduction(12, 1) };
    assert_eq!(told(&about(Subject::App(app(3)))), [app(1), app(3)]);
    assert_eq!(told(&about(Subject::Organization(org()))), [app(1)]);
}

#[test]
fn other_organizations_and_the_ledgers_own_events_are_for_nobody_here() {
    let elsewhere = Some(OrgId(Uuid::from_u128(77)));
    assert_eq!(told(&Occurrence { org: elsewhere, ..deduction(12, 4) }), [app(4)]);
    assert_eq!(told(&Occurrence { org: None, ..deduction(12, 4) }), []);
}

#[test]
fn facts_known_too_early_or_twice_change_nothing() {
    let mut twice = audience();
    facts().iter().for_each(|fact| twice.apply(fact));
    assert_eq!(twice, audience());
    let mut identity = crate::Identity::default();
    for fact in crate::samples::history().iter().take(2) {
        identity.apply(fact).expect("a valid history");
    }
    let own = ApiKeyIssued {
        key: key(9),
        app: crate::samples::app(),
        scopes: vec!["admin".into()],
        verifier: Verifier([0; 32]),
        expires: None,
    };
    let own = recorded(6, None, own.into());
    identity.apply(&own).expect("a known app");
    let mut applied = Audience::default();
    applied.apply(&own);
    assert_eq!(Audience::of_rows(identity.keys.values(), []), applied);
}
