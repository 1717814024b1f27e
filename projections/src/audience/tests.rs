use events::{
    ApiKeyExpirySet, ApiKeyIssued, ApiKeyRevoked, AppAccessGranted, AppAccessRevoked, UserRegistered,
    Verifier,
};
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

/// User 7 grants to app 3 from position 12 to 16, with other scopes from 14 on.
fn granted() -> Vec<Recorded> {
    let (user, app) = (UserId(Uuid::from_u128(7)), crate::samples::app());
    let grant = |scope: &str| AppAccessGranted { user, app, scopes: vec![scope.into()] };
    let registered = UserRegistered { user, organization: org() };
    vec![
        recorded(9, None, registered.into()),
        recorded(12, None, grant("a").into()),
        recorded(14, None, grant("b").into()),
        recorded(16, None, AppAccessRevoked { user, app }.into()),
    ]
}

#[test]
fn facts_about_a_user_are_for_the_apps_it_had_granted_access_then() {
    let mut audience = audience();
    granted().iter().for_each(|fact| audience.apply(fact));
    let of_user = |position, subject| Occurrence { subject, is_auth: true, ..deduction(position, 1) };
    let user = UserId(Uuid::from_u128(7));
    let (one, granted_app) = (app(1), crate::samples::app());
    let mut both = vec![one, granted_app];
    both.sort_unstable();
    for (position, expected) in [
        (11, vec![one]),
        (12, both.clone()),
        (13, both.clone()),
        (15, both.clone()),
        (16, both.clone()),
        (17, vec![one]),
    ] {
        assert_eq!(audience.recipients(&of_user(position, Subject::User(user))), expected, "{position}");
        let group = Subject::Group(events::GroupId(Uuid::from_u128(1)));
        let of_member = Occurrence { member: Some(user), ..of_user(position, group) };
        assert_eq!(audience.recipients(&of_member), expected, "{position}");
        assert_eq!(audience.recipients(&of_user(position, group)), [one], "nobody's joining");
        let other = Subject::User(UserId(Uuid::from_u128(8)));
        assert_eq!(audience.recipients(&of_user(position, other)), [one], "another user");
    }
    let spent = Occurrence { app: None, ..deduction(13, 0) };
    assert!(!audience.includes(granted_app, &spent), "access is for facts about the user alone");
}

#[test]
fn rows_make_the_same_audience_as_facts() {
    let mut identity = crate::Identity::default();
    let mut applied = Audience::default();
    let first = crate::samples::history().into_iter().take(2);
    for fact in first.chain(granted()) {
        identity.apply(&fact).expect("a valid history");
        applied.apply(&fact);
    }
    let rows: Vec<_> = identity.people.iter().map(|(_, row)| row.clone()).collect();
    let mut of_rows = Audience::of_rows(identity.keys.values(), &rows);
    assert_eq!(of_rows, applied);
    granted().iter().for_each(|fact| of_rows.apply(fact));
    assert_eq!(of_rows, applied, "facts known too early change nothing");
}

#[test]
fn a_key_reads_until_it_expires() {
    let mut audience = audience();
    let ends = |position: u64, at_position: i64| {
        let expires = Some(at(at_position));
        recorded(position, None, ApiKeyExpirySet { key: key(1), app: app(1), expires }.into())
    };
    audience.apply(&ends(30, 40));
    let told = |audience: &Audience, position| audience.includes(app(1), &deduction(position, 0));
    assert!(told(&audience, 39) && !told(&audience, 40));
    // What was read before stays as it was, whatever is set later.
    audience.apply(&ends(35, 20));
    assert!(told(&audience, 34) && !told(&audience, 35));
    audience.apply(&ends(50, 60));
    assert!(!told(&audience, 55), "a key that has ended stays so");
}
