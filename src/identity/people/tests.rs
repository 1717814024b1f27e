use std::collections::BTreeMap;

use events::{GroupRole, SessionId, SigningKeyState, Time, TokenId, UserId, UserRole};
use uuid::Uuid;

use super::*;
use crate::{
    identity::{
        App, DEFAULT_ORGANIZATION, Identity, IdentityError, Scope, Scopes,
        tests::{World, world},
    },
    read::IdentityRows,
};

fn scopes(of: &[Scope]) -> Scopes {
    of.iter().copied().collect()
}

fn chat(app: &App) -> Client {
    Client {
        app: app.id,
        org: app.org,
        client_id: "chat-web".into(),
        confidential: true,
        grants: vec!["authorization_code".into()],
        redirect_uris: vec!["https://chat.example/cb".into()],
        logout_uris: Vec::new(),
        origins: vec!["https://chat.example".into()],
        return_to: BTreeMap::from([("chatgpt".into(), "https://chat.example/back".into())]),
        scopes: scopes(&[Scope::CreditsCheck]),
        audiences: Vec::new(),
        first_party: false,
        display_name: "Chat".into(),
        disabled: false,
    }
}

/// A world with an app and a user.
async fn people() -> (World, App, UserId) {
    let world = world().await;
    let app = world.app("chat").await;
    let user = world.identity.register_user(app.org, None, Some(app.id), None).await.expect("a user");
    (world, app, user)
}

/// A token of this app for this user, issued now or so many microseconds after the last fact.
async fn token(world: &World, app: &App, user: UserId, later: i64) -> Denial {
    let last = world.facts().await.last().expect("a fact").envelope.time;
    Denial {
        token: Some(TokenId(Uuid::from_u128(1))),
        session: Some(SessionId(Uuid::from_u128(2))),
        user: Some(user),
        app: Some(app.id),
        issued: last.plus_micros(later),
    }
}

const MILLI: i64 = 1_000;

#[tokio::test]
async fn a_user_is_registered_once_and_changes() {
    let (world, app, user) = people().await;
    let identity = &world.identity;
    let again = identity.register_user(app.org, Some(user), None, None).await.expect("the same");
    assert_eq!(again, user);
    identity
        .set_roles(user, [UserRole::Admin, UserRole::Customer, UserRole::Admin], None)
        .await
        .expect("set");
    identity.verify_user(user, None).await.expect("verified");
    identity.link_user(user, "google", None).await.expect("linked");
    let before = world.facts().await.len();
    identity.set_roles(user, [UserRole::Customer, UserRole::Admin], None).await.expect("set");
    identity.verify_user(user, None).await.expect("verified");
    identity.link_user(user, "google", None).await.expect("linked");
    identity.enable_user(user, None).await.expect("enabled");
    assert_eq!(world.facts().await.len(), before, "nothing changed, so nothing is recorded");
    let known = identity.user(user).expect("a user");
    assert_eq!(known.roles, [UserRole::Customer, UserRole::Admin]);
    assert!(known.verified && !known.disabled && known.providers == ["google".into()]);
    assert_eq!(identity.users(app.org, None, 10), [known]);
    assert_eq!(identity.users(app.org, Some(user), 10), []);
    let unknown = UserId(Uuid::from_u128(404));
    assert!(matches!(identity.verify_user(unknown, None).await, Err(IdentityError::NotFound)));
    let personal = identity.disable_user(user, "ann@example.com", None).await;
    assert!(matches!(personal, Err(IdentityError::BadCode)), "a reason says nothing about a person");
}

