//! Codes: who may redeem them, and how often.

use credit_ledger::identity::Client;
use futures::future::join_all;
use serde_json::json;

use super::world::{CALLBACK, Known, VERIFIER, World, claims, error, sent_back};

#[tokio::test]
async fn a_user_lets_an_app_in_and_the_app_gets_its_tokens() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct offline_access").await;
    let user = world.user().await;
    let mut browser = world.browser(user).await;
    let page = browser.authorize(&client, &[("nonce", "n-1")]).await.expect(200);
    assert!(page.text().contains("wants to use your account"), "{}", page.text());
    assert!(page.header("content-security-policy").contains("form-action 'self' https://app.example"));
    let answer = browser.decide(&page, "allow").await;
    let back = sent_back(&answer);
    assert_eq!((&*back["state"], &*back["iss"]), ("a state", world.app.ledger.auth.issuer()));
    let tokens = world.redeem(&client, &back["code"]).await.expect(200);
    assert_eq!((tokens.header("cache-control"), tokens.header("pragma")), ("no-store", "no-cache"));
    let tokens = tokens.json();
    assert_eq!(
        (tokens["scope"].as_str(), tokens["expires_in"].as_u64()),
        (Some("credits:deduct openid"), Some(900))
    );
    let access = claims(tokens["access_token"].as_str().expect("a token"));
    let id = claims(tokens["id_token"].as_str().expect("a token"));
    assert_eq!((&access["sub"], &access["principal_type"]), (&json!(user), &json!("user")));
    assert_eq!((&access["sid"], &access["client_id"]), (&json!(browser.session), &json!("app")));
    assert_eq!((&id["sub"], &id["aud"], &id["nonce"]), (&json!(user), &json!("app"), &json!("n-1")));
    assert!(id["auth_time"].is_i64() && id["at_hash"].is_string());
    assert!(tokens["refresh_token"].is_string());
    let facts = world.facts().await;
    assert!(facts.iter().any(|fact| fact == "auth.app_access_granted.v1"), "{facts:?}");
    // Whoever agreed is not asked again, unless the app asks for more or for the question.
    sent_back(&browser.authorize(&client, &[]).await);
    browser.authorize(&client, &[("prompt", "consent")]).await.expect(200);
    browser.authorize(&client, &[("scope", "openid offline_access")]).await.expect(200);
}

#[tokio::test]
async fn a_code_is_redeemed_by_its_client_with_its_proof_to_its_uri_within_a_minute() {
    let world = World::new().await;
    let (client, other) =
        (world.client("app", "openid credits:deduct").await, world.client("other", "openid").await);
    let user = world.user().await;
    let mut browser = world.browser(user).await;
    let code = browser.let_in(&client, &[]).await;
    let with = |redirect: &'static str, verifier: &'static str| {
        [
            ("grant_type", "authorization_code"),
            ("code", "CODE"),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ]
        .map(|(name, value)| (name, if value == "CODE" { code.as_str() } else { value }))
    };
    let wrong = "aBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    error(&world.redeem(&other, &code).await, 400, "invalid_grant");
    error(&world.token(&client, &with(CALLBACK, wrong)).await, 400, "invalid_grant");
    error(
        &world.token(&client, &with("https://app.example/callback/", VERIFIER)).await,
        400,
        "invalid_grant",
    );
    let last = if code.ends_with('A') { "Q" } else { "A" };
    let forged = format!("{}{last}", &code[..code.len() - 1]);
    error(&world.redeem(&client, &forged).await, 400, "invalid_grant");
    // What others tried in vain does not take it from its client.
    world.redeem(&client, &code).await.expect(200);
    let late = browser.let_in(&client, &[]).await;
    world.wait(60);
    error(&world.redeem(&client, &late).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_code_that_comes_twice_ends_what_came_of_it() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let mut browser = world.browser(world.user().await).await;
    let code = browser.let_in(&client, &[]).await;
    let tokens = world.redeem(&client, &code).await.expect(200);
    let (access, refresh) = (tokens.member("access_token"), tokens.member("refresh_token"));
    assert!(world.is_active(&client, &access).await && world.is_active(&client, &refresh).await);
    error(&world.redeem(&client, &code).await, 400, "invalid_grant");
    assert!(!world.is_active(&client, &access).await && !world.is_active(&client, &refresh).await);
    error(&world.refresh(&client, &refresh).await, 400, "invalid_grant");
    let facts = world.facts().await;
    assert_eq!(facts.iter().filter(|fact| *fact == "auth.token_revoked.v1").count(), 1, "{facts:?}");
    // Minutes later it is still known for what it was.
    world.wait(600);
    error(&world.redeem(&client, &code).await, 400, "invalid_grant");
}

#[tokio::test]
async fn of_a_hundred_redemptions_at_once_one_succeeds() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let mut browser = world.browser(world.user().await).await;
    let code = browser.let_in(&client, &[]).await;
    let answers = join_all((0..100).map(|_| world.redeem(&client, &code))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 99));
    for answer in lost {
        error(answer, 400, "invalid_grant");
    }
}

#[tokio::test]
async fn a_public_client_redeems_by_its_proof_alone() {
    let world = World::new().await;
    let change = |client: &mut Client| {
        client.confidential = false;
        client.grants.truncate(2);
        client.redirect_uris = vec!["http://127.0.0.1/cb".into()];
    };
    let client = world.client_with("native", "openid credits:deduct", change).await;
    let mut browser = world.browser(world.user().await).await;
    let local = "http://127.0.0.1:51004/cb";
    let page = browser.authorize(&client, &[("redirect_uri", local)]).await.expect(200);
    let answer = browser.decide(&page, "allow").await.expect(303);
    let location = answer.header("location").to_owned();
    let code = location.strip_prefix("http://127.0.0.1:51004/cb?code=").expect("a code");
    let code = code.split('&').next().unwrap_or_default();
    let redeem = |redirect: &'static str| {
        let code = code.to_owned();
        let (world, client) = (&world, &client);
        async move {
            let form = [
                ("grant_type", "authorization_code"),
                ("code", &*code),
                ("redirect_uri", redirect),
                ("code_verifier", VERIFIER),
            ];
            world.token(client, &form).await
        }
    };
    error(&redeem("http://127.0.0.1:51005/cb").await, 400, "invalid_grant");
    let tokens = redeem(local).await.expect(200);
    let next = world.refresh(&client, &tokens.member("refresh_token")).await.expect(200);
    assert_ne!(next.member("refresh_token"), tokens.member("refresh_token"));
}

#[tokio::test]
async fn a_code_is_void_when_the_user_signs_out_or_takes_the_access_away_before() {
    let world = World::new().await;
    let client = world.client("app", "openid credits:deduct").await;
    let user = world.user().await;
    let mut browser = world.browser(user).await;
    let code = browser.let_in(&client, &[]).await;
    world.app.ledger.identity.revoke_access(user, client.app, None).await.expect("revoked");
    error(&world.redeem(&client, &code).await, 400, "invalid_grant");
    world.wait(1);
    let code = browser.let_in(&client, &[]).await;
    let session = browser.session.expect("a session");
    world.app.ledger.identity.revoke_session(user, session, None, "logout", None).await.expect("revoked");
    error(&world.redeem(&client, &code).await, 400, "invalid_grant");
    let stranger = Known { id: "nobody".into(), ..client };
    error(&world.redeem(&stranger, &code).await, 401, "invalid_client");
}
