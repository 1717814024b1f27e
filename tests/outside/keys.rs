//! Apps and their keys, from the command line to the API.

use serde_json::json;

use crate::support::{cli::run, home::Home, server::Server, turn, wallet};

const SCOPES: [&str; 6] = ["app", "create", "--name", "chat", "--scopes", "credits:check,credits:deduct"];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn an_app_made_on_the_command_line_calls_the_api_until_its_key_is_revoked() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let made = run(&home, &[&SCOPES[..], &["-o", "json"]].concat()).await.ended(0).json();
    let member = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("{name}: {made}")).to_owned();
    let (app, key, key_id) = (member("app_id"), member("api_key"), member("key_id"));
    run(&home, &["purchase", &wallet(0), "5"]).await.ended(0);
    let server = Server::start(&home).await;
    let api = server.api(&key);
    api.deduct(&wallet(0), "one", "2").await.expect("an answer").expect(201);
    let purchases = format!("/v1/wallets/{}/purchases", wallet(0));
    api.post(&purchases, Some("two"), &json!({ "amount": "1" })).await.expect(403);

    let further = ["key", "create", "--app", &app, "--scopes", "credits:read", "-o", "json"];
    let further = run(&home, &further).await.ended(0).json();
    let reader = server.api(further["api_key"].as_str().expect("a key"));
    reader.get(&format!("/v1/wallets/{}", wallet(0))).await.expect(200);

    let reader_id = further["key_id"].as_str().expect("an id").to_owned();
    let next = ["key", "rotate", &reader_id, "--overlap", "1h", "--expires-in", "30d", "-o", "json"];
    let next = run(&home, &next).await.ended(0).json();
    assert_eq!(next["replaces"]["key_id"], reader_id.as_str());
    for reader in [&reader, &server.api(next["api_key"].as_str().expect("a key"))] {
        reader.get(&format!("/v1/wallets/{}", wallet(0))).await.expect(200);
    }
    let days = run(&home, &["key", "rotate", &reader_id, "--overlap", "31d"]).await.ended(1);
    assert!(days.stderr.contains("overlap_seconds"), "{days:#?}");

    run(&home, &["key", "revoke", &key_id]).await.ended(0);
    let refused = api.deduct(&wallet(0), "three", "1").await.expect("an answer").expect(401);
    assert_eq!(refused.text("/code"), "unauthenticated");
    // Its name has not become free for another app, and the other key still works.
    run(&home, &SCOPES).await.ended(1);
    assert_eq!(reader.balance(&wallet(0)).await, "3");
    let listed = run(&home, &["key", "list", "--app", &app, "-o", "json"]).await.ended(0).json();
    let revoked = |id: &str| {
        let listed = listed.as_array().expect("keys");
        let key = listed.iter().find(|key| key["key_id"] == id).unwrap_or_else(|| panic!("{id}: {listed:?}"));
        key.get("revoked").is_some_and(|revoked| !revoked.is_null() && revoked != false)
    };
    assert!(revoked(&key_id) && !revoked(further["key_id"].as_str().expect("an id")));
    assert_eq!(server.end().await.status.code(), Some(0));
    // Revoked for ever, not until the next start.
    let server = Server::start(&home).await;
    server.api(&key).deduct(&wallet(0), "four", "1").await.expect("an answer").expect(401);
}