#[tokio::test]
async fn what_ended_early_is_denied_from_then_on() {
    let (world, app, user) = people().await;
    let identity = &world.identity;
    let good = token(&world, &app, user, 0).await;
    assert!(!identity.denied(&good));
    let (session, jti) = (good.session.expect("one"), good.token.expect("one"));
    identity.revoke_session(user, session, Some(app.id), "logout", None).await.expect("revoked");
    assert!(identity.denied(&good));
    let other = Denial { session: Some(SessionId(Uuid::from_u128(9))), ..good };
    assert!(!identity.denied(&other), "another session goes on");
    identity.revoke_token(jti, app.id, Some(user), other.issued, None).await.expect("revoked");
    assert!(identity.denied(&other));
    let other = Denial { token: None, ..other };
    assert!(!identity.denied(&other));
    identity.password_changed(user, None).await.expect("recorded");
    let next = Denial { issued: token(&world, &app, user, MILLI).await.issued, ..other };
    assert!(identity.denied(&Denial { issued: other.issued.plus_micros(-MILLI), ..other }));
    assert!(!identity.denied(&next), "what began afterwards goes on");
    identity.disable_user(user, "operator", None).await.expect("disabled");
    assert!(identity.denied(&next));
    identity.enable_user(user, None).await.expect("enabled");
    let disabled = world.facts().await.iter().rev().nth(1).expect("a fact").envelope.time;
    assert_eq!(identity.user(user).expect("a user").before, Some(disabled), "what ended stays so");
    let before = token(&world, &app, user, 10 * MILLI).await.issued;
    identity.revoke_sessions(user, before, "logout-everywhere", None).await.expect("revoked");
    assert!(identity.denied(&Denial { issued: before.plus_micros(-MILLI), ..next }));
    assert!(!identity.denied(&Denial { issued: before, ..next }));
}

#[tokio::test]
async fn access_is_what_was_granted_last() {
    let (world, app, user) = people().await;
    let identity = &world.identity;
    let (check, both) =
        (scopes(&[Scope::CreditsCheck]), scopes(&[Scope::CreditsCheck, Scope::CreditsDeduct]));
    assert_eq!(identity.access(user, app.id), None);
    identity.grant_access(user, app.id, check, None).await.expect("granted");
    let issued = token(&world, &app, user, MILLI).await;
    assert!(!identity.denied(&issued));
    let before = world.facts().await.len();
    identity.grant_access(user, app.id, check, None).await.expect("granted");
    assert_eq!(world.facts().await.len(), before);
    assert_eq!(identity.access(user, app.id).expect("access").scopes, check);
    identity.revoke_access(user, app.id, None).await.expect("revoked");
    identity.revoke_access(user, app.id, None).await.expect("revoked again");
    assert_eq!((identity.access(user, app.id), identity.apps_of(user)), (None, vec![]));
    assert!(identity.denied(&issued));
    identity.grant_access(user, app.id, both, None).await.expect("granted");
    assert_eq!(identity.apps_of(user).len(), 1);
    let old = Denial { issued: issued.issued.plus_micros(-2_000 * MILLI), ..issued };
    assert!(identity.denied(&old), "a new grant does not bring back the old tokens");
    let elsewhere = identity.register_organization("elsewhere", None).await.expect("another");
    let theirs = identity.register_app(elsewhere.id, "theirs", None).await.expect("an app");
    let refused = identity.grant_access(user, theirs.id, both, None).await;
    assert!(matches!(refused, Err(IdentityError::NotFound)), "{refused:?}");
}

