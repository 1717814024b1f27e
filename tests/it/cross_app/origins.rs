//! Pages of which origins may use what.

use reqwest::Method;
use serde_json::json;

use super::world::{ORIGIN, Page};
use crate::oauth::world::{CALLBACK, CHALLENGE, World};

const ALLOWED: &str = "access-control-allow-origin";

#[tokio::test]
async fn an_app_s_own_pages_read_answers_and_no_others() {
    let world = World::new().await;
    let mut page = Page::registered(&world, &world.app.admin().await, "app").await;
    page.sign_in(world.user().await).await;
    let own = page.get("/api/cross-app/credits").await.expect(200);
    assert_eq!(own.header(ALLOWED), ORIGIN);
    assert!(
        own.headers
            .get_all("vary")
            .iter()
            .any(|vary| vary.to_str().is_ok_and(|vary| vary.contains("origin")))
    );
    // What is refused can be read, too.
    let refused = page.get("/api/cross-app/nowhere").await;
    assert_eq!((refused.status, refused.header(ALLOWED)), (404, ORIGIN));
    // Nothing that a cookie opens.
    for path in ["/login", "/oauth/authorize", "/account", "/v1/apps"] {
        assert_eq!(page.get(path).await.header(ALLOWED), "", "{path}");
    }
    for other in
        ["https://app.example.evil.example", "http://app.example", "https://app.example:8443", "null"]
    {
        let page = Page {
            origin: Some(other),
            token: page.token.clone(),
            client_id: page.client_id.clone(),
            ..page
        };
        let refused = page.get("/api/cross-app/credits").await;
        refused.problem(403, "origin-not-allowed");
        assert_eq!(refused.header(ALLOWED), "", "{other}");
        let begin = json!({
            "client_id": page.client_id, "redirect_uri": CALLBACK, "code_challenge": CHALLENGE,
        });
        page.post("/api/cross-app/auth", &begin).await.problem(403, "origin-not-allowed");
    }
    let server = Page { origin: None, token: page.token.clone(), client_id: page.client_id.clone(), ..page };
    server.get("/api/cross-app/credits").await.expect(200);
}

#[tokio::test]
async fn a_browser_is_told_before_it_asks() {
    let world = World::new().await;
    let _page = Page::registered(&world, &world.app.admin().await, "app").await;
    let preflight = async |origin: &str, path: &str| {
        let request = world.http.request(Method::OPTIONS, world.url(path)).header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        let request = request.header("access-control-request-headers", "authorization,content-type");
        crate::support::app::Answer::read(request.send().await.expect("an answer")).await
    };
    let told = preflight(ORIGIN, "/api/cross-app/credits/consume").await.expect(200);
    assert_eq!(told.header(ALLOWED), ORIGIN);
    assert!(told.header("access-control-allow-headers").contains("authorization"));
    assert_eq!(told.header("access-control-allow-credentials"), "", "no cookie is ever sent along");
    assert_eq!(preflight("https://evil.example", "/api/cross-app/credits/consume").await.header(ALLOWED), "");
    assert_eq!(preflight(ORIGIN, "/login").await.header(ALLOWED), "");
}

#[tokio::test]
async fn a_token_is_worth_nothing_to_another_app() {
    let world = World::new().await;
    let admin = world.app.admin().await;
    let user = world.user().await;
    let mut one = Page::registered(&world, &admin, "one").await;
    let mut two = Page::registered(&world, &admin, "two").await;
    one.sign_in(user).await;
    two.sign_in(user).await;
    let known = async |more: serde_json::Value| {
        let mut asked = json!({ "token": one.token });
        asked.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
        two.post("/api/cross-app/validate-token", &asked).await.expect(200).json()["valid"].clone()
    };
    assert_eq!(known(json!({})).await, true, "an app of the organization is told");
    assert_eq!(known(json!({ "app_id": one.client_id })).await, true);
    assert_eq!(known(json!({ "domain": ORIGIN })).await, true);
    assert_eq!(known(json!({ "app_id": two.client_id })).await, false);
    assert_eq!(known(json!({ "domain": "https://other.example" })).await, false);
    let stranger = world.app.stranger().await;
    let elsewhere = stranger.post("/api/cross-app/validate-token", &json!({ "token": one.token })).await;
    assert_eq!(elsewhere.expect(200).json(), json!({ "active": false, "valid": false }));
    // Nor can it go on with another's refresh token.
    let signed_in = one.sign_in(user).await;
    let stolen = json!({ "client_id": two.client_id, "refresh_token": signed_in["refresh_token"] });
    two.post("/api/cross-app/refresh-token", &stolen).await.problem(400, "invalid-grant");
}

#[tokio::test]
async fn who_registers_an_app_gives_it_no_more_than_it_may_itself() {
    let world = World::new().await;
    let admin = world.app.admin().await;
    let registrar = world.app.another_key(&admin, &[credit_ledger::identity::Scope::AppsAdmin]).await;
    let ask = |name: &str, confidential: bool, scopes: &[&str]| json!({ "name": name, "confidential": confidential, "scopes": scopes, "redirect_uris": [CALLBACK] });
    for scopes in [["admin"], ["users:admin"], ["credits:adjust"], ["credits:deduct"]] {
        let refused = registrar.post("/api/cross-app/register", &ask("app", true, &scopes)).await;
        assert_eq!(refused.problem(403, "forbidden")["required_scope"], scopes[0]);
    }
    registrar.post("/api/cross-app/register", &ask("app", false, &["admin"])).await.problem(403, "forbidden");
    // A public app asks users, who give what is theirs.
    registrar
        .post("/api/cross-app/register", &ask("app", false, &["credits:deduct", "email"]))
        .await
        .expect(201);
}

#[tokio::test]
async fn an_app_chooses_its_client_id_and_what_is_refused_leaves_nothing_behind() {
    let world = World::new().await;
    let admin = world.app.admin().await;
    let ask = |name: &str, more: serde_json::Value| {
        let mut asked = json!({ "name": name, "redirect_uris": [CALLBACK], "scopes": ["openid"] });
        asked.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
        asked
    };
    let register = async |asked| admin.post("/api/cross-app/register", &asked).await;
    let named = register(ask("one", json!({ "client_id": "my-video-app" }))).await.expect(201);
    assert_eq!(named.member("client_id"), "my-video-app");
    let before = world.app.head();
    let taken = register(ask("two", json!({ "client_id": "my-video-app" }))).await;
    assert_eq!(taken.problem(409, "conflict")["detail"], "the client id is taken");
    let led = json!({ "return_to": { "my-video-app": "https://app.example/" } });
    register(ask("two", led)).await.problem(409, "conflict");
    for wrong in [json!({ "client_id": "x" }), json!({ "redirect_uri": CALLBACK }), json!({ "appId": "two" })]
    {
        register(ask("two", wrong)).await.problem(400, "bad-request");
    }
    assert_eq!(world.app.head(), before);
    register(ask("two", json!({}))).await.expect(201);
}

#[tokio::test]
async fn a_sign_in_that_would_lead_elsewhere_is_not_begun() {
    let world = World::new().await;
    let page = Page::registered(&world, &world.app.admin().await, "one").await;
    let begin = |redirect_uri: &str| json!({ "client_id": page.client_id, "redirect_uri": redirect_uri, "code_challenge": CHALLENGE });
    page.post("/api/cross-app/auth", &begin(CALLBACK)).await.expect(200);
    for elsewhere in ["https://evil.example/cb", "https://app.example/callback/", "", "javascript:alert(1)"] {
        page.post("/api/cross-app/auth", &begin(elsewhere)).await.problem(400, "bad-request");
    }
}
