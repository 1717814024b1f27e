//! Tokens of services, and how clients say who they are.

use serde_json::json;

use super::world::{World, claims, error};

#[tokio::test]
async fn a_service_gets_a_token_of_its_own_for_900_seconds() {
    let world = World::new().await;
    let client = world.client("chat-api-service", "groups:admin members:read openid").await;
    let form = [("grant_type", "client_credentials"), ("scope", "groups:read members:read")];
    let answer = world.token(&client, &form).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    let token = body["access_token"].as_str().expect("a token");
    let expected = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 900, "scope": "groups:read members:read" });
    assert_eq!(body, expected);
    let said = claims(token);
    for (name, value) in [
        ("sub", json!("chat-api-service")),
        ("client_id", json!("chat-api-service")),
        ("scope", json!("groups:read members:read")),
        ("type", json!("access")),
        ("principal_type", json!("service")),
        ("org_id", json!(world.org)),
        ("app_id", json!(client.app)),
    ] {
        assert_eq!(said[name], value, "{name}");
    }
    assert_eq!(said["aud"].as_array().map(Vec::len), Some(2), "the ledger and the client's own audience");
    assert_eq!(said["exp"].as_i64().zip(said["iat"].as_i64()).map(|(exp, iat)| exp - iat), Some(900));
}

#[tokio::test]
async fn a_service_gets_no_more_than_its_client_may_have() {
    let world = World::new().await;
    let client = world.client("service", "groups:read openid").await;
    for scope in
        ["groups:admin", "groups:read credits:deduct", "openid", "nonsense", "groups:read,members:read"]
    {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        error(&world.token(&client, &form).await, 400, "invalid_scope");
    }
    let all = world.token(&client, &[("grant_type", "client_credentials")]).await.expect(200);
    assert_eq!(all.json()["scope"], "groups:read", "what is about people is not a service's");
    let resource = |uri| [("grant_type", "client_credentials"), ("resource", uri)];
    let narrow = world.token(&client, &resource("https://api.example")).await.expect(200);
    assert_eq!(claims(&narrow.member("access_token"))["aud"], json!(["https://api.example"]));
    error(&world.token(&client, &resource("https://other.example")).await, 400, "invalid_target");
}

#[tokio::test]
async fn what_is_taken_from_a_service_s_client_ends_in_its_token() {
    let world = World::new().await;
    let client = world.client("service", "groups:admin members:read").await;
    let token = world.token(&client, &[("grant_type", "client_credentials")]).await.expect(200);
    let bearer = world.bearer(&token.member("access_token"));
    let identity = &world.app.ledger.identity;
    let body = json!({ "name": "a group" });
    bearer.post("/api/auth/groups", &body).await.expect(201);
    for (scopes, reads) in [("groups:read", 200), ("members:read", 403), ("admin", 200)] {
        let mut changed = identity.client(client.app).expect("a client");
        changed.scopes = scopes.parse().expect("scopes");
        identity.set_client(client.app, changed, None).await.expect("a client");
        // What implied it was taken, and it was left: it still holds.
        assert_eq!(bearer.get("/api/auth/groups").await.status, reads, "{scopes}");
        let made = bearer.post("/api/auth/groups", &json!({ "name": scopes })).await.status;
        assert_eq!(made, if scopes == "admin" { 201 } else { 403 }, "{scopes}");
    }
}

#[tokio::test]
async fn a_client_authenticates_in_the_header_or_in_the_form() {
    let world = World::new().await;
    let client = world.client("service", "groups:read").await;
    let secret = client.secret.clone().expect("a secret");
    let form = [("grant_type", "client_credentials")];
    let basic = |id: &str, secret: &str| {
        world.http.post(world.url("/oauth/token")).basic_auth(id, Some(secret)).form(&form).send()
    };
    assert_eq!(basic("service", &secret).await.expect("an answer").status(), 200);
    world.token(&client, &form).await.expect(200);
    let wrong = secret.replace("cls_", "clk_");
    let cut = &secret[..secret.len() - 1];
    for (id, secret) in
        [("service", &*wrong), ("service", cut), ("service", ""), ("other", &secret), ("", &secret)]
    {
        let answer = basic(id, secret).await.expect("an answer");
        assert_eq!(answer.status(), 401, "{id}");
        let challenge = answer.headers()["www-authenticate"].to_str().expect("text").to_owned();
        assert!(challenge.starts_with("Basic "), "{challenge}");
        let known =
            world.form("/oauth/token", &[form[0], ("client_id", id), ("client_secret", secret)]).await;
        error(&known, 401, "invalid_client");
    }
    let both = world.http.post(world.url("/oauth/token")).basic_auth("service", Some(&secret));
    let both = both.form(&[form[0], ("client_secret", &secret)]).send().await.expect("an answer");
    assert_eq!(both.status(), 400, "two ways at once");
}