#[tokio::test]
async fn a_client_has_a_name_of_its_own_and_secrets() {
    let (world, app, _) = people().await;
    let identity = &world.identity;
    let client = identity.set_client(app.id, chat(&app), None).await.expect("a client");
    assert_eq!((&client, identity.client_by_id("chat-web").as_ref()), (&chat(&app), Some(&client)));
    let other = world.app("other").await;
    let taken = identity.set_client(other.id, chat(&other), None).await;
    assert!(matches!(taken, Err(IdentityError::ClientIdTaken)), "{taken:?}");
    let renamed = Client { client_id: "renamed".into(), ..chat(&app) };
    let fixed = identity.set_client(app.id, renamed, None).await;
    assert!(matches!(fixed, Err(IdentityError::BadClient(ClientFault::IdFixed))), "{fixed:?}");
    let uuid = Client { client_id: app.id.to_string().into(), ..chat(&app) };
    let refused = identity.set_client(app.id, uuid, None).await;
    assert!(matches!(refused, Err(IdentityError::BadClient(ClientFault::Id))), "{refused:?}");
    let open = Client { redirect_uris: vec!["http://chat.example/cb".into()], ..chat(&app) };
    let refused = identity.set_client(app.id, open, None).await;
    assert!(matches!(refused, Err(IdentityError::BadClient(ClientFault::Uri(_)))), "{refused:?}");

    let (now, later) = (Time::default(), Time::default().plus_micros(1));
    let first = identity.issue_client_secret(app.id, Some(later), None).await.expect("a secret");
    let second = identity.issue_client_secret(app.id, None, None).await.expect("a secret");
    let accepts = |secret: &IssuedClientSecret, now| identity.accepts_secret(app.id, secret.expose(), now);
    assert!(accepts(&first, now) && accepts(&second, now) && !accepts(&first, later));
    assert!(!identity.accepts_secret(other.id, second.expose(), now), "another client's");
    let mixed = format!("{}{}", &second.expose()[..37], &first.expose()[37..]);
    assert!(!identity.accepts_secret(app.id, &mixed, now) && identity.authenticate(&mixed, now).is_none());
    assert!(identity.authenticate(second.expose(), now).is_none(), "a secret is no API key");
    assert!(!format!("{second:?}").contains(second.expose()));
    identity.revoke_client_secret(app.id, second.id, None).await.expect("revoked");
    assert!(!accepts(&second, now));
    assert_eq!(identity.client_secrets(app.id).len(), 2);
    let facts = world.log_text().await;
    assert!(!facts.contains(&first.expose()[37..]), "the log has its hash alone");

    let disabled = Client { disabled: true, ..chat(&app) };
    let denial = Denial { token: None, session: None, user: None, app: Some(app.id), issued: now };
    assert!(!identity.denied(&denial));
    identity.set_client(app.id, disabled, None).await.expect("disabled");
    assert!(identity.denied(&denial));
}

#[tokio::test]
async fn groups_have_members_of_their_organization() {
    let (world, app, user) = people().await;
    let identity = &world.identity;
    let group = identity.register_group(app.org, "red", None).await.expect("a group");
    let taken = identity.register_group(app.org, "red", None).await;
    assert!(matches!(taken, Err(IdentityError::NameTaken)));
    identity.add_member(group.id, user, GroupRole::Member, None, None).await.expect("added");
    identity.add_member(group.id, user, GroupRole::Admin, Some(user), None).await.expect("promoted");
    let members = identity.members(group.id);
    assert_eq!(
        members.iter().map(|member| (member.user, member.role)).collect::<Vec<_>>(),
        [(user, GroupRole::Admin)]
    );
    assert!(identity.is_member(group.id, user) && identity.groups_of(user) == [group.clone()]);
    let elsewhere = identity.register_organization("elsewhere", None).await.expect("another").id;
    let stranger = identity.register_user(elsewhere, None, None, None).await.expect("a user");
    let refused = identity.add_member(group.id, stranger, GroupRole::Member, None, None).await;
    assert!(matches!(refused, Err(IdentityError::NotFound)));
    identity.remove_member(group.id, user, None).await.expect("removed");
    assert!(!identity.is_member(group.id, user) && identity.groups_of(user).is_empty());
    let same = identity.register_user(app.org, Some(UserId(group.id.0)), None, None).await;
    assert!(matches!(same, Err(IdentityError::NameTaken)), "the group's wallet is not a user's");
}

