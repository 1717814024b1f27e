//! Passwords: changed by who knows them, set anew by who reads the mail; every session ends.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use super::world::{PASSWORD, World};

const NEW: &str = "another horse battery";

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let world = World::new().await;
    let ann = world.signed_in("ann@mail.example").await;
    let other = world.login("ann@mail.example", PASSWORD).await;
    let ask = async |current: &str, new: &str| {
        let request = json!({ "current_password": current, "new_password": new });
        ann.post("/auth/password", &request).await
    };
    ask("wrong password", NEW).await.problem(401, "invalid-credentials");
    ask(PASSWORD, "short").await.problem(422, "password-refused");
    ask(PASSWORD, "ann@mail.example").await.problem(422, "password-refused");
    world.app.clock.advance(Duration::from_millis(2));
    ask(PASSWORD, NEW).await.expect(204);
    for token in [ann.token.as_deref().expect("a token"), &other.access] {
        world.bearer(token).get("/auth/me").await.problem(401, "unauthenticated");
    }
    let refresh = world.anyone().post("/auth/refresh", &json!({ "refresh_token": other.refresh }));
    refresh.await.problem(401, "invalid-credentials");
    let old = json!({ "email": "ann@mail.example", "password": PASSWORD });
    world.anyone().post("/auth/login", &old).await.problem(401, "invalid-credentials");
    world.app.clock.advance(Duration::from_millis(2));
    let next = world.login("ann@mail.example", NEW).await;
    world.bearer(&next.access).get("/auth/me").await.expect(200);
    let mails = world.mails("ann@mail.example").await;
    assert!(mails.last().expect("a mail").contains("password was changed"), "{mails:?}");
}

#[tokio::test]
async fn a_password_is_set_anew_by_mail_once() {
    let world = World::new().await;
    let ann = world.signed_in("ann@mail.example").await;
    let ask = async |email: &str| {
        let told = world.anyone().post("/auth/password/reset", &json!({ "email": email })).await.expect(202);
        assert_eq!(told.json(), json!({ "status": "mail-on-its-way" }));
    };
    ask("ann@mail.example").await;
    ask("nobody@mail.example").await;
    let token = world.token("ann@mail.example").await;
    let nobodys = world.mails("nobody@mail.example").await;
    assert!(nobodys[0].contains("no account") && !nobodys[0].contains("?token="), "{}", nobodys[0]);
    world.app.clock.advance(Duration::from_millis(2));
    let set = async |token: &str, new: &str| {
        let request = json!({ "token": token, "new_password": new });
        world.anyone().put("/auth/password/reset", &request).await
    };
    set(&token, "short").await.problem(422, "password-refused");
    let verify = world.anyone().post("/auth/verify-email", &json!({ "token": token }));
    verify.await.problem(400, "invalid-link");
    // 20 at once: one does it.
    let all = join_all((0..20).map(|_| set(&token, NEW))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 204).count(), 1);
    assert!(all.iter().all(|answer| [204, 400].contains(&answer.status)));
    ann.get("/auth/me").await.problem(401, "unauthenticated");
    world.app.clock.advance(Duration::from_millis(2));
    world.login("ann@mail.example", NEW).await;
    // A link holds for half an hour.
    ask("ann@mail.example").await;
    let token = world.token("ann@mail.example").await;
    world.app.clock.advance(Duration::from_secs(30 * 60));
    set(&token, PASSWORD).await.problem(400, "invalid-link");
}

/// The mail reaches the owner, so a password that is set by it also confirms the address.
#[tokio::test]
async fn who_never_confirmed_can_set_a_password() {
    let world = World::new().await;
    world.register("ann@mail.example", "the attacker's own").await;
    let attackers = world.token("ann@mail.example").await;
    world.anyone().post("/auth/password/reset", &json!({ "email": "ann@mail.example" })).await.expect(202);
    let token = world.token("ann@mail.example").await;
    let request = json!({ "token": token, "new_password": NEW });
    world.anyone().put("/auth/password/reset", &request).await.expect(204);
    let late = world.anyone().post("/auth/verify-email", &json!({ "token": attackers }));
    late.await.problem(400, "invalid-link");
    world.login("ann@mail.example", NEW).await;
}
