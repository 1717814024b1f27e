//! Where browsers are sent: nowhere, until client and redirect URI are known, and then with an answer.

use super::world::{World, authorize, sent_back};

#[tokio::test]
async fn an_unknown_address_is_shown_and_never_followed() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let mut browser = world.browser(world.user().await).await;
    for redirect in [
        "https://evil.example/callback",
        "//app.example/callback",
        "https://app.example@evil.example/callback",
        "https://user@app.example/callback",
        "https://app.example\\@evil.example/callback",
        "https:\\\\app.example\\callback",
        "https://app.example/callback/../x",
        "https://app.example/x/../callback",
        "https://app.example/%2e%2e/callback",
        "https://app.example/callback/",
        "https://app.example/callback?x=y",
        "https://app.example/callback#x",
        "https://app.example:443/callback",
        "https://app.example:8443/callback",
        "https://APP.example/callback",
        "HTTPS://app.example/callback",
        "https://app.example/Callback",
        "http://app.example/callback",
        "https://app.example/callback\r\nLocation: https://evil.example",
        "https://app.example/callback%0d%0a",
        "https://app.example.evil.example/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "/callback",
        "callback",
        " https://app.example/callback",
        "https://app.example/callback\0",
    ] {
        for more in [
            [("redirect_uri", redirect), ("x", "y")],
            [("redirect_uri", redirect), ("response_type", "token")],
        ] {
            let answer = browser.authorize(&client, &more).await;
            assert_eq!(answer.status, 400, "{redirect}");
            assert!(answer.header("content-type").starts_with("text/html"), "{redirect}");
            assert!(!answer.headers.contains_key("location") && !answer.headers.contains_key("refresh"));
            assert!(!answer.text().contains("evil"), "{redirect}");
        }
    }
    for path in [authorize("nobody", &[]), authorize("", &[]), authorize("app", &[("redirect_uri", "")])] {
        assert_eq!(browser.get(&path).await.expect(400).header("location"), "");
    }
    let twice = format!("{}&client_id=other", authorize("app", &[]));
    browser.get(&twice).await.expect(400);
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", authorize("app", &[]));
    browser.get(&twice).await.expect(400);
}

#[tokio::test]
async fn other_errors_go_to_the_client_with_its_state_and_the_issuer() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let closed = world.client_with("closed", "openid", |client| client.grants.truncate(0)).await;
    let mut stranger = world.stranger();
    for (more, code) in [
        ([("response_type", "token"), ("x", "y")], "unsupported_response_type"),
        ([("response_type", "code id_token"), ("x", "y")], "unsupported_response_type"),
        ([("response_type", ""), ("x", "y")], "invalid_request"),
        ([("code_challenge", ""), ("x", "y")], "invalid_request"),
        ([("code_challenge_method", "plain"), ("x", "y")], "invalid_request"),
        ([("code_challenge_method", ""), ("x", "y")], "invalid_request"),
        ([("code_challenge", "short"), ("x", "y")], "invalid_request"),
        ([("scope", "openid credits:grant"), ("x", "y")], "invalid_scope"),
        ([("scope", "nonsense"), ("x", "y")], "invalid_scope"),
        ([("resource", "https://other.example"), ("x", "y")], "invalid_target"),
        ([("prompt", "none"), ("x", "y")], "login_required"),
        ([("prompt", "none login"), ("x", "y")], "invalid_request"),
        ([("request", "x"), ("x", "y")], "request_not_supported"),
        ([("request_uri", "https://evil.example"), ("x", "y")], "request_uri_not_supported"),
        ([("response_mode", "fragment"), ("x", "y")], "invalid_request"),
        ([("max_age", "soon"), ("x", "y")], "invalid_request"),
    ] {
        let back = sent_back(&stranger.authorize(&client, &more).await);
        assert_eq!((&*back["error"], &*back["state"]), (code, "a state"), "{more:?}");
        assert_eq!(&*back["iss"], world.app.ledger.auth.issuer());
        assert!(!back.contains_key("code"));
    }
    let back = sent_back(&stranger.authorize(&closed, &[("scope", "openid")]).await);
    assert_eq!(&*back["error"], "unauthorized_client");
    assert!(!sent_back(&stranger.authorize(&closed, &[("state", "")]).await).contains_key("state"));
    let mut browser = world.browser(world.user().await).await;
    let back = sent_back(&browser.authorize(&client, &[("prompt", "none")]).await);
    assert_eq!(&*back["error"], "consent_required");
}

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_and_comes_back() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let mut stranger = world.stranger();
    let answer = stranger.authorize(&client, &[("login_hint", "a@b.example")]).await.expect(303);
    let login = answer.header("location").to_owned();
    assert!(login.starts_with("/login?next=%2Foauth%2Fauthorize%3F"), "{login}");
    assert!(login.ends_with("&login_hint=a%40b.example"), "{login}");
    let page = stranger.get(&login).await.expect(200);
    assert!(page.text().contains("value=\"a@b.example\"") && page.text().contains("app.example"));
    assert!(page.header("content-security-policy").contains("form-action 'self' https://app.example"));
    // By a form, which has no cookies, it goes on by a link.
    let form = [("client_id", "app"), ("scope", "openid")];
    let answer = stranger.post_from("cross-site", "/oauth/authorize", &form).await.expect(303);
    assert_eq!(answer.header("location"), "/oauth/authorize?client_id=app&scope=openid");
}

#[tokio::test]
async fn a_client_may_ask_for_a_fresh_sign_in() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let mut browser = world.browser(world.user().await).await;
    browser.let_in(&client, &[]).await;
    world.wait(100);
    for more in [("prompt", "login"), ("prompt", "select_account"), ("max_age", "99"), ("max_age", "0")] {
        let answer = browser.authorize(&client, &[more]).await.expect(303);
        let location = answer.header("location");
        assert!(location.starts_with("/login?next="), "{location}");
        assert!(!location.contains("prompt") && !location.contains("max_age"), "once is enough: {location}");
    }
    sent_back(&browser.authorize(&client, &[("max_age", "100")]).await);
    let silent = browser.authorize(&client, &[("max_age", "99"), ("prompt", "none")]).await;
    assert_eq!(sent_back(&silent)["error"], "login_required");
}
