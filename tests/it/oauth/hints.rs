//! `id_token_hint` at the authorization endpoint: nobody but the user that it names is answered for.

use super::world::{Browser, Known, World, hidden, sent_back};

/// Signs the user in through the app and gives the ID token.
async fn id_token(world: &World, client: &Known, user: events::UserId) -> String {
    let code = world.browser(user).await.let_in(client, &[]).await;
    world.redeem(client, &code).await.expect(200).member("id_token")
}

/// What the client is told with this hint and nothing shown: `code`, or the error.
async fn silently(browser: &mut Browser<'_>, client: &Known, hint: &str) -> String {
    let answer = browser.authorize(client, &[("prompt", "none"), ("id_token_hint", hint)]).await;
    let back = sent_back(&answer);
    back.get("error").cloned().unwrap_or_else(|| format!("code {}", !back["code"].is_empty()))
}

#[tokio::test]
async fn nobody_is_answered_for_but_whom_the_hint_names() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let (bob, carl) = (world.user().await, world.user().await);
    let (of_bob, of_carl) = (id_token(&world, &client, bob).await, id_token(&world, &client, carl).await);
    let (mut bobs, mut carls) = (world.browser(bob).await, world.browser(carl).await);
    assert_eq!(silently(&mut bobs, &client, &of_bob).await, "code true");
    assert_eq!(silently(&mut carls, &client, &of_carl).await, "code true");
    assert_eq!(silently(&mut carls, &client, &of_bob).await, "login_required");
    assert_eq!(silently(&mut world.stranger(), &client, &of_bob).await, "login_required");
    // It says who, and is no credential: an old one will do.
    world.wait(24 * 3_600);
    assert_eq!(silently(&mut bobs, &client, &of_bob).await, "code true");
    assert_eq!(silently(&mut carls, &client, &of_bob).await, "login_required");
}

#[tokio::test]
async fn a_hint_that_is_no_id_token_of_ours_is_refused() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let user = world.user().await;
    let mut browser = world.browser(user).await;
    let code = browser.let_in(&client, &[]).await;
    let tokens = world.redeem(&client, &code).await.expect(200);
    let id = tokens.member("id_token");
    let other = if id.ends_with('A') { "Q" } else { "A" };
    let forged = format!("{}{other}", &id[..id.len() - 1]);
    for junk in ["x", "x.y.z", &*tokens.member("access_token"), &forged] {
        assert_eq!(silently(&mut browser, &client, junk).await, "invalid_request", "{junk}");
        assert_eq!(silently(&mut world.stranger(), &client, junk).await, "invalid_request", "{junk}");
    }
}

#[tokio::test]
async fn who_signs_in_as_somebody_else_than_the_hint_names_is_not_asked_again() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let (bob, carl) = (world.user().await, world.user().await);
    let hint = id_token(&world, &client, bob).await;
    let mut carls = world.browser(carl).await;
    let login = carls.authorize(&client, &[("id_token_hint", &hint)]).await.expect(303);
    let login = login.header("location").to_owned();
    assert!(login.starts_with("/login?next="), "{login}");
    // Where the sign-in leads, whoever signs in.
    let next = hidden(&carls.get(&login).await.expect(200), "next");
    assert_eq!(sent_back(&carls.get(&next).await)["error"], "login_required");
    let again = world.stranger().get(&next).await.expect(303);
    assert!(again.header("location").starts_with("/login?next="));
    assert!(sent_back(&world.browser(bob).await.get(&next).await).contains_key("code"));
}

#[tokio::test]
async fn the_page_that_asks_for_consent_asks_the_user_of_the_hint() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let (bob, carl) = (world.user().await, world.user().await);
    let hint = id_token(&world, &client, bob).await;
    let mut carls = world.browser(carl).await;
    let page = carls.authorize(&client, &[]).await.expect(200);
    let request = format!("{}&id_token_hint={hint}", hidden(&page, "request"));
    let csrf = hidden(&page, "csrf");
    let form = [("csrf", &*csrf), ("request", &*request), ("decision", "allow")];
    let answer = carls.post("/oauth/consent", &form).await.expect(303);
    assert!(answer.header("location").starts_with("/login?next="), "{}", answer.header("location"));
    assert!(world.app.ledger.identity.access(carl, client.app).is_none(), "nobody was asked");
}

#[tokio::test]
async fn a_form_may_have_a_hint_and_says_nothing_of_a_sign_in() {
    let world = World::new().await;
    let form = [("client_id", "app"), ("id_token_hint", "x"), ("signed_in", "1")];
    let answer = world.form("/oauth/authorize", &form).await.expect(303);
    assert_eq!(answer.header("location"), "/oauth/authorize?client_id=app&id_token_hint=x");
}
