//! Introspection, revocation and userinfo.

use serde_json::json;

use super::world::{World, error};
use crate::support::app::Answer;

#[tokio::test]
async fn introspection_tells_a_client_of_its_organization_what_a_token_is_worth() {
    let world = World::new().await;
    let (client, api) =
        (world.client("app", "openid credits:deduct").await, world.client("api", "groups:read").await);
    let user = world.user().await;
    let code = world.browser(user).await.let_in(&client, &[]).await;
    let tokens = world.redeem(&client, &code).await.expect(200);
    let (access, refresh) = (tokens.member("access_token"), tokens.member("refresh_token"));
    let seen = world.post("/oauth/introspect", &api, &[("token", &access)]).await.expect(200).json();
    for (name, value) in [
        ("active", json!(true)),
        ("scope", json!("credits:deduct openid")),
        ("client_id", json!("app")),
        ("token_type", json!("Bearer")),
        ("sub", json!(user)),
        ("org_id", json!(world.org)),
        ("principal_type", json!("user")),
    ] {
        assert_eq!(seen[name], value, "{name}");
    }
    // A refresh token is nobody's affair but its client's.
    assert!(world.is_active(&client, &refresh).await && !world.is_active(&api, &refresh).await);
    for nonsense in ["x", "a.b.c", &tokens.member("id_token"), &access[1..], &"x".repeat(10_000)] {
        let seen = world.post("/oauth/introspect", &api, &[("token", nonsense)]).await.expect(200).json();
        assert_eq!(seen, json!({ "active": false }), "{nonsense:.40}");
    }
    world.wait(906);
    assert!(!world.is_active(&api, &access).await, "it has expired");
}

#[tokio::test]
async fn introspection_needs_a_secret() {
    let world = World::new().await;
    let public = world.public("native", "openid").await;
    error(&world.post("/oauth/introspect", &public, &[("token", "x")]).await, 401, "invalid_client");
    error(&world.form("/oauth/introspect", &[("token", "x")]).await, 401, "invalid_client");
}

#[tokio::test]
async fn a_client_ends_its_own_tokens_and_no_others() {
    let world = World::new().await;
    let (client, other) =
        (world.client("app", "openid credits:deduct").await, world.client("other", "groups:read").await);
    let mut browser = world.browser(world.user().await).await;
    let code = browser.let_in(&client, &[]).await;
    let tokens = world.redeem(&client, &code).await.expect(200);
    let (access, refresh) = (tokens.member("access_token"), tokens.member("refresh_token"));
    for token in [&access, &refresh, "nonsense"] {
        world.post("/oauth/revoke", &other, &[("token", token)]).await.expect(200);
    }
    assert!(world.is_active(&client, &access).await && world.is_active(&client, &refresh).await);
    world
        .post("/oauth/revoke", &client, &[("token", &access), ("token_type_hint", "refresh_token")])
        .await
        .expect(200);
    assert!(!world.is_active(&client, &access).await && world.is_active(&client, &refresh).await);
    let next = world.refresh(&client, &refresh).await.expect(200);
    world.post("/oauth/revoke", &client, &[("token", &next.member("refresh_token"))]).await.expect(200);
    for name in ["access_token", "refresh_token"] {
        assert!(!world.is_active(&client, &next.member(name)).await, "the whole family: {name}");
    }
    // A revoked token opens nothing at all.
    let answer = userinfo(&world, &access).await;
    error(&answer, 401, "invalid_token");
}

async fn userinfo(world: &World, token: &str) -> Answer {
    let request = world.http.get(world.url("/oauth/userinfo")).bearer_auth(token);
    Answer::read(request.send().await.expect("an answer")).await
}

#[tokio::test]
async fn userinfo_says_who_the_bearer_is() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct groups:read").await;
    let user = world.user().await;
    let mut browser = world.browser(user).await;
    let code = browser.let_in(&client, &[]).await;
    let access = world.redeem(&client, &code).await.expect(200).member("access_token");
    assert_eq!(userinfo(&world, &access).await.expect(200).json(), json!({ "sub": user }));
    let code = browser.let_in(&client, &[("scope", "credits:deduct")]).await;
    let tokens = world.redeem(&client, &code).await.expect(200);
    assert!(tokens.json().get("id_token").is_none());
    let refused = userinfo(&world, &tokens.member("access_token")).await;
    error(&refused, 403, "insufficient_scope");
    assert!(refused.header("www-authenticate").starts_with("Bearer error=\"insufficient_scope\""));
    let own = world.token(&client, &[("grant_type", "client_credentials")]).await.expect(200);
    for token in [&*own.member("access_token"), "x"] {
        let refused = userinfo(&world, token).await;
        error(&refused, 401, "invalid_token");
        assert!(refused.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""));
    }
    // RFC 6750 section 3.1: who shows no token has made no error.
    let bare = world.http.get(world.url("/oauth/userinfo")).send().await.expect("an answer");
    for refused in [userinfo(&world, "").await, Answer::read(bare).await] {
        error(&refused, 401, "invalid_token");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
}
