//! Tokens as credentials: accepted, refused, ended.

use std::time::Duration;

use credit_ledger::identity::{Scope, tokens::Whose};
use events::UserRole;
use serde_json::json;

use super::people::{SESSION, World, app_id, everything, scopes};
use crate::{
    http::things::{deduct, fund, funded, hold},
    support::app::{Answer, Client, TestApp},
};

/// The answer to whoever asks for a wallet.
async fn asks(client: &Client, wallet: &str) -> Answer {
    client.get(&format!("/v1/wallets/{wallet}")).await
}

#[track_caller]
fn is_refused(answer: &Answer, why: &str) {
    let problem = answer.problem(401, "unauthenticated");
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{why}\"");
    assert_eq!(answer.header("www-authenticate"), challenge);
    assert_eq!((&problem["detail"], &problem["reason"]), (&json!(why), &json!("invalid_token")));
}

async fn a_user_with_credits(world: &World) -> (events::UserId, String) {
    let user = world.user(&[]).await;
    let wallet = user.to_string();
    let position = fund(&world.admin, &wallet, "100").await.position();
    world.admin.get(&format!("/v1/wallets/{wallet}?min_position={position}")).await.expect(200);
    (user, wallet)
}

#[tokio::test]
async fn a_user_spends_its_own_credits_and_is_named_in_the_event() {
    let world = World::new().await;
    let (user, wallet) = a_user_with_credits(&world).await;
    let client = world.signed_in("a user", user);
    let position = deduct(&client, &wallet, "k", "1").await.expect(201).position();
    let event = world.app.stored_from(position).await.remove(0);
    assert!(event.contains(&format!("\"actor\":\"user/{user}\"")), "{event}");
    let others = funded(&world.admin, "100").await;
    for answer in [deduct(&client, &others, "k", "1").await, hold(&client, &others, "k", "1").await] {
        answer.problem(404, "not-found");
    }
}

