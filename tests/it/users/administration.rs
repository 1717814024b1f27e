//! Administrators look after the users of their organization.

use credit_ledger::identity::Scope;
use serde_json::json;

use super::world::{PASSWORD, World};

#[tokio::test]
async fn users_are_listed_disabled_and_enabled() {
    let world = World::new().await;
    let ann = world.signed_in("ann@mail.example").await;
    world.user("eve@mail.example").await;
    let tokens = world.login("ann@mail.example", PASSWORD).await;
    let admin = world.app.admin().await;
    let first = admin.get("/v1/users?limit=1").await.expect(200).json();
    let next = first["next"].as_str().expect("another page");
    let second = admin.get(&format!("/v1/users?limit=1&after={next}")).await.expect(200).json();
    let emails =
        [&first["data"][0]["email"], &second["data"][0]["email"]].map(|email| email.as_str().expect("text"));
    assert!(emails.contains(&"ann@mail.example") && emails.contains(&"eve@mail.example"), "{emails:?}");
    assert!(second["next"].is_null());
    let me = ann.get("/auth/me").await.expect(200).json();
    let path = format!("/v1/users/{}", me["user_id"].as_str().expect("an id"));
    admin.post(&format!("{path}/disable"), &json!({ "reason": "abuse" })).await.expect(204);
    ann.get("/auth/me").await.problem(401, "unauthenticated");
    let refresh = world.anyone().post("/auth/refresh", &json!({ "refresh_token": tokens.refresh }));
    refresh.await.problem(401, "invalid-credentials");
    let login = json!({ "email": "ann@mail.example", "password": PASSWORD });
    world.anyone().post("/auth/login", &login).await.problem(403, "account-disabled");
    let wrong = json!({ "email": "ann@mail.example", "password": "wrong password" });
    world.anyone().post("/auth/login", &wrong).await.problem(401, "invalid-credentials");
    assert_eq!(admin.get(&path).await.expect(200).json()["disabled"], true);
    admin.post(&format!("{path}/enable"), &json!({})).await.expect(204);
    world.app.clock.advance(std::time::Duration::from_millis(2));
    world.login("ann@mail.example", PASSWORD).await;
    world.app.stranger().await.get(&path).await.problem(404, "not-found");
    let theirs = world.app.stranger().await.get("/v1/users").await.expect(200).json();
    assert_eq!(theirs["data"], json!([]));
}

#[tokio::test]
async fn roles_count_at_once_and_only_an_administrator_gives_them() {
    let world = World::new().await;
    let ann = world.signed_in("ann@mail.example").await;
    let me = ann.get("/auth/me").await.expect(200).json();
    let roles = format!("/v1/users/{}/roles", me["user_id"].as_str().expect("an id"));
    ann.get("/v1/users").await.problem(403, "forbidden");
    let helper = world.app.with_scopes([Scope::UsersAdmin]).await;
    helper.put(&roles, &json!({ "roles": ["admin"] })).await.problem(403, "forbidden");
    helper.put(&roles, &json!({ "roles": ["customer"] })).await.expect(200);
    let admin = world.app.admin().await;
    for bad in [json!([]), json!(["root"]), json!(["Admin"])] {
        admin.put(&roles, &json!({ "roles": bad })).await.problem(400, "bad-request");
    }
    let made =
        admin.put(&roles, &json!({ "roles": ["admin", "customer", "admin"] })).await.expect(200).json();
    assert_eq!(made["roles"], json!(["customer", "admin"]));
    // The session goes on, and its next token says so.
    let next = world.login("ann@mail.example", PASSWORD).await;
    world.bearer(&next.access).get("/v1/users").await.expect(200);
    world.bearer(&next.access).delete(&roles.replace("/roles", "/sessions")).await.expect(204);
    world.bearer(&next.access).get("/v1/users").await.problem(401, "unauthenticated");
}

/// Who looks after customers changes nobody who is more than that.
#[tokio::test]
async fn who_looks_after_customers_changes_no_administrator() {
    let world = World::new().await;
    let admin = world.app.admin().await;
    let helper = world.app.with_scopes([Scope::UsersAdmin]).await;
    for role in ["admin", "auditor"] {
        let email = format!("{role}@mail.example");
        let ann = world.signed_in(&email).await;
        let path = format!("/v1/users/{}", world.owner(&email).await);
        let roles = format!("{path}/roles");
        admin.put(&roles, &json!({ "roles": [role] })).await.expect(200);
        helper.put(&roles, &json!({ "roles": ["customer"] })).await.problem(403, "forbidden");
        helper.post(&format!("{path}/disable"), &json!({})).await.problem(403, "forbidden");
        helper.post(&format!("{path}/enable"), &json!({})).await.problem(403, "forbidden");
        helper.delete(&format!("{path}/sessions")).await.problem(403, "forbidden");
        let me = ann.get("/auth/me").await.expect(200).json();
        assert_eq!((&me["roles"], &me["disabled"]), (&json!([role]), &json!(false)), "{me}");
        admin.put(&roles, &json!({ "roles": ["customer"] })).await.expect(200);
        helper.delete(&format!("{path}/sessions")).await.expect(204);
        ann.get("/auth/me").await.problem(401, "unauthenticated");
    }
}
