//! Signing out, here or from an app: it ends the session in every app.

use std::net::{IpAddr, Ipv4Addr};

use credit_ledger::{
    clock::Clock,
    identity::{
        Denial,
        users::{Origin, UserError},
    },
};

use super::world::{SIGNED_OUT, World, error, hidden};

fn origin() -> Origin {
    Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), agent: "a test".into() }
}

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

#[tokio::test]
async fn an_ended_session_stays_ended_when_its_end_is_forgotten() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let user = world.user().await;
    let mut browser = world.browser(user).await;
    let code = browser.let_in(&client, &[]).await;
    let refresh = world.redeem(&client, &code).await.expect(200).member("refresh_token");
    let session = browser.session.expect("a session");
    let (identity, users) = (&world.app.ledger.identity, &world.app.ledger.auth.users);
    let issued = world.app.clock.now();
    let ended = || {
        let session = Some(session);
        identity.denied(&Denial { token: None, session, user: Some(user), app: Some(client.app), issued })
    };
    users.end_session(user, session, "revoked", &origin()).await.expect("ended");
    assert!(ended());
    world.wait(2 * 3_600);
    // The directory forgets old ends as it learns of others.
    let other = world.browser(user).await.session.expect("a session");
    users.end_session(user, other, "revoked", &origin()).await.expect("ended");
    assert!(!ended(), "the directory has forgotten it");
    let answer = browser.authorize(&client, &[]).await.expect(303);
    assert!(answer.header("location").starts_with("/login?"), "{}", answer.header("location"));
    assert!(!world.is_active(&client, &refresh).await);
    error(&world.refresh(&client, &refresh).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_browser_stays_signed_in_for_a_month() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let mut browser = world.browser(world.user().await).await;
    browser.let_in(&client, &[]).await;
    world.wait(30 * 24 * 3_600 - 1);
    browser.let_in(&client, &[]).await;
}

#[tokio::test]
async fn a_refresh_at_the_ledger_itself_asks_whether_the_session_has_ended() {
    let world = World::new().await;
    let (identity, users) = (&world.app.ledger.identity, &world.app.ledger.auth.users);
    let user = world.user().await;
    let known = identity.user(user).expect("a user");
    for one in [true, false] {
        let begun = users.begin_with_tokens(&known, "password", None, &origin()).await.expect("tokens");
        let next = users.refresh(&begun.refresh_token, &origin()).await.expect("tokens").refresh_token;
        // The fact is there, and the row of the session is not gone yet.
        if one {
            identity.revoke_session(user, begun.session, None, "revoked", None).await.expect("ended");
        } else {
            let before = world.app.clock.now().plus_micros(1_000);
            identity.revoke_sessions(user, before, "revoked", None).await.expect("ended");
        }
        let answer = users.refresh(&next, &origin()).await;
        assert!(matches!(answer, Err(UserError::InvalidRefresh)), "{answer:?}");
    }
}

#[tokio::test]
async fn another_site_s_form_goes_on_by_get_with_what_a_request_may_have() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let mut browser = world.browser(world.user().await).await;
    let code = browser.let_in(&client, &[]).await;
    let id = world.redeem(&client, &code).await.expect(200).member("id_token");
    let form = [("id_token_hint", &*id), ("client_id", "app"), ("password", "hush"), ("state", "s")];
    // As browsers do it: without the cookie.
    let answer = world.stranger().post_from("cross-site", "/oauth/logout", &form).await.expect(303);
    let location = answer.header("location").to_owned();
    assert_eq!(location, format!("/oauth/logout?id_token_hint={id}&client_id=app&state=s"));
    assert_eq!(answer.header("set-cookie"), "");
    assert!(browser.get(&location).await.expect(200).text().contains("Signed out"));
    assert!(!browser.cookies.contains_key("__Host-session"));
    let form = [("client_id", "app"), ("password", "hush"), ("resource", "a"), ("resource", "b")];
    let answer = world.stranger().post_from("cross-site", "/oauth/authorize", &form).await.expect(303);
    assert_eq!(answer.header("location"), "/oauth/authorize?client_id=app&resource=a&resource=b");
}
