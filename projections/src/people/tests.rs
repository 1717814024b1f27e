use events::{
    AppAccessGranted, AppAccessRevoked, ClientSecretIssued, ClientSecretRevoked, Event, GroupMemberAdded,
    GroupMemberRemoved, GroupRegistered, GroupRole, PasswordChanged, SessionRevoked, SessionsRevoked,
    SigningKeyChanged, SigningKeyState, TokenRevoked, UserDisabled, UserEnabled, UserRegistered, UserRole,
    UserRolesSet, Verifier,
};
use uuid::Uuid;

use super::*;
use crate::{Fault, Poison, samples};

const USER: UserId = UserId(Uuid::from_u128(7));
const GROUP: GroupId = GroupId(Uuid::from_u128(8));
/// The longest life of an access token, what clocks may be apart, and some more.
const KEPT: i64 = (3_600 + 5 + 95) * 1_000_000;

/// Rows, and the position of the next fact.
#[derive(Debug, Default, Clone)]
struct Facts(People, u64);

impl Facts {
    /// The fact at the next position, a second after the one before.
    fn happens(&mut self, event: impl Into<Event>) -> Result<Vec<RowKey>, Poison> {
        let time = Time::from_micros(i64::try_from(self.1).expect("few") * 1_000_000);
        self.at(time, event)
    }

    fn at(&mut self, time: Time, event: impl Into<Event>) -> Result<Vec<RowKey>, Poison> {
        let Event::Auth(event) = event.into() else { panic!("a fact about who may call") };
        let position = Position(self.1);
        self.1 += 1;
        self.0.apply((position, time), &event, |app| app == samples::app())
    }
}

fn time(second: i64) -> Time {
    Time::from_micros(second * 1_000_000)
}

/// A user (position 0) and a group (1).
fn registered() -> Facts {
    let mut facts = Facts::default();
    let org = samples::org();
    facts.happens(UserRegistered { user: USER, organization: org }).expect("a user");
    facts.happens(GroupRegistered { group: GROUP, organization: org, name: "red".into() }).expect("a group");
    facts
}

fn grant(scopes: &[&str]) -> AppAccessGranted {
    let scopes = scopes.iter().map(|scope| Box::from(*scope)).collect();
    AppAccessGranted { user: USER, app: samples::app(), scopes }
}

fn taken() -> AppAccessRevoked {
    AppAccessRevoked { user: USER, app: samples::app() }
}

#[test]
fn a_user_is_what_the_last_facts_say() {
    let mut facts = registered();
    facts.happens(UserRolesSet { user: USER, roles: vec![UserRole::Admin] }).expect("known");
    facts.happens(UserDisabled { user: USER, reason: "operator".into() }).expect("known");
    let row = facts.0.user(USER).expect("a user").clone();
    assert_eq!((row.roles, row.disabled, row.before), (vec![UserRole::Admin], Some(time(3)), Some(time(3))));
    facts.happens(UserEnabled { user: USER }).expect("known");
    let earlier = SessionsRevoked { user: USER, before: time(1), reason: "x".into() };
    facts.happens(earlier).expect("known");
    let row = facts.0.user(USER).expect("a user").clone();
    assert_eq!((row.disabled, row.before), (None, Some(time(3))), "what ended does not come back");
    facts.happens(PasswordChanged { user: USER }).expect("known");
    assert_eq!(facts.0.user(USER).expect("a user").before, Some(time(6)));
    assert_eq!(facts.0.user(USER).expect("a user").changed, Position(6));
}

#[test]
fn access_is_kept_as_it_was_at_each_time() {
    let mut facts = registered();
    let app = samples::app();
    let key = |at| RowKey::Access(app, USER, Position(at));
    assert_eq!(facts.happens(grant(&["a"])), Ok(vec![key(2)]));
    assert_eq!(facts.happens(grant(&["a"])), Ok(vec![]), "the same grant again");
    assert_eq!(facts.happens(grant(&["a", "b"])), Ok(vec![key(2), key(4)]));
    assert_eq!(facts.happens(taken()), Ok(vec![key(4)]));
    assert_eq!(facts.happens(taken()), Ok(vec![]), "there is nothing to take");
    assert_eq!(facts.happens(grant(&["a"])), Ok(vec![key(7)]));
    let all = facts.0.iter().filter_map(|(_, row)| row.access());
    let all = all.map(|row| (row.granted, row.revoked, row.scopes.len()));
    let expected = [(time(2), Some(time(4)), 1), (time(4), Some(time(5)), 2), (time(7), None, 1)];
    assert_eq!(all.collect::<Vec<_>>(), expected);
    assert_eq!(facts.0.last_access(USER, app).expect("access").granted, time(7));
}

