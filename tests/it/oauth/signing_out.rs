//! Signing out, here or from an app: it ends the session in every app.

use super::world::{SIGNED_OUT, World, hidden};

#[tokio::test]
async fn signing_out_ends_both_apps() {
    let world = World::new().await;
    let (one, two) = (
        world.client("one", "openid credits:deduct").await,
        world.client("two", "openid credits:deduct").await,
    );
    let mut browser = world.browser(world.user().await).await;
    let mut tokens = Vec::new();
    for client in [&one, &two] {
        // The second needs no password.
        let code = browser.let_in(client, &[]).await;
        let answer = world.redeem(client, &code).await.expect(200);
        tokens.push((client, answer.member("access_token"), answer.member("refresh_token")));
    }
    let page = browser.get("/logout").await.expect(200);
    browser.post("/logout", &[("csrf", &hidden(&page, "csrf"))]).await.expect(200);
    assert!(!browser.cookies.contains_key("__Host-session"));
    for (client, access, refresh) in &tokens {
        assert!(!world.is_active(client, access).await && !world.is_active(client, refresh).await);
    }
    let facts = world.facts().await;
    assert_eq!(facts.iter().filter(|fact| *fact == "auth.session_revoked.v1").count(), 1, "{facts:?}");
}

#[tokio::test]
async fn an_app_signs_its_user_out_and_gets_the_browser_back() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let user = world.user().await;
    let mut browser = world.browser(user).await;
    let code = browser.let_in(&client, &[]).await;
    let tokens = world.redeem(&client, &code).await.expect(200);
    let id = tokens.member("id_token");
    let path = |more: &str| format!("/oauth/logout?id_token_hint={id}&{more}");
    for wrong in [
        path("post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F"),
        path("post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye%2F"),
        path("client_id=other"),
        "/oauth/logout?id_token_hint=x.y.z".to_owned(),
        format!("/oauth/logout?id_token_hint={}", tokens.member("access_token")),
        "/oauth/logout?post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye".to_owned(),
    ] {
        assert_eq!(browser.get(&wrong).await.expect(400).header("location"), "", "{wrong}");
    }
    assert!(world.is_active(&client, &tokens.member("access_token")).await, "nothing ended yet");
    // Long after the ID token has expired.
    world.wait(3_600);
    let uri = "https%3A%2F%2Fapp.example%2Fbye";
    let answer = browser.get(&path(&format!("post_logout_redirect_uri={uri}&state=s"))).await.expect(303);
    assert_eq!(answer.header("location"), format!("{SIGNED_OUT}?state=s"));
    assert!(!browser.cookies.contains_key("__Host-session"));
    assert!(!world.is_active(&client, &tokens.member("refresh_token")).await);
    // Once more, with nobody signed in.
    browser.get(&path("")).await.expect(200);
}

#[tokio::test]
async fn without_a_hint_that_fits_the_user_is_asked() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let mut theirs = world.browser(world.user().await).await;
    let code = theirs.let_in(&client, &[]).await;
    let id = world.redeem(&client, &code).await.expect(200).member("id_token");
    let mut browser = world.browser(world.user().await).await;
    for path in [
        "/oauth/logout".to_owned(),
        "/oauth/logout?client_id=app".to_owned(),
        format!("/oauth/logout?id_token_hint={id}"),
    ] {
        let page = browser.get(&path).await.expect(200);
        assert!(page.text().contains("Sign out?"), "{path}");
    }
    assert!(browser.cookies.contains_key("__Host-session"));
}
