//! The lives of API keys: they end, are replaced, and say when they were used.

use std::time::Duration;

use credit_ledger::identity::Scope;
use serde_json::{Value, json};

use super::people::{World, key_id};
use crate::support::app::{Client, TestApp};

/// The key as its app's list shows it.
async fn listed(world: &World, client: &Client) -> Value {
    let app = client.app_id.as_deref().expect("an app");
    let list = world.admin.get(&format!("/v1/apps/{app}/keys")).await.expect(200).json();
    let id = client.key_id.as_deref().expect("a key");
    let keys = list["data"].as_array().expect("keys");
    keys.iter().find(|key| key["key_id"] == id).cloned().expect("the key")
}

#[tokio::test]
async fn a_key_may_end_by_itself() {
    let world = World::new().await;
    let app = world.chat.app_id.as_deref().expect("an app");
    let request = json!({ "scopes": ["credits:read"], "expires_in_seconds": 60 });
    let issued = world.admin.post(&format!("/v1/apps/{app}/keys"), &request).await.expect(201);
    let client = world.app.bearer("short-lived", &issued.member("api_key"));
    let client =
        Client { app_id: world.chat.app_id.clone(), key_id: Some(issued.member("key_id").into()), ..client };
    client.get("/v1/prices").await.expect(200);
    assert_eq!(listed(&world, &client).await["expires"], issued.json()["expires"]);
    world.app.clock.advance(Duration::from_secs(59));
    client.get("/v1/prices").await.expect(200);
    world.app.clock.advance(Duration::from_secs(1));
    client.get("/v1/prices").await.problem(401, "unauthenticated");
    for seconds in [0, -1, i64::MAX] {
        let request = json!({ "scopes": ["credits:read"], "expires_in_seconds": seconds });
        world.admin.post(&format!("/v1/apps/{app}/keys"), &request).await.problem(400, "bad-request");
    }
}

#[tokio::test]
async fn a_key_is_replaced_while_the_old_one_goes_on_for_a_while() {
    let world = World::new().await;
    let old = world.app.another_key(&world.chat, &[Scope::CreditsRead, Scope::CreditsCheck]).await;
    let path = format!("/v1/keys/{}/rotate", key_id(&old));
    let rotated = world.admin.post(&path, &json!({ "overlap_seconds": 60 })).await.expect(201);
    let new = world.app.bearer("new", &rotated.member("api_key"));
    assert_eq!(rotated.json()["scopes"], json!(["credits:check", "credits:read"]));
    assert_eq!(rotated.json()["replaces"]["key_id"], json!(key_id(&old)));
    assert_eq!(listed(&world, &old).await["expires"], rotated.json()["replaces"]["expires"]);
    for client in [&old, &new] {
        client.get("/v1/prices").await.expect(200);
    }
    // A longer overlap does not bring back what was given up.
    world.admin.post(&path, &json!({ "overlap_seconds": 3_600 })).await.expect(201);
    world.app.clock.advance(Duration::from_secs(60));
    old.get("/v1/prices").await.problem(401, "unauthenticated");
    new.get("/v1/prices").await.expect(200);
    world.admin.post(&path, &json!({ "overlap_seconds": 60 })).await.problem(404, "not-found");
    for bad in [json!({}), json!({ "overlap_seconds": -1 }), json!({ "overlap_seconds": 2_592_001 })] {
        world.admin.post(&path, &bad).await.problem(400, "bad-request");
    }
    let at_once = rotated.member("key_id");
    let at_once = world.admin.post(&format!("/v1/keys/{at_once}/rotate"), &json!({ "overlap_seconds": 0 }));
    at_once.await.expect(201);
    new.get("/v1/prices").await.problem(401, "unauthenticated");
    let stranger = world.app.stranger().await;
    stranger.post(&path, &json!({ "overlap_seconds": 60 })).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_key_that_replaces_one_that_ends_lives_as_long_unless_it_is_told_otherwise() {
    let world = World::new().await;
    let app = world.chat.app_id.as_deref().expect("an app");
    let path = format!("/v1/apps/{app}/keys");
    let issue = async |more: Value| world.admin.post(&path, &more).await.expect(201).member("key_id");
    let ends = issue(json!({ "scopes": ["credits:read"], "expires_in_seconds": 3_600 })).await;
    let endless = issue(json!({ "scopes": ["credits:read"] })).await;
    world.app.clock.advance(Duration::from_secs(1_800));
    let lives = async |key: &str, asked: Value| {
        let path = format!("/v1/keys/{key}/rotate");
        let rotated = world.admin.post(&path, &asked).await.expect(201);
        let new = world.app.bearer("new", &rotated.member("api_key"));
        world.app.clock.advance(Duration::from_secs(59));
        new.get("/v1/prices").await.expect(200);
        let key_id = Some(rotated.member("key_id").into());
        let listed = listed(&world, &Client { app_id: world.chat.app_id.clone(), key_id, ..new }).await;
        let time =
            |name: &str| listed[name].as_str().map(|text| text.parse::<events::Time>().expect("a time"));
        let issued = time("issued").expect("issued").micros();
        time("expires").map(|expires| (expires.micros() - issued + 500_000) / 1_000_000)
    };
    assert_eq!(lives(&ends, json!({ "overlap_seconds": 3_600, "expires_in_seconds": 60 })).await, Some(60));
    assert_eq!(lives(&ends, json!({ "overlap_seconds": 3_600 })).await, Some(3_600));
    assert_eq!(lives(&endless, json!({ "overlap_seconds": 3_600 })).await, None);
}

#[tokio::test]
async fn a_key_shows_when_it_was_last_used_also_after_a_restart() {
    let world = World::new().await;
    assert_eq!(listed(&world, &world.chat).await["last_used"], Value::Null);
    world.chat.get("/v1/prices").await.expect(200);
    let first = listed(&world, &world.chat).await["last_used"].clone();
    assert!(first.is_string(), "{first}");
    world.app.clock.advance(Duration::from_secs(10));
    world.chat.get("/v1/prices").await.expect(200);
    let second = listed(&world, &world.chat).await["last_used"].clone();
    assert_ne!(first, second);
    let World { app, admin, chat } = world;
    let app = TestApp::start_in(app.end().await).await;
    let (admin, chat) = (app.again(&admin), app.again(&chat));
    let world = World { app, admin, chat };
    assert_eq!(listed(&world, &world.chat).await["last_used"], second);
}

#[tokio::test]
async fn keys_have_no_scopes_about_people() {
    let world = World::new().await;
    let app = world.chat.app_id.as_deref().expect("an app");
    for scope in Scope::ALL {
        let request = json!({ "scopes": [scope.as_str()] });
        let answer = world.admin.post(&format!("/v1/apps/{app}/keys"), &request).await;
        if scope.is_oidc() {
            answer.problem(400, "bad-request");
        } else {
            answer.expect(201);
        }
    }
}
