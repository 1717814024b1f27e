//! Errors of the token endpoint, in the form of RFC 6749.

use credit_ledger::identity::vault::{ActivityKind, ActivityQuery};

use super::world::{CALLBACK, VERIFIER, World, error};
use crate::support::app::{Home, TestApp};

#[tokio::test]
async fn other_grants_do_not_exist() {
    let world = World::new().await;
    let client = world.client("app", "openid groups:read").await;
    for grant in ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "CLIENT_CREDENTIALS"]
    {
        let form = [("grant_type", grant), ("username", "u"), ("password", "p")];
        error(&world.token(&client, &form).await, 400, "unsupported_grant_type");
    }
}

#[tokio::test]
async fn what_is_missing_or_there_twice_is_an_invalid_request() {
    let world = World::new().await;
    let client = world.client("app", "openid groups:read").await;
    let forms: [&[(&str, &str)]; 7] = [
        &[],
        &[("grant_type", "")],
        &[("grant_type", "refresh_token")],
        &[("grant_type", "authorization_code"), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)],
        &[("grant_type", "authorization_code"), ("code", "c"), ("redirect_uri", CALLBACK)],
        &[("grant_type", "client_credentials"), ("grant_type", "client_credentials")],
        &[("grant_type", "client_credentials"), ("scope", "groups:read"), ("scope", "openid")],
    ];
    for form in forms {
        error(&world.token(&client, form).await, 400, "invalid_request");
    }
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        error(&world.post(path, &client, &[]).await, 400, "invalid_request");
    }
}

#[tokio::test]
async fn a_grant_that_the_client_may_not_use_is_refused() {
    let world = World::new().await;
    let client = world.client_with("app", "groups:read", |client| client.grants.truncate(1)).await;
    for form in [
        [("grant_type", "client_credentials"), ("x", "y")],
        [("grant_type", "refresh_token"), ("refresh_token", "x")],
    ] {
        error(&world.token(&client, &form).await, 400, "unauthorized_client");
    }
}

#[tokio::test]
async fn what_anybody_can_send_leaves_no_rows() {
    let world = World::new().await;
    let (public, known) =
        (world.public("native", "openid").await, world.client("app", "openid credits:check").await);
    let user = world.user().await;
    let noted = async || {
        let auth = &world.app.ledger.auth;
        auth.trail.flush().await;
        let query = ActivityQuery { kind: Some(ActivityKind::Token), ..ActivityQuery::of(world.org, 100) };
        let page = auth.shelf.vault().activity(query).await.expect("activity");
        let words = page.items.into_iter().rev().map(|item| item.activity.detail.unwrap_or_default());
        words.map(String::from).collect::<Vec<_>>()
    };
    let garbage = format!("clr_{}", "A".repeat(75));
    for _ in 0..20 {
        error(&world.refresh(&public, "clr_x").await, 400, "invalid_grant");
        error(&world.refresh(&public, &garbage).await, 400, "invalid_grant");
        error(&world.redeem(&public, "code").await, 400, "invalid_grant");
        error(
            &world.token(&public, &[("grant_type", "client_credentials")]).await,
            400,
            "unauthorized_client",
        );
    }
    assert_eq!(noted().await, [""; 0]);
    // What was issued here nobody makes up, and who has a secret answers for what it sends.
    let code = world.browser(user).await.let_in(&public, &[("scope", "openid")]).await;
    error(&world.redeem(&known, &code).await, 400, "invalid_grant");
    error(&world.refresh(&known, "clr_x").await, 400, "invalid_grant");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", CALLBACK),
    ];
    error(&world.token(&public, &form).await, 400, "invalid_grant");
    let first = world.redeem(&public, &code).await.expect(200).member("refresh_token");
    world.refresh(&public, &first).await.expect(200);
    world.wait(11);
    error(&world.refresh(&public, &first).await, 400, "invalid_grant");
    let expected = [
        "invalid_grant",
        "invalid_grant",
        "invalid_grant",
        "authorization_code",
        "refresh_token",
        "invalid_grant",
    ];
    assert_eq!(noted().await, expected);
}

#[tokio::test]
async fn only_forms_within_the_limits_are_read() {
    let world = World::new().await;
    let post = |kind: &'static str, body: String| {
        let request = world.http.post(world.url("/oauth/token")).header("content-type", kind).body(body);
        async move { crate::support::app::Answer::read(request.send().await.expect("an answer")).await }
    };
    const FORM: &str = "application/x-www-form-urlencoded";
    error(&post("application/json", "{}".into()).await, 415, "invalid_request");
    error(&post(FORM, "a=%zz".into()).await, 400, "invalid_request");
    error(&post(FORM, "a=b&".repeat(100)).await, 400, "invalid_request");
    error(&post(FORM, "a".repeat(70_000)).await, 413, "invalid_request");
}

#[tokio::test]
async fn a_client_that_asks_too_often_is_told_to_slow_down() {
    let mut home = Home::embedded();
    home.config.token_rate_per_client = 5;
    home.config.token_rate_per_scope = 2;
    let world = World::of(TestApp::start_in(home).await);
    let client = world.client("service", "groups:read members:read").await;
    let other = world.client("other", "groups:read").await;
    let form = [("grant_type", "client_credentials")];
    let scoped = |scope| [form[0], ("scope", scope)];
    for _ in 0..2 {
        world.token(&client, &scoped("groups:read")).await.expect(200);
    }
    error(&world.token(&client, &scoped("groups:read")).await, 429, "temporarily_unavailable");
    for _ in 0..3 {
        world.token(&client, &form).await.expect(200);
    }
    error(&world.token(&client, &scoped("members:read")).await, 429, "temporarily_unavailable");
    world.token(&other, &form).await.expect(200);
    world.wait(1);
    world.token(&client, &scoped("groups:read")).await.expect(200);
}

#[tokio::test]
async fn made_up_codes_and_tokens_are_an_invalid_grant() {
    let world = World::new().await;
    let client = world.client("app", "openid").await;
    let zero = format!("{}_{}", "0".repeat(32), "A".repeat(43));
    for text in ["x", "", "clc_", &format!("clc_{zero}"), &format!("clr_{zero}"), &format!("clb_{zero}")] {
        let code = world.redeem(&client, text).await;
        let refresh = world.refresh(&client, text).await;
        for answer in [code, refresh] {
            error(&answer, 400, if text.is_empty() { "invalid_request" } else { "invalid_grant" });
        }
    }
}

#[tokio::test]
async fn an_app_that_asks_too_often_in_json_is_told_to_slow_down_as_well() {
    let mut home = Home::embedded();
    home.config.token_rate_per_client = 3;
    let world = World::of(TestApp::start_in(home).await);
    let client = world.client("app", "openid").await;
    let path = world.url("/api/cross-app/refresh-token");
    let body = serde_json::json!({
        "client_id": client.id, "client_secret": client.secret, "refresh_token": "clr_x",
    });
    let ask = || async {
        crate::support::app::Answer::read(world.http.post(&path).json(&body).send().await.expect("sent"))
            .await
    };
    for _ in 0..2 {
        ask().await.problem(400, "invalid-grant");
    }
    // Both ways have one rate.
    error(&world.refresh(&client, "clr_x").await, 400, "invalid_grant");
    ask().await.problem(429, "rate-limited");
    error(&world.refresh(&client, "clr_x").await, 429, "temporarily_unavailable");
}