#[tokio::test]
async fn a_secret_counts_until_it_is_revoked_and_several_may_count_at_once() {
    let world = World::new().await;
    let old = world.client("service", "groups:read").await;
    let identity = &world.app.ledger.identity;
    let issued = identity.issue_client_secret(old.app, None, None).await.expect("a secret");
    let new = super::world::Known { secret: Some(issued.expose().to_owned()), ..old.clone() };
    let form = [("grant_type", "client_credentials")];
    for client in [&old, &new] {
        world.token(client, &form).await.expect(200);
    }
    identity.revoke_client_secret(new.app, issued.id, None).await.expect("revoked");
    world.token(&old, &form).await.expect(200);
    error(&world.token(&new, &form).await, 401, "invalid_client");
    let now = credit_ledger::clock::Clock::now(&*world.app.clock);
    let until = Some(now.plus_micros(10_000_000));
    let brief = identity.issue_client_secret(old.app, until, None).await.expect("a secret");
    let brief = super::world::Known { secret: Some(brief.expose().to_owned()), ..old.clone() };
    world.token(&brief, &form).await.expect(200);
    world.wait(10);
    error(&world.token(&brief, &form).await, 401, "invalid_client");
}

#[tokio::test]
async fn a_public_client_has_no_token_of_its_own_and_no_secret() {
    let world = World::new().await;
    let client = world.public("native", "openid credits:deduct").await;
    let form = [("grant_type", "client_credentials")];
    error(&world.token(&client, &form).await, 400, "unauthorized_client");
    let other = world.client("service", "groups:read").await;
    let claimed = super::world::Known { secret: other.secret.clone(), ..client.clone() };
    error(&world.token(&claimed, &form).await, 401, "invalid_client");
    let bare = super::world::Known { secret: None, ..other };
    error(&world.token(&bare, &form).await, 401, "invalid_client");
}

#[tokio::test]
async fn a_disabled_client_is_nobody() {
    let world = World::new().await;
    let client = world.client_with("service", "groups:read", |client| client.disabled = true).await;
    error(&world.token(&client, &[("grant_type", "client_credentials")]).await, 401, "invalid_client");
    let mut stranger = world.stranger();
    assert_eq!(stranger.authorize(&client, &[]).await.status, 400);
}

#[tokio::test]
async fn a_client_is_administered_over_http() {
    let world = World::new().await;
    let admin = world.app.admin().await;
    let app = admin.app_id.clone().expect("an app");
    let (client, secrets) = (format!("/v1/apps/{app}/client"), format!("/v1/apps/{app}/secrets"));
    admin.get(&client).await.problem(404, "not-found");
    admin.post(&secrets, &json!({})).await.problem(404, "not-found");
    let wanted = json!({ "grants": ["client_credentials"], "scopes": ["groups:read"] });
    let set = admin.put(&client, &wanted).await.expect(200);
    let id = set.member("client_id");
    assert!(id.starts_with("svc_") && id.len() == 20, "{id}");
    let issued = admin.post(&secrets, &json!({ "expires_in_seconds": 60 })).await.expect(201);
    let secret = Some(issued.member("client_secret"));
    let known = super::world::Known { app: events::AppId(app.parse().expect("a UUID")), id, secret };
    let form = [("grant_type", "client_credentials")];
    world.token(&known, &form).await.expect(200);
    let shown = admin.get(&client).await.expect(200);
    assert!(!shown.text().contains("cls_") && shown.json()["secrets"][0]["expires"].is_string());
    let path = format!("{secrets}/{}", issued.member("secret_id"));
    world.app.stranger().await.delete(&path).await.problem(404, "not-found");
    admin.delete(&path).await.expect(204);
    error(&world.token(&known, &form).await, 401, "invalid_client");
    for wrong in [
        json!({ "client_id": "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11" }),
        json!({ "client_id": "x" }),
        json!({ "grants": ["password"] }),
        json!({ "redirect_uris": ["http://evil.example/"] }),
        json!({ "scopes": ["nonsense"] }),
        json!({ "confidential": false, "grants": ["client_credentials"] }),
        json!({ "more": 1 }),
    ] {
        admin.put(&client, &wrong).await.problem(400, "bad-request");
    }
}

#[tokio::test]
async fn an_app_is_registered_as_a_client_at_once_or_not_at_all() {
    let world = World::new().await;
    let admin = world.app.admin().await;
    world.client("taken", "groups:read").await;
    let ask = |client: serde_json::Value| json!({ "name": "chat", "client": client });
    let before = world.app.head();
    for (wrong, status, code, said) in [
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), 400, "bad-request", "javascript:alert(1)"),
        (json!({ "scopes": ["nonsense"] }), 400, "bad-request", "unknown scope"),
        (json!({ "client_id": "taken" }), 409, "conflict", "the client id is taken"),
        (json!({ "return_to": { "taken": "https://a.example/" } }), 409, "conflict", "return_to"),
    ] {
        let problem = admin.post("/v1/clients", &ask(wrong)).await.problem(status, code);
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(said)), "{problem}");
    }
    assert_eq!(world.app.head(), before);
    let wanted = json!({ "grants": ["client_credentials"], "scopes": ["groups:read"] });
    let made = admin.post("/v1/clients", &ask(wanted)).await.expect(201);
    assert_eq!(made.json()["display_name"], "chat");
    let keys = admin.get(&format!("/v1/apps/{}/keys", made.member("app_id"))).await.expect(200);
    assert_eq!(keys.json()["data"], json!([]));
    let public = world.public("native", "openid").await.app;
    let refused = admin.post(&format!("/v1/apps/{public}/secrets"), &json!({})).await;
    assert_eq!(refused.problem(400, "bad-request")["detail"], "a public client has no secrets");
}
