//! Refresh tokens: each counts once.

use futures::future::join_all;

use super::world::{Known, World, claims, error};

struct Family {
    world: World,
    client: Known,
    first: String,
    access: String,
}

async fn family(scope: &str) -> Family {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct credits:check offline_access").await;
    let user = world.user().await;
    let code = world.browser(user).await.let_in(&client, &[("scope", scope)]).await;
    let tokens = world.redeem(&client, &code).await.expect(200);
    let (first, access) = (tokens.member("refresh_token"), tokens.member("access_token"));
    Family { world, client, first, access }
}

#[tokio::test]
async fn a_lost_answer_is_given_again_for_ten_seconds() {
    let Family { world, client, first, .. } = family("openid credits:deduct").await;
    let second = world.refresh(&client, &first).await.expect(200);
    let successor = second.member("refresh_token");
    assert_ne!(successor, first);
    world.wait(10);
    let again = world.refresh(&client, &first).await.expect(200);
    assert_eq!(again.member("refresh_token"), successor, "the same successor");
    assert!(world.is_active(&client, &again.member("access_token")).await);
    let third = world.refresh(&client, &successor).await.expect(200);
    assert_ne!(third.member("refresh_token"), successor);
}

#[tokio::test]
async fn a_token_that_comes_again_later_ends_its_family() {
    let Family { world, client, first, access } = family("openid credits:deduct").await;
    let second = world.refresh(&client, &first).await.expect(200);
    let successor = second.member("refresh_token");
    world.wait(11);
    error(&world.refresh(&client, &first).await, 400, "invalid_grant");
    error(&world.refresh(&client, &successor).await, 400, "invalid_grant");
    for token in [&access, &second.member("access_token"), &successor] {
        assert!(!world.is_active(&client, token).await);
    }
    let facts = world.facts().await;
    assert_eq!(facts.iter().filter(|fact| *fact == "auth.refresh_reused.v1").count(), 1, "{facts:?}");
}