#[tokio::test]
async fn rows_and_facts_make_the_same_directory() {
    let (world, app, user) = people().await;
    let identity = &world.identity;
    identity.set_client(app.id, chat(&app), None).await.expect("a client");
    identity.grant_access(user, app.id, scopes(&[Scope::CreditsCheck]), None).await.expect("granted");
    identity.revoke_session(user, SessionId(user.0), None, "logout", None).await.expect("revoked");
    let ledger = world.facts().await[0].envelope.ledger;
    identity.signing_key_changed(ledger, "k1", SigningKeyState::Active, None).await.expect("told");
    let denied = Denial { session: Some(SessionId(user.0)), ..token(&world, &app, user, 0).await };

    let facts = world.facts().await;
    let mut rows = projections::Identity::default();
    facts.iter().for_each(|fact| drop(rows.apply(fact).expect("a fact that follows")));
    let people: Vec<_> = rows.people.iter().map(|(_, row)| row.clone()).collect();
    let check = |directory: &Identity| {
        assert_eq!(directory.user(user), identity.user(user));
        assert_eq!(directory.access(user, app.id), identity.access(user, app.id));
        assert_eq!(directory.apps_of(user), identity.apps_of(user));
        assert_eq!(directory.signing_key_state("k1"), Some(SigningKeyState::Active));
        assert!(directory.denied(&denied));
    };
    let replayed = world.another();
    replayed.apply_all(&facts);
    replayed.apply_all(&facts);
    check(&replayed);
    assert_eq!(replayed.client_by_id("chat-web"), Some(chat(&app)));

    // Rows that are told later than the facts take nothing back.
    let standby = world.another();
    standby.apply_all(&facts);
    identity.revoke_access(user, app.id, None).await.expect("revoked");
    standby.apply_all(&world.facts().await);
    let as_of = facts.last().expect("a fact").envelope.position.next();
    standby.reload(IdentityRows { people: people.clone(), as_of, ..IdentityRows::default() });
    assert_eq!((standby.access(user, app.id), standby.people_as_of()), (None, as_of));

    let loaded = world.another();
    loaded.reload(IdentityRows { people, as_of, ..IdentityRows::default() });
    assert!(loaded.access(user, app.id).is_some() && loaded.denied(&denied));
}

#[tokio::test]
async fn a_key_ends_when_it_was_set_to() {
    let (world, app, _) = people().await;
    let identity = &world.identity;
    let now = world.facts().await.last().expect("a fact").envelope.time;
    let (soon, late) = (now.plus_micros(1_000_000_000), now.plus_micros(2_000_000_000));
    let only = scopes(&[Scope::CreditsDeduct]);
    let issued = identity.issue_key_until(app.id, only, Some(soon), None).await.expect("a key");
    let accepted = |time| identity.authenticate(issued.secret.expose(), time).is_some();
    assert!(accepted(now) && !accepted(soon));
    identity.set_key_expiry(issued.key, Some(late), None).await.expect("set");
    assert!(accepted(soon) && !accepted(late));
    identity.set_key_expiry(issued.key, Some(Time::default()), None).await.expect("ended");
    assert!(!accepted(soon));
    identity.set_key_expiry(issued.key, None, None).await.expect("set");
    assert!(!accepted(soon), "a key that has ended stays so");
    assert!(identity.organization_by_name(DEFAULT_ORGANIZATION).is_some());
}

#[test]
fn a_token_tells_its_millisecond_by_a_version_7_id() {
    let second = 1_795_300_000;
    let of_version_7 = TokenId(Uuid::from_u128((1_795_300_000_250_u128 << 80) | (7 << 76) | (2 << 62)));
    assert_eq!(Denial::issued(of_version_7, second), Time::from_micros(1_795_300_000_250_000));
    assert_eq!(Denial::issued(of_version_7, second + 1), Time::from_micros(1_795_300_001_000_000));
    let random = TokenId(Uuid::from_u128(4 << 76));
    assert_eq!(Denial::issued(random, second), Time::from_micros(1_795_300_000_000_000));
}
