//! Nothing secret is ever written to the log, to answers about something else, or to a redirect.

use super::world::{World, authorize, hidden};

#[tokio::test]
async fn no_event_holds_a_secret() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let mut browser = world.browser(world.user().await).await;
    let code = browser.let_in(&client, &[("state", "canary-state"), ("nonce", "canary-nonce")]).await;
    let tokens = world.redeem(&client, &code).await.expect(200);
    let refresh = tokens.member("refresh_token");
    let next = world.refresh(&client, &refresh).await.expect(200).member("refresh_token");
    world.wait(11);
    world.refresh(&client, &refresh).await.expect(400);
    world.redeem(&client, &code).await.expect(400);
    let mut canaries = vec![code, refresh, next, tokens.member("access_token"), tokens.member("id_token")];
    canaries.extend(["canary-state".to_owned(), "canary-nonce".to_owned()]);
    canaries.extend(client.secret.clone());
    canaries.extend(browser.cookies.values().cloned());
    let stored = world.app.stored_from(1).await;
    let metrics = world.app.operator().get("/metrics").await.expect(200);
    for canary in &canaries {
        // What comes before may be an id, which is no secret.
        let secret = &canary[canary.len().saturating_sub(20)..];
        assert!(!stored.iter().any(|event| event.contains(secret)), "{canary}");
        assert!(!metrics.text().contains(secret), "{canary}");
    }
}

#[tokio::test]
async fn an_error_repeats_nothing_of_what_was_sent() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let canary = "canary-7f3a";
    let token = world.refresh(&client, canary).await;
    let code = world.redeem(&client, canary).await;
    let form = [("grant_type", canary), ("scope", canary), ("client_id", canary), ("client_secret", canary)];
    let client = world.form("/oauth/token", &form).await;
    let mut stranger = world.stranger();
    let uri = stranger.get(&authorize(canary, &[("redirect_uri", canary)])).await;
    for answer in [token, code, client, uri] {
        assert!(answer.status >= 400 && !answer.text().contains(canary), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_wrong_password_is_not_given_back() {
    let world = World::new().await;
    let mut stranger = world.stranger();
    let page = stranger.get("/login").await.expect(200);
    let csrf = hidden(&page, "csrf");
    let form = [
        ("csrf", &*csrf),
        ("email", "a@b.example"),
        ("password", "canary-password"),
        ("next", "//evil.example"),
    ];
    let answer = stranger.post("/login", &form).await.expect(401);
    assert!(answer.text().contains("a@b.example") && !answer.text().contains("canary-password"));
    assert!(!answer.text().contains("evil"));
    assert!(!stranger.cookies.contains_key("__Host-session"));
}
