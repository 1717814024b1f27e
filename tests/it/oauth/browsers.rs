//! Forms and cookies: nobody else's page signs a browser in, agrees for its user or signs it out.

use super::world::{World, hidden, sent_back};

#[tokio::test]
async fn a_form_counts_only_from_our_own_page_in_the_same_browser() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let user = world.user().await;
    let mut browser = world.browser(user).await;
    let page = browser.authorize(&client, &[]).await.expect(200);
    let (csrf, request) = (hidden(&page, "csrf"), hidden(&page, "request"));
    let form = [("csrf", &*csrf), ("request", &request), ("decision", "allow")];
    for site in ["cross-site", "same-site"] {
        browser.post_from(site, "/oauth/consent", &form).await.expect(403);
        browser.post_from(site, "/login", &form).await.expect(403);
        browser.post_from(site, "/logout", &form).await.expect(403);
    }
    for wrong in ["", "x", &csrf[1..]] {
        let form = [("csrf", wrong), ("request", &*request), ("decision", "allow")];
        browser.post("/oauth/consent", &form).await.expect(403);
    }
    // Another browser's token, and a browser without the cookie.
    let mut other = world.browser(user).await;
    let others = hidden(&other.authorize(&client, &[]).await.expect(200), "csrf");
    assert_ne!(others, csrf);
    let form_of_other = [("csrf", &*others), ("request", &*request), ("decision", "allow")];
    browser.post("/oauth/consent", &form_of_other).await.expect(403);
    world.browser(user).await.post("/oauth/consent", &form).await.expect(403);
    assert!(world.app.ledger.identity.access(user, client.app).is_none(), "nobody has agreed");
    sent_back(&browser.post("/oauth/consent", &form).await);
}

#[tokio::test]
async fn a_user_may_say_no() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let user = world.user().await;
    let mut browser = world.browser(user).await;
    let page = browser.authorize(&client, &[]).await.expect(200);
    let back = sent_back(&browser.decide(&page, "deny").await);
    assert_eq!((&*back["error"], &*back["state"]), ("access_denied", "a state"));
    assert!(world.app.ledger.identity.access(user, client.app).is_none());
}

#[tokio::test]
async fn a_tampered_request_is_checked_again() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let mut browser = world.browser(world.user().await).await;
    let page = browser.authorize(&client, &[]).await.expect(200);
    let (csrf, request) = (hidden(&page, "csrf"), hidden(&page, "request"));
    let elsewhere = request.replace("app.example", "evil.example");
    let form = [("csrf", &*csrf), ("request", &*elsewhere), ("decision", "allow")];
    assert_eq!(browser.post("/oauth/consent", &form).await.expect(400).header("location"), "");
    let more = request.replace("deduct", "grant");
    let form = [("csrf", &*csrf), ("request", &*more), ("decision", "allow")];
    assert_eq!(sent_back(&browser.post("/oauth/consent", &form).await)["error"], "invalid_scope");
}

#[tokio::test]
async fn a_customer_lets_an_app_do_no_more_than_a_customer_may() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct credits:grant admin").await;
    let user = world.user().await;
    let mut browser = world.browser(user).await;
    let page = browser.authorize(&client, &[("scope", "openid credits:deduct credits:grant admin")]).await;
    assert!(!page.expect(200).text().contains("whole organization"));
    let code = browser.let_in(&client, &[("scope", "openid credits:deduct credits:grant admin")]).await;
    let tokens = world.redeem(&client, &code).await.expect(200).json();
    assert_eq!(tokens["scope"], "credits:deduct openid");
}

#[tokio::test]
async fn nobody_is_asked_for_an_app_of_the_house_and_the_access_is_recorded() {
    let world = World::new().await;
    let client = world.client_with("own", "openid credits:deduct", |client| client.first_party = true).await;
    let user = world.user().await;
    let mut browser = world.browser(user).await;
    sent_back(&browser.authorize(&client, &[("prompt", "none")]).await);
    assert!(world.app.ledger.identity.access(user, client.app).is_some());
}

#[tokio::test]
async fn a_cookie_that_is_wrong_or_old_signs_nobody_in() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let user = world.user().await;
    let good = world.browser(user).await.cookies["__Host-session"].clone();
    let last = if good.ends_with('A') { "Q" } else { "A" };
    let forged = format!("{}{last}", &good[..good.len() - 1]);
    for cookie in [forged.as_str(), "x", "clb_", &good.to_uppercase()] {
        let mut browser = world.stranger();
        browser.cookies.insert("__Host-session".into(), cookie.to_owned());
        let answer = browser.authorize(&client, &[]).await.expect(303);
        assert!(answer.header("location").starts_with("/login?"), "{cookie}");
    }
    let mut browser = world.stranger();
    browser.cookies.insert("__Host-session".into(), good);
    browser.authorize(&client, &[]).await.expect(200);
    world.wait(31 * 24 * 3_600);
    assert!(browser.authorize(&client, &[]).await.expect(303).header("location").starts_with("/login?"));
}

#[tokio::test]
async fn a_user_of_another_organization_is_sent_back() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let identity = &world.app.ledger.identity;
    let other = identity.register_organization("elsewhere", None).await.expect("an organization").id;
    let user = identity.register_user(other, None, None, None).await.expect("a user");
    let back = sent_back(&world.browser(user).await.authorize(&client, &[]).await);
    assert_eq!(&*back["error"], "access_denied");
}
