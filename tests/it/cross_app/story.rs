//! From the registration of an app to its user's last credit, each body compared with the committed one.

use serde_json::{Value, json};

use super::world::{Page, expected_login};
use crate::oauth::world::{World, claims};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cross_app/bodies.json");

/// What changes from run to run becomes the name of what it is.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let plain_member = |(name, value): (String, Value)| {
                let value = match (&*name, value) {
                    ("access_token" | "refresh_token" | "id_token" | "jti" | "sid" | "login_url", value)
                        if value.is_string() =>
                    {
                        json!(format!("<{name}>"))
                    }
                    ("exp" | "iat" | "auth_time", _) => json!(format!("<{name}>")),
                    ("iss", _) => json!("<iss>"),
                    ("client_id", Value::String(_)) => json!("<client_id>"),
                    ("aud", Value::Array(_)) => json!(["<aud>"]),
                    ("request_id", _) => json!("<request_id>"),
                    ("transaction_id" | "position" | "as_of_position", _) => json!(format!("<{name}>")),
                    (_, value) => plain(value),
                };
                (name, value)
            };
            Value::Object(members.into_iter().map(plain_member).collect())
        }
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::String(text) if text.parse::<uuid::Uuid>().is_ok() => json!("<uuid>"),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

#[tokio::test]
async fn an_app_signs_a_user_in_and_spends_its_credits() {
    let world = World::new().await;
    let admin = world.app.admin().await;
    let user = world.user().await;
    // As registration does.
    let wallet = json!({ "wallet": user, "idempotency_key": "open" });
    admin.post("/v1/wallets", &wallet).await.expect(201);
    let mut page = Page::registered(&world, &admin, "my-video-app").await;
    let mut bodies: Vec<(&str, Value)> = Vec::new();
    let signed_in = page.sign_in(user).await;
    assert_eq!(claims(signed_in["access_token"].as_str().expect("a token"))["domain"], "https://app.example");
    assert_eq!(signed_in["credits"]["packages"], json!([]));
    bodies.push(("POST /api/cross-app/auth (finish)", signed_in.clone()));
    let ten = json!({ "service": "video-generation", "amount": 10 });
    let poor = page.post("/api/cross-app/credit-check", &ten).await.expect(200).json();
    assert_eq!((&poor["sufficient"], poor["balance"].to_string()), (&json!(false), "0".to_owned()));
    bodies.push(("POST /api/cross-app/credit-check (new user)", poor));
    let refused = page.post("/api/cross-app/credits/consume", &ten).await;
    bodies.push((
        "POST /api/cross-app/credits/consume (new user)",
        refused.problem(402, "insufficient-credits"),
    ));
    let bought = json!({ "amount": "25.5", "idempotency_key": "order-1" });
    admin.post(&format!("/v1/wallets/{user}/purchases"), &bought).await.expect(201);
    let first = json!({ "amount": 10, "service": "video-generation", "idempotency_key": "job-1" });
    let consumed = page.post("/api/cross-app/credits/consume", &first).await.expect(200);
    assert_eq!(consumed.json()["new_balance"].to_string(), "15.5");
    let again = page.post("/api/cross-app/credits/consume", &first).await.expect(200);
    assert_eq!((again.header("idempotent-replayed"), again.json()), ("true", consumed.json()));
    bodies.push(("POST /api/cross-app/credits/consume", consumed.json()));
    let credits = page.get("/api/cross-app/credits").await.expect(200).json();
    assert_eq!(credits["balance"].to_string(), "15.5");
    bodies.push(("GET /api/cross-app/credits", credits));
    let who = page.get("/api/cross-app/user").await.expect(200).json();
    assert_eq!(who, page.get("/api/cross-app/user-info").await.expect(200).json());
    bodies.push(("GET /api/cross-app/user", who));
    let token = page.token.clone().expect("a token");
    let known =
        page.post("/api/cross-app/validate-token", &json!({ "token": token })).await.expect(200).json();
    assert_eq!((&known["active"], &known["sub"]), (&json!(true), &json!(user)));
    bodies.push(("POST /api/cross-app/validate-token", known));
    let going_on = json!({ "client_id": page.client_id, "refresh_token": signed_in["refresh_token"] });
    let refreshed = page.post("/api/cross-app/refresh-token", &going_on).await.expect(200).json();
    let fresh = refreshed["access_token"].as_str().expect("a token");
    assert_eq!(claims(fresh)["domain"], "https://app.example");
    bodies.push(("POST /api/cross-app/refresh-token", refreshed.clone()));
    let bodies: serde_json::Map<_, _> =
        bodies.into_iter().map(|(name, body)| (name.to_owned(), plain(body))).collect();
    golden(&Value::Object(bodies));
}