#[tokio::test]
async fn bad_tokens_are_refused_as_rfc_6750_says() {
    let world = World::new().await;
    let (user, wallet) = a_user_with_credits(&world).await;
    let (good, _) = world.token(user, None, everything());
    asks(&world.bearer("good", &good), &wallet).await.expect(200);
    let cut = &good[..good.len() - 2];
    is_refused(&asks(&world.bearer("cut", cut), &wallet).await, "the token's signature is wrong");
    is_refused(&asks(&world.bearer("garbage", "a.b.c"), &wallet).await, "the token is malformed");
    let other = World::new().await;
    let (foreign, _) = other.token(user, None, everything());
    let refused = asks(&world.bearer("another ledger's", &foreign), &wallet).await;
    refused.problem(401, "unauthenticated");
    world.app.clock.advance(Duration::from_secs(906));
    is_refused(&asks(&world.bearer("old", &good), &wallet).await, "the token has expired");
    let narrow = world.bearer("narrow", &world.token(user, None, scopes("credits:check")).0);
    let lacks = asks(&narrow, &wallet).await;
    lacks.problem(403, "forbidden");
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"credits:read\"";
    assert_eq!(lacks.header("www-authenticate"), challenge);
    assert_eq!(asks(&world.app.anonymous(), &wallet).await.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn whatever_ends_a_token_ends_it_at_once_though_it_was_just_accepted() {
    let world = World::new().await;
    let identity = &world.app.ledger.identity;
    let revoked = "the token has been revoked";
    let all = everything();

    let (user, wallet) = a_user_with_credits(&world).await;
    world.grant(user, scopes("credits:read")).await;
    let (token, claims) = world.token(user, Some(&world.chat), all);
    let (one, other) = (world.bearer("one", &token), world.through_chat(user, all));
    asks(&one, &wallet).await.expect(200);
    let until = events::Time::from_micros(claims.exp * 1_000_000);
    identity.revoke_token(claims.jti, app_id(&world.chat), Some(user), until, None).await.expect("revoked");
    is_refused(&asks(&one, &wallet).await, revoked);
    asks(&other, &wallet).await.expect(200);

    identity.revoke_access(user, app_id(&world.chat), None).await.expect("revoked");
    is_refused(&asks(&other, &wallet).await, revoked);
    let here = world.signed_in("here", user);
    asks(&here, &wallet).await.expect(200);

    world.app.clock.advance(Duration::from_secs(1));
    identity.password_changed(user, None).await.expect("changed");
    is_refused(&asks(&here, &wallet).await, revoked);
    let again = world.signed_in("again", user);
    asks(&again, &wallet).await.expect(200);

    identity.revoke_session(user, SESSION, None, "logout", None).await.expect("revoked");
    is_refused(&asks(&again, &wallet).await, revoked);

    let (user, wallet) = a_user_with_credits(&world).await;
    let whose = Whose::User { user, session: None, roles: vec![], auth_time: None };
    let (token, _) = world.issue(whose, world.org(), None, all);
    let client = world.bearer("a user", &token);
    asks(&client, &wallet).await.expect(200);
    identity.disable_user(user, "operator", None).await.expect("disabled");
    is_refused(&asks(&client, &wallet).await, revoked);

    let service = world.service(scopes("credits:read"));
    asks(&service, &wallet).await.expect(200);
    world.set_client(&world.chat, "chat-app", false, true).await;
    is_refused(&asks(&service, &wallet).await, revoked);
}

#[tokio::test]
async fn a_stream_ends_with_the_token() {
    let world = World::new().await;
    let (user, wallet) = a_user_with_credits(&world).await;
    let client = world.signed_in("a user", user);
    let mut stream = client.stream("/v1/events", None).await;
    // What the user's wallet had so far, and nothing else.
    let opened = stream.next().await.expect("an event");
    assert!(opened.data.contains(&wallet), "{}", opened.data);
    world.app.ledger.identity.revoke_session(user, SESSION, None, "logout", None).await.expect("revoked");
    fund(&world.admin, &wallet, "7").await;
    while let Some(sent) = stream.next().await {
        assert!(!sent.data.contains("\"amount\":\"7\""), "nothing is told after the end: {}", sent.data);
    }
}

#[tokio::test]
async fn a_revoked_signing_key_ends_its_tokens() {
    let world = World::new().await;
    let (user, wallet) = a_user_with_credits(&world).await;
    let client = world.signed_in("a user", user);
    asks(&client, &wallet).await.expect(200);
    let tokens = &world.app.ledger.auth.tokens;
    let now = credit_ledger::clock::Clock::now(&*world.app.clock);
    let kid = tokens.keys()[0].kid.clone();
    tokens.revoke_key(&kid, now).await.expect("revoked");
    is_refused(&asks(&client, &wallet).await, "the token is signed with an unknown key");
    asks(&world.signed_in("again", user), &wallet).await.expect(200);
    let before = world.app.head().get();
    world.app.ledger.auth.tell_of_keys().await;
    let told = world.app.stored_from(before).await;
    let states: Vec<_> = told.iter().filter(|event| event.contains("auth.signing_key_changed.v1")).collect();
    assert_eq!(states.len(), 2, "{told:?}");
}

#[tokio::test]
async fn a_role_counts_from_now_on_and_only_here() {
    let world = World::new().await;
    let identity = &world.app.ledger.identity;
    let wallet = funded(&world.admin, "100").await;
    world.app.ledger.caught_up().await;
    let user = world.user(&[UserRole::Admin]).await;
    let (here, there) = (world.signed_in("here", user), world.through_chat(user, everything()));
    asks(&here, &wallet).await.expect(200);
    asks(&there, &wallet).await.problem(404, "not-found");
    there.get("/v1/apps").await.problem(403, "forbidden");
    identity.set_roles(user, [UserRole::Auditor], None).await.expect("roles");
    asks(&here, &wallet).await.expect(200);
    deduct(&here, &wallet, "k", "1").await.problem(403, "forbidden");
    identity.set_roles(user, [UserRole::Customer], None).await.expect("roles");
    asks(&here, &wallet).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_key_and_a_token_go_together_only_as_an_app_and_its_user() {
    let world = World::new().await;
    let (user, wallet) = a_user_with_credits(&world).await;
    world.grant(user, scopes("credits:read credits:deduct")).await;
    let both = world.on_behalf(&world.chat, user, scopes("credits:read credits:deduct credits:hold"));
    asks(&both, &wallet).await.expect(200);
    let spent = deduct(&both, &wallet, "k", "1").await.expect(201);
    let event = world.app.stored_from(spent.position()).await.remove(0);
    let acts = [format!("\"actor\":\"user/{user}\""), format!("\"app\":\"{}\"", app_id(&world.chat))];
    assert!(acts.iter().all(|act| event.contains(act)), "{event}");
    let others = funded(&world.admin, "10").await;
    deduct(&both, &others, "k", "1").await.problem(404, "not-found");
    both.post(&format!("/v1/wallets/{wallet}/checks"), &json!({ "service": "chat", "cost": "1" }))
        .await
        .problem(403, "forbidden");

    let with_key = |key: &Client, token: &Client| Client { token: token.token.clone(), ..key.clone() };
    let here = world.signed_in("here", user);
    let service = world.service(scopes("credits:read"));
    for (key, token) in [(&world.admin, &both), (&world.chat, &here), (&world.chat, &service)] {
        asks(&with_key(key, token), &wallet).await.problem(400, "bad-request");
    }
    let operator = with_key(&world.app.operator(), &both);
    asks(&operator, &wallet).await.problem(400, "bad-request");
    let unknown = with_key(&world.app.revoked().await, &both);
    asks(&unknown, &wallet).await.problem(401, "unauthenticated");
    let bad = Client { token: Some("a.b.c".into()), ..world.chat.clone() };
    is_refused(&asks(&bad, &wallet).await, "the token is malformed");
}

#[tokio::test]
async fn two_users_may_use_the_same_idempotency_key() {
    let world = World::new().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (user, wallet) = a_user_with_credits(&world).await;
        world.grant(user, everything()).await;
        for client in [world.signed_in("here", user), world.on_behalf(&world.chat, user, everything())] {
            let first = deduct(&client, &wallet, "the-same", "1").await.expect(201);
            let again = deduct(&client, &wallet, "the-same", "1").await.expect(201);
            assert!(!first.is_replayed() && again.is_replayed());
            seen.push(first.position());
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn a_customer_cannot_end_an_app_s_hold() {
    let world = World::new().await;
    let (user, wallet) = a_user_with_credits(&world).await;
    world.grant(user, everything()).await;
    let id = hold(&world.chat, &wallet, "k", "5").await.expect(201).member("id");
    let here = world.signed_in("here", user);
    world.app.ledger.caught_up().await;
    here.get(&format!("/v1/holds/{id}")).await.expect(200);
    for (end, body) in [("release", json!({})), ("extensions", json!({ "timeout_seconds": 1 }))] {
        here.post(&format!("/v1/holds/{id}/{end}"), &body).key(end).await.problem(404, "not-found");
    }
    let captured = json!({ "cost": "1" });
    here.post(&format!("/v1/holds/{id}/captures"), &captured).key("c").await.problem(404, "not-found");
    let app = world.on_behalf(&world.chat, user, everything());
    app.post(&format!("/v1/holds/{id}/captures"), &captured).key("c").await.expect(201);
    // What the user held for itself is its own.
    let own = hold(&here, &wallet, "own", "1").await.expect(201).member("id");
    here.post(&format!("/v1/holds/{own}/release"), &json!({})).key("r").await.expect(200);
}

#[tokio::test]
async fn an_app_has_a_rate_for_all_that_it_shows() {
    let options = credit_ledger::http::HttpOptions {
        requests_per_second_per_client: Some(4),
        ..credit_ledger::http::HttpOptions::default()
    };
    let world = World::of(TestApp::start_with(options).await).await;
    let user = world.user(&[]).await;
    let other = world.app.another_key(&world.chat, &[Scope::CreditsRead]).await;
    let service = world.service(scopes("credits:read"));
    let through = world.through_chat(user, scopes("credits:read"));
    for client in [&world.chat, &other, &service, &through] {
        client.get("/v1/prices").await.expect(200);
    }
    for client in [&world.chat, &through] {
        client.get("/v1/prices").await.problem(429, "rate-limited");
    }
    world.signed_in("here", user).get("/v1/prices").await.expect(200);
    world.app.clock.advance(Duration::from_secs(1));
    service.get("/v1/prices").await.expect(200);
}
