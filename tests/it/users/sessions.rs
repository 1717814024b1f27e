//! Sessions: refresh tokens are good once, and what is ended has ended at once.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::{PASSWORD, Tokens, World};

const DAY: Duration = Duration::from_secs(86_400);

async fn refresh(world: &World, token: &str) -> crate::support::app::Answer {
    world.anyone().post("/auth/refresh", &json!({ "refresh_token": token })).await
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_answer_can_be_lost() {
    let world = World::new().await;
    world.user("ann@mail.example").await;
    let first = world.login("ann@mail.example", PASSWORD).await;
    let second = Tokens::of(&refresh(&world, &first.refresh).await.expect(200).json());
    world.bearer(&second.access).get("/auth/me").await.expect(200);
    // The answer was lost: the same successor.
    world.app.clock.advance(Duration::from_secs(10));
    let again = Tokens::of(&refresh(&world, &first.refresh).await.expect(200).json());
    assert_eq!(again.refresh, second.refresh);
    let third = Tokens::of(&refresh(&world, &second.refresh).await.expect(200).json());
    // The first one comes once more: two have it, so the session ends.
    refresh(&world, &first.refresh).await.problem(401, "invalid-credentials");
    refresh(&world, &third.refresh).await.problem(401, "invalid-credentials");
    world.bearer(&third.access).get("/auth/me").await.problem(401, "unauthenticated");
    assert!(world.activity().await.contains(&"security_alert refused refresh token reused".to_owned()));
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let world = World::new().await;
    world.user("ann@mail.example").await;
    let tokens = world.login("ann@mail.example", PASSWORD).await;
    let cut = &tokens.refresh[..tokens.refresh.len() - 2];
    for wrong in ["", "clr_", &tokens.access, cut, &format!("{cut}AA"), &tokens.refresh.to_uppercase()] {
        refresh(&world, wrong).await.problem(401, "invalid-credentials");
    }
    // It lives for 30 days, unless it is used.
    world.app.clock.advance(29 * DAY);
    let next = Tokens::of(&refresh(&world, &tokens.refresh).await.expect(200).json());
    world.app.clock.advance(30 * DAY);
    refresh(&world, &next.refresh).await.problem(401, "invalid-credentials");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_no_other() {
    let world = World::new().await;
    world.user("ann@mail.example").await;
    let [one, two] =
        [world.login("ann@mail.example", PASSWORD).await, world.login("ann@mail.example", PASSWORD).await];
    world.bearer(&one.access).post("/auth/logout", &json!({})).await.expect(204);
    world.bearer(&one.access).get("/auth/me").await.problem(401, "unauthenticated");
    refresh(&world, &one.refresh).await.problem(401, "invalid-credentials");
    world.bearer(&two.access).get("/auth/me").await.expect(200);
    let stored = world.app.stored_from(0).await.join("\n");
    assert!(stored.contains("auth.session_revoked") && stored.contains("\"logout\""), "it is a fact");
}

#[tokio::test]
async fn a_user_sees_its_sessions_and_ends_them() {
    let world = World::new().await;
    let ann = world.signed_in("ann@mail.example").await;
    let other = world.login("ann@mail.example", PASSWORD).await;
    let listed = ann.get("/auth/sessions").await.expect(200).json();
    let sessions = listed["data"].as_array().expect("a list");
    let current: Vec<_> = sessions.iter().map(|session| session["current"] == true).collect();
    assert_eq!((sessions.len(), current.iter().filter(|current| **current).count()), (2, 1));
    assert!(sessions.iter().all(|s| s["method"] == "password" && s["address"] == "127.0.0.1"), "{listed}");
    let others: Vec<&Value> = sessions.iter().filter(|session| session["current"] == false).collect();
    let path = format!("/auth/sessions/{}", others[0]["session_id"].as_str().expect("an id"));
    // Nobody else's.
    let eve = world.signed_in("eve@mail.example").await;
    eve.delete(&path).await.problem(404, "not-found");
    eve.delete("/auth/sessions/nonsense").await.problem(404, "not-found");
    ann.delete(&path).await.expect(204);
    world.bearer(&other.access).get("/auth/me").await.problem(401, "unauthenticated");
    ann.delete(&path).await.problem(404, "not-found");
    ann.delete("/auth/sessions").await.expect(204);
    ann.get("/auth/me").await.problem(401, "unauthenticated");
    eve.get("/auth/me").await.expect(200);
    // A new login works at once.
    world.app.clock.advance(Duration::from_millis(2));
    let next = world.login("ann@mail.example", PASSWORD).await;
    world.bearer(&next.access).get("/auth/me").await.expect(200);
}