/// The bodies are a contract: they equal the committed ones. `UPDATE=1` writes them.
fn golden(bodies: &Value) {
    let written = serde_json::to_string_pretty(bodies).expect("JSON") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(GOLDEN, &written).expect("written");
    }
    let committed = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert_eq!(written, committed, "bodies changed: UPDATE=1 writes them, if they may");
}

#[tokio::test]
async fn a_sign_in_begins_at_the_authorization_endpoint() {
    let world = World::new().await;
    let page = Page::registered(&world, &world.app.admin().await, "app").await;
    let challenge = crate::oauth::world::CHALLENGE;
    let begin = |more: Value| {
        let mut asked = json!({
            "client_id": page.client_id, "redirect_uri": crate::oauth::world::CALLBACK,
            "code_challenge": challenge, "state": "a state", "scope": super::world::SCOPES,
        });
        for (name, value) in more.as_object().expect("members") {
            asked[name] = value.clone();
        }
        asked
    };
    let url = page.post("/api/cross-app/auth", &begin(json!({}))).await.expect(200).json();
    let query = |text: &str| {
        let url = reqwest::Url::parse(&format!("http://x{text}")).expect("a URL");
        let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
        pairs.sort();
        pairs
    };
    let url = url["login_url"].as_str().expect("a URL").to_owned();
    let path = &url[url.find("/oauth/authorize").expect("the endpoint")..];
    assert_eq!(query(path), query(&expected_login(&page.client_id)));
    let sign_up =
        page.post("/api/cross-app/auth", &begin(json!({ "sign_up": true }))).await.expect(200).json();
    assert!(sign_up["login_url"].as_str().is_some_and(|url| url.contains("prompt=create")), "{sign_up}");
    for (wrong, status, code) in [
        (json!({ "client_id": "nobody" }), 404, "not-found"),
        (json!({ "code": "clc_x" }), 400, "bad-request"),
        (json!({ "code_challenge": null }), 400, "bad-request"),
        (json!({ "code_challenge": null, "code": "clc_x", "code_verifier": "v" }), 400, "invalid-grant"),
    ] {
        page.post("/api/cross-app/auth", &begin(wrong.clone())).await.problem(status, code);
    }
}

#[tokio::test]
async fn what_the_user_takes_back_ends_at_once() {
    let world = World::new().await;
    let admin = world.app.admin().await;
    let user = world.user().await;
    let mut page = Page::registered(&world, &admin, "app").await;
    let signed_in = page.sign_in(user).await;
    let token = page.token.clone().expect("a token");
    page.get("/api/cross-app/credits").await.expect(200);
    let identity = &world.app.ledger.identity;
    let app = identity.client_by_id(&page.client_id).expect("a client").app;
    identity.revoke_access(user, app, None).await.expect("revoked");
    page.get("/api/cross-app/credits").await.problem(401, "unauthenticated");
    let ten = json!({ "amount": 1 });
    page.post("/api/cross-app/credits/consume", &ten).await.problem(401, "unauthenticated");
    let known =
        admin.post("/api/cross-app/validate-token", &json!({ "token": token })).await.expect(200).json();
    assert_eq!(known, json!({ "active": false, "valid": false }));
    let going_on = json!({ "client_id": page.client_id, "refresh_token": signed_in["refresh_token"] });
    page.post("/api/cross-app/refresh-token", &going_on).await.problem(400, "invalid-grant");
    // The app's own key finds the user's wallet closed as well.
    let key = identity.issue_key(app, "credits:deduct".parse().expect("scopes"), None).await;
    let key = world.app.bearer("its key", key.expect("a key").secret.expose());
    let deduct = json!({ "service": "s", "cost": "1", "idempotency_key": "k" });
    key.post(&format!("/v1/wallets/{user}/deductions"), &deduct).await.problem(403, "access-not-granted");
}
