//! What a user sees and sets of its own.

use credit_ledger::identity::Scope;
use events::UserId;
use serde_json::{Value, json};

use super::world::World;

#[tokio::test]
async fn preferences_come_back_as_they_were_set() {
    let world = World::new().await;
    let ann = world.signed_in("ann@mail.example").await;
    assert_eq!(ann.get("/auth/preferences").await.expect(200).json(), json!({}));
    let set = json!({ "theme": "dark", "n": 1.50, "deep": { "é": [null, true] } });
    ann.put("/auth/preferences", &set).await.expect(204);
    assert_eq!(ann.get("/auth/preferences").await.expect(200).json(), set);
    ann.put("/auth/preferences", &json!([])).await.problem(400, "bad-request");
    let large = json!({ "x": "y".repeat(20_000) });
    ann.put("/auth/preferences", &large).await.problem(413, "payload-too-large");
    assert_eq!(ann.get("/auth/preferences").await.expect(200).json(), set);
    let eve = world.signed_in("eve@mail.example").await;
    assert_eq!(eve.get("/auth/preferences").await.expect(200).json(), json!({}), "nobody else's");
    let renamed = ann.put("/auth/me", &json!({ "name": "Ann" })).await.expect(200).json();
    assert_eq!(renamed["name"], "Ann");
    ann.put("/auth/me", &json!({ "name": "" })).await.problem(400, "bad-request");
}

#[tokio::test]
async fn an_app_s_access_is_listed_and_taken_back() {
    let world = World::new().await;
    let ann = world.signed_in("ann@mail.example").await;
    let chat = world.app.with_scopes([Scope::CreditsCheck]).await;
    let app = chat.app_id.as_deref().expect("an app");
    let me = ann.get("/auth/me").await.expect(200).json();
    let user: UserId = me["user_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let scopes = "credits:check".parse().expect("scopes");
    let identity = &world.app.ledger.identity;
    identity.grant_access(user, app.parse().expect("an id"), scopes, None).await.expect("access");
    let listed = ann.get("/auth/apps").await.expect(200).json();
    assert_eq!(
        (&listed["data"][0]["app_id"], &listed["data"][0]["scopes"]),
        (&json!(app), &json!(["credits:check"]))
    );
    let check = json!({ "service": "chat", "cost": "1" });
    let checks = format!("/v1/wallets/{user}/checks");
    chat.post(&checks, &check).await.expect(200);
    ann.delete(&format!("/auth/apps/{app}")).await.expect(204);
    chat.post(&checks, &check).await.problem(403, "access-not-granted");
    ann.delete(&format!("/auth/apps/{app}")).await.problem(404, "not-found");
    assert_eq!(ann.get("/auth/apps").await.expect(200).json(), json!({ "data": [] }));
}

#[tokio::test]
async fn a_user_sees_what_was_done_in_its_name() {
    let world = World::new().await;
    let ann = world.signed_in("ann@mail.example").await;
    world.signed_in("eve@mail.example").await;
    let wrong = json!({ "email": "ann@mail.example", "password": "wrong password" });
    let failed = world.anyone().post("/auth/login", &wrong).header("user-agent", "A browser/1.0");
    failed.await.problem(401, "invalid-credentials");
    world.settle().await;
    let listed = ann.get("/auth/activity").await.expect(200).json();
    let kinds = |list: &Value| -> Vec<String> {
        let items = list["data"].as_array().expect("a list").iter();
        items
            .map(|item| {
                format!("{} {}", item["kind"].as_str().unwrap_or(""), item["outcome"].as_str().unwrap_or(""))
            })
            .collect()
    };
    let all = ["sign_in refused", "sign_in done", "email_verification done", "registration done"];
    assert_eq!(kinds(&listed), all);
    assert_eq!(
        (&listed["data"][0]["address"], &listed["data"][0]["user_agent"]),
        (&json!("127.0.0.1"), &json!("A browser/1.0"))
    );
    let first = ann.get("/auth/activity?kind=sign_in&limit=1").await.expect(200).json();
    assert_eq!(kinds(&first), all[..1]);
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let next = ann.get(&format!("/auth/activity?kind=sign_in&limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!(kinds(&next.json()), all[1..2]);
    ann.get(&format!("/auth/activity?limit=1&cursor={cursor}")).await.problem(400, "bad-request");
    for bad in ["kind=nonsense", "outcome=x", "limit=0", "limit=501", "from=now", "cursor=x"] {
        ann.get(&format!("/auth/activity?{bad}")).await.problem(400, "bad-request");
    }
    let other = "/auth/activity?user=7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";
    ann.get(other).await.problem(404, "not-found");
    let counts = world.app.operator().get("/v1/activity/counts?kind=sign_in").await.expect(200).json();
    let counts: Vec<_> = counts["data"]
        .as_array()
        .expect("counts")
        .iter()
        .map(|c| (c["outcome"].clone(), c["count"].clone()))
        .collect();
    assert_eq!(counts, [(json!("done"), json!(2)), (json!("refused"), json!(1))]);
}