#[test]
fn members_come_go_and_change_their_roles() {
    let mut facts = registered();
    let add = |role| GroupMemberAdded { group: GROUP, user: USER, role, added_by: None };
    facts.happens(add(GroupRole::Member)).expect("known");
    facts.happens(add(GroupRole::Admin)).expect("known");
    let roles: Vec<_> = facts.0.members(GROUP).map(|row| (row.role, row.added)).collect();
    assert_eq!(roles, [(GroupRole::Admin, time(3))]);
    facts.happens(GroupMemberRemoved { group: GROUP, user: USER }).expect("known");
    assert_eq!(facts.0.members(GROUP).count(), 0);
    facts.happens(add(GroupRole::Member)).expect("known");
    assert_eq!(facts.0.members(GROUP).count(), 1);
}

#[test]
fn early_ends_are_forgotten_when_no_token_from_before_is_accepted_any_more() {
    let mut facts = registered();
    let session = |n| SessionRevoked {
        user: USER,
        session: SessionId(Uuid::from_u128(n)),
        app: None,
        reason: "logout".into(),
    };
    let (token, app, user) = (TokenId(Uuid::from_u128(1)), samples::app(), None);
    facts.at(time(0), session(1)).expect("known");
    let until = Time::from_micros(KEPT);
    facts.at(time(0), TokenRevoked { token, app, user, until }).expect("known");
    facts.at(Time::from_micros(KEPT), session(2)).expect("known");
    assert!(facts.0.ended_session(SessionId(Uuid::from_u128(1))).is_some());
    let changed = facts.at(Time::from_micros(KEPT + 1), session(3)).expect("known");
    let gone = RowKey::Session(SessionId(Uuid::from_u128(1)));
    assert!(changed.contains(&gone) && facts.0.get(&gone).is_none(), "{changed:?}");
    assert!(facts.0.ended_token(token).is_some());
    facts.at(Time::from_micros(2 * KEPT + 1), session(4)).expect("known");
    assert!(facts.0.ended_token(token).is_none());
    assert!(facts.0.ended_session(SessionId(Uuid::from_u128(2))).is_none());
    assert!(facts.0.ended_session(SessionId(Uuid::from_u128(3))).is_some());
}

#[test]
fn what_was_revoked_stays_so() {
    let mut facts = registered();
    let (app, secret) = (samples::app(), SecretId(Uuid::from_u128(3)));
    let issued = ClientSecretIssued { app, secret, verifier: Verifier([1; 32]), expires: None };
    for _ in 0..2 {
        facts.happens(issued.clone()).expect("known");
        facts.happens(ClientSecretRevoked { app, secret }).expect("known");
    }
    assert_eq!(facts.0.secret(secret).expect("a secret").revoked, Some(time(3)));
    for state in [SigningKeyState::Active, SigningKeyState::Revoked, SigningKeyState::Retained] {
        facts.happens(SigningKeyChanged { kid: "k".into(), state }).expect("a fact");
    }
    assert_eq!(facts.0.signing_key("k").expect("a key").state, SigningKeyState::Revoked);
}

#[test]
fn facts_about_the_unknown_are_poison() {
    let other = UserId(Uuid::from_u128(99));
    let unknown = |at| Err(Fault::Subject.at(Position(at)));
    assert_eq!(Facts::default().happens(PasswordChanged { user: other }), unknown(0));
    assert_eq!(Facts::default().happens(grant(&["a"])), unknown(0));
    let elsewhere = AppAccessGranted { app: AppId(Uuid::from_u128(99)), ..grant(&["a"]) };
    assert_eq!(registered().happens(elsewhere), unknown(2));
    let add = GroupMemberAdded { group: GROUP, user: other, role: GroupRole::Member, added_by: None };
    assert_eq!(registered().happens(add), unknown(2));
}

#[test]
fn keys_stand_in_the_order_of_their_bytes() {
    let mut facts = registered();
    facts.happens(grant(&["a"])).expect("known");
    facts
        .happens(GroupMemberAdded { group: GROUP, user: USER, role: GroupRole::Member, added_by: None })
        .expect("known");
    facts.happens(SigningKeyChanged { kid: "k".into(), state: SigningKeyState::Active }).expect("a fact");
    let bytes: Vec<_> = facts.0.iter().map(|(key, _)| key.bytes()).collect();
    assert!(bytes.is_sorted() && bytes.len() == 5);
    let (first, last) = RowKey::of_app(samples::app());
    let of_app: Vec<_> = bytes.iter().filter(|bytes| (&first..=&last).contains(bytes)).collect();
    assert_eq!(of_app.len(), 1);
}

#[test]
fn a_row_that_is_older_than_what_is_known_changes_nothing() {
    let mut facts = registered();
    let before = facts.0.get(&RowKey::User(USER)).expect("a user").clone();
    facts.happens(PasswordChanged { user: USER }).expect("known");
    let after = facts.0.clone();
    assert!(!facts.0.put(before));
    assert_eq!(facts.0, after);
    let mut elsewhere = People::default();
    after.iter().for_each(|(_, row)| assert!(elsewhere.put(row.clone())));
    assert_eq!(elsewhere, after);
}