#[tokio::test]
async fn a_token_from_before_the_last_ends_its_family_at_once() {
    let Family { world, client, first, .. } = family("openid credits:deduct").await;
    let second = world.refresh(&client, &first).await.expect(200).member("refresh_token");
    let third = world.refresh(&client, &second).await.expect(200).member("refresh_token");
    error(&world.refresh(&client, &first).await, 400, "invalid_grant");
    error(&world.refresh(&client, &third).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_hundred_refreshes_at_once_get_one_successor() {
    let Family { world, client, first, .. } = family("openid credits:deduct").await;
    let answers = join_all((0..100).map(|_| world.refresh(&client, &first))).await;
    let given: Vec<_> = answers.into_iter().map(|answer| answer.expect(200)).collect();
    let mut successors: Vec<_> = given.iter().map(|answer| answer.member("refresh_token")).collect();
    successors.sort_unstable();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    let named = given.iter().map(|answer| claims(&answer.member("access_token"))["jti"].to_string());
    assert_eq!(named.collect::<std::collections::BTreeSet<_>>().len(), 1, "one access token as well");
    world.refresh(&client, &successors[0]).await.expect(200);
}

#[tokio::test]
async fn every_access_token_of_a_family_ends_with_it() {
    let Family { world, client, first, access } = family("openid credits:deduct offline_access").await;
    let (mut tokens, mut current) = (vec![access], first.clone());
    let mut before = first.clone();
    for _ in 0..10 {
        let next = world.refresh(&client, &current).await.expect(200);
        tokens.push(next.member("access_token"));
        before = std::mem::replace(&mut current, next.member("refresh_token"));
    }
    // Lost answers that were given again, one by one and at once.
    tokens.push(world.refresh(&client, &before).await.expect(200).member("access_token"));
    let again = join_all((0..10).map(|_| world.refresh(&client, &before))).await;
    tokens.extend(again.into_iter().map(|answer| answer.expect(200).member("access_token")));
    for token in &tokens {
        assert!(world.is_active(&client, token).await);
    }
    error(&world.refresh(&client, &first).await, 400, "invalid_grant");
    for (number, token) in tokens.iter().enumerate() {
        assert!(!world.is_active(&client, token).await, "{number} of {}", tokens.len());
    }
}

#[tokio::test]
async fn a_family_gives_as_many_access_tokens_as_it_can_end() {
    let Family { world, client, mut first, .. } = family("openid credits:deduct").await;
    for _ in 0..31 {
        first = world.refresh(&client, &first).await.expect(200).member("refresh_token");
    }
    world.wait(10);
    let full = world.refresh(&client, &first).await;
    error(&full, 429, "temporarily_unavailable");
    assert_eq!(full.header("retry-after"), "895", "until the first is accepted nowhere any more");
    world.wait(895);
    world.refresh(&client, &first).await.expect(200);
}

#[tokio::test]
async fn what_is_taken_from_a_client_ends_in_its_tokens_and_families() {
    let Family { world, client, first, access } = family("openid credits:deduct credits:check").await;
    let identity = &world.app.ledger.identity;
    let may = async |scopes: &str| {
        let mut narrower = identity.client(client.app).expect("a client");
        narrower.scopes = scopes.parse().expect("scopes");
        identity.set_client(client.app, narrower, None).await.expect("a client");
    };
    let user = claims(&access)["sub"].as_str().expect("a user").to_owned();
    let bearer = world.bearer(&access);
    let spends = async || {
        let body = serde_json::json!({ "service": "video", "cost": "1" });
        bearer.post(&format!("/v1/wallets/{user}/deductions"), &body).key("d").await
    };
    let says = async || {
        let seen = world.post("/oauth/introspect", &client, &[("token", &access)]).await.expect(200);
        seen.json()["scope"].as_str().map(str::to_owned)
    };
    // It may spend, and has nothing yet.
    spends().await.problem(404, "not-found");
    may("openid credits:check").await;
    spends().await.problem(403, "forbidden");
    assert_eq!(says().await.as_deref(), Some("credits:check openid"));
    let next = world.refresh(&client, &first).await.expect(200);
    assert_eq!(next.json()["scope"], "credits:check openid");
    may("credits:read").await;
    let current = next.member("refresh_token");
    error(&world.refresh(&client, &current).await, 400, "invalid_grant");
    // What it gets back, it has again.
    may("openid credits:check credits:deduct").await;
    assert_eq!(says().await.as_deref(), Some("credits:check credits:deduct openid"));
    let again = world.refresh(&client, &current).await.expect(200);
    assert_eq!(again.json()["scope"], "credits:check credits:deduct openid");
    spends().await.problem(404, "not-found");
}

#[tokio::test]
async fn nobody_else_can_use_or_end_a_family() {
    let Family { world, client, first, .. } = family("openid credits:deduct").await;
    let other = world.client("other", "openid").await;
    error(&world.refresh(&other, &first).await, 400, "invalid_grant");
    world.post("/oauth/revoke", &other, &[("token", &first)]).await.expect(200);
    let last = if first.ends_with('A') { "Q" } else { "A" };
    let forged = format!("{}{last}", &first[..first.len() - 1]);
    error(&world.refresh(&client, &forged).await, 400, "invalid_grant");
    world.post("/oauth/revoke", &client, &[("token", &forged)]).await.expect(200);
    assert!(!world.is_active(&other, &first).await);
    world.refresh(&client, &first).await.expect(200);
}

#[tokio::test]
async fn a_refresh_may_ask_for_less_and_not_for_more() {
    let Family { world, client, first, .. } = family("openid credits:deduct").await;
    let with = |scope: &'static str, token: String| {
        let (world, client) = (&world, &client);
        async move {
            let form = [("grant_type", "refresh_token"), ("refresh_token", &*token), ("scope", scope)];
            world.token(client, &form).await
        }
    };
    error(&with("credits:check", first.clone()).await, 400, "invalid_scope");
    let less = with("credits:deduct", first).await.expect(200);
    assert_eq!(less.json()["scope"], "credits:deduct");
    assert!(less.json().get("id_token").is_none());
    let all = world.refresh(&client, &less.member("refresh_token")).await.expect(200);
    assert_eq!(all.json()["scope"], "credits:deduct openid");
}

#[tokio::test]
async fn tokens_end_with_the_session_unless_they_are_for_offline() {
    for (scope, lasts) in [("openid credits:deduct", false), ("openid credits:deduct offline_access", true)] {
        let Family { world, client, first, access } = family(scope).await;
        let said = claims(&access);
        assert_eq!(said["sid"].is_null(), lasts);
        let user = said["sub"].as_str().expect("a user").parse().expect("a UUID");
        let mut browser = world.browser(events::UserId(user)).await;
        // The session in which the app was let in, and another one.
        let sessions = [said["sid"].as_str().and_then(|text| text.parse().ok()), browser.session];
        let identity = &world.app.ledger.identity;
        for session in sessions.into_iter().flatten() {
            identity
                .revoke_session(events::UserId(user), session, None, "logout", None)
                .await
                .expect("ended");
        }
        assert_eq!(world.is_active(&client, &access).await, lasts, "{scope}");
        assert_eq!(world.refresh(&client, &first).await.status == 200, lasts, "{scope}");
        assert!(browser.get("/logout").await.text().contains("Signed out"));
    }
}

#[tokio::test]
async fn all_ends_with_the_access_and_with_the_user() {
    for ends in ["access", "user", "password", "client"] {
        let Family { world, client, first, access } = family("openid credits:deduct offline_access").await;
        let identity = &world.app.ledger.identity;
        let user = events::UserId(claims(&access)["sub"].as_str().expect("a user").parse().expect("a UUID"));
        world.wait(1);
        match ends {
            "access" => identity.revoke_access(user, client.app, None).await.expect("revoked"),
            "user" => identity.disable_user(user, "operator", None).await.expect("disabled"),
            "password" => identity.password_changed(user, None).await.expect("changed"),
            _ => {
                let mut disabled = identity.client(client.app).expect("a client");
                disabled.disabled = true;
                identity.set_client(client.app, disabled, None).await.expect("disabled");
            }
        }
        let answer = world.refresh(&client, &first).await;
        let (status, code) = if ends == "client" { (401, "invalid_client") } else { (400, "invalid_grant") };
        error(&answer, status, code);
        if ends != "client" {
            assert!(!world.is_active(&client, &access).await, "{ends}");
        }
    }
}

#[tokio::test]
async fn a_family_that_lies_unused_ends() {
    let Family { world, client, first, .. } = family("openid credits:deduct offline_access").await;
    world.wait(30 * 24 * 3_600 - 1);
    let next = world.refresh(&client, &first).await.expect(200).member("refresh_token");
    world.wait(30 * 24 * 3_600);
    error(&world.refresh(&client, &next).await, 400, "invalid_grant");
}
