//! Organizations, apps and keys.

use credit_ledger::identity::Scope;
use serde_json::json;

use crate::support::app::TestApp;

#[tokio::test]
async fn a_key_is_shown_once() {
    let app = TestApp::start().await;
    let request = json!({ "name": "chat", "scopes": ["credits:check", "credits:deduct"] });
    let made = app.operator().post("/v1/apps", &request).await.expect(201);
    let [app_id, key_id, key] = ["app_id", "key_id", "api_key"].map(|name| made.member(name));
    let secret = key.rsplit_once('_').expect("a secret").1;
    let keys = format!("/v1/apps/{app_id}/keys");
    for (path, public) in [("/v1/apps", &app_id), (&*keys, &key_id), ("/v1/events", &key_id)] {
        let shown = app.operator().get(path).await.expect(200);
        assert!(shown.text().contains(public), "{path}: {}", shown.text());
        assert!(!shown.text().contains(secret), "{path} shows the secret");
    }
    let stored = app.stored_from(0).await.join("\n");
    assert!(!stored.contains(secret), "the log holds the secret");
}

#[tokio::test]
async fn a_key_is_listed_until_long_after_it_is_revoked() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let keys = format!("/v1/apps/{}/keys", admin.app_id.as_deref().expect("an app"));
    let key = admin.post(&keys, &json!({ "scopes": ["events:read"] })).await.expect(201).member("key_id");
    for _ in 0..2 {
        let gone = admin.delete(&format!("/v1/keys/{key}")).await.expect(204);
        assert!(gone.body.is_empty());
    }
    let listed = admin.get(&keys).await.expect(200).json();
    let revoked = listed["data"].as_array().expect("keys").iter().find(|listed| listed["key_id"] == *key);
    let revoked = revoked.expect("it is listed");
    assert_eq!(revoked["scopes"], json!(["events:read"]));
    assert!(revoked["revoked"].is_string(), "{revoked}");
}

#[tokio::test]
async fn revoking_again_records_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let other = app.with_scopes([Scope::CreditsRead]).await;
    let path = format!("/v1/keys/{}", other.key_id.expect("a key"));
    admin.delete(&path).await.expect(204);
    let head = app.head();
    admin.delete(&path).await.expect(204);
    assert_eq!(app.head(), head);
}

#[tokio::test]
async fn an_administrator_sees_its_own_organization() {
    let app = TestApp::start().await;
    let (admin, stranger) = (app.admin().await, app.stranger().await);
    let names = |answer: serde_json::Value| -> Vec<String> {
        let data = answer["data"].as_array().expect("a list").iter();
        data.filter_map(|item| item["name"].as_str()).map(str::to_owned).collect()
    };
    assert_eq!(names(admin.get("/v1/organizations").await.json()), ["default"]);
    assert_eq!(names(stranger.get("/v1/organizations").await.json()), ["elsewhere"]);
    assert_eq!(names(app.operator().get("/v1/organizations").await.json()), ["default", "elsewhere"]);
    assert_eq!(names(stranger.get("/v1/apps").await.json()), ["app-1"]);
}
