//! Answers to a page of an app: posted to its registered web origin, and to nobody else.

use serde_json::{Value, json};

use super::world::{Known, VERIFIER, World, authorize, hidden, sent_back};
use crate::support::app::Answer;

const ORIGIN: &str = "https://app.example";
const ASKED: (&str, &str) = ("response_mode", "web_message");
const SILENT: [(&str, &str); 2] = [ASKED, ("prompt", "none")];

async fn client(world: &World) -> Known {
    let change = |client: &mut credit_ledger::identity::Client| {
        client.origins = vec!["https://other.example".into(), ORIGIN.into()];
    };
    world.client_with("app", "openid credits:deduct", change).await
}

/// An attribute of the page that posts, as browsers read it.
fn data(page: &Answer, name: &str) -> String {
    let start = format!(" data-{name}=\"");
    let at = page.text().find(&start).unwrap_or_else(|| panic!("no {name} in {}", page.text())) + start.len();
    let value = page.text()[at..].split('"').next().unwrap_or_default();
    value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What is posted, to the app's origin alone, by the one script that the policy allows.
fn posted(page: &Answer) -> Value {
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(!page.headers.contains_key("location"));
    assert_eq!(data(page, "target"), ORIGIN);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("; script-src 'sha256-") && !policy.contains('*'), "{policy}");
    assert_eq!(page.text().matches("<script>").count(), 1);
    assert_eq!(page.header("cross-origin-opener-policy"), "unsafe-none");
    assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-store", "no-referrer"));
    let message: Value = serde_json::from_str(&data(page, "message")).expect("JSON");
    assert_eq!(message["type"], "authorization_response");
    message["response"].clone()
}

fn ancestors(page: &Answer) -> (String, bool) {
    let policy = page.header("content-security-policy");
    let named = policy.split("; ").find_map(|part| part.strip_prefix("frame-ancestors "));
    (named.unwrap_or_default().to_owned(), page.header("x-frame-options") == "DENY")
}

#[tokio::test]
async fn the_answer_is_posted_to_the_origin_of_the_redirect_uri() {
    let world = World::new().await;
    let client = client(&world).await;
    let mut browser = world.browser(world.user().await).await;
    let consent = browser.authorize(&client, &[ASKED]).await.expect(200);
    assert_eq!(ancestors(&consent), ("'none'".to_owned(), true));
    assert_eq!(consent.header("cross-origin-opener-policy"), "unsafe-none");
    let page = browser.decide(&consent, "allow").await;
    let response = posted(&page);
    assert_eq!(ancestors(&page), ("'none'".to_owned(), true));
    let issuer = world.app.ledger.auth.issuer();
    assert_eq!((&response["state"], &response["iss"]), (&json!("a state"), &json!(issuer)));
    assert_eq!(response.as_object().map(serde_json::Map::len), Some(3), "nothing but code, state and iss");
    world.redeem(&client, response["code"].as_str().expect("a code")).await.expect(200);
    // The script is the same for everybody: no data is in it.
    let script = |page: &Answer| page.text().split("<script>").nth(1).map(str::to_owned);
    let again = browser.authorize(&client, &[ASKED]).await;
    assert_ne!(posted(&again)["code"], response["code"]);
    assert_eq!(script(&again), script(&page));
    assert!(!page.text().contains(VERIFIER));
}

#[tokio::test]
async fn a_silent_answer_may_be_framed_by_that_origin_alone() {
    let world = World::new().await;
    let client = client(&world).await;
    let asked = world.stranger().authorize(&client, &SILENT).await;
    assert_eq!(
        (&posted(&asked)["error"], &posted(&asked)["state"]),
        (&json!("login_required"), &json!("a state"))
    );
    assert_eq!(ancestors(&asked), (ORIGIN.to_owned(), false));
    let mut browser = world.browser(world.user().await).await;
    assert_eq!(posted(&browser.authorize(&client, &SILENT).await)["error"], "consent_required");
    browser.let_in(&client, &[]).await;
    let silent = browser.authorize(&client, &SILENT).await;
    assert!(posted(&silent)["code"].is_string());
    assert_eq!(ancestors(&silent), (ORIGIN.to_owned(), false));
    let loud = browser.authorize(&client, &[ASKED]).await;
    assert!(posted(&loud)["code"].is_string());
    assert_eq!(ancestors(&loud), ("'none'".to_owned(), true));
    let mixed = browser.authorize(&client, &[ASKED, ("prompt", "none login")]).await;
    assert_eq!(posted(&mixed)["error"], "invalid_request");
    assert_eq!(ancestors(&mixed), ("'none'".to_owned(), true));
}

#[tokio::test]
async fn errors_are_posted_too() {
    let world = World::new().await;
    let client = client(&world).await;
    let mut browser = world.browser(world.user().await).await;
    for (more, code) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("scope", "nonsense"), "invalid_scope"),
    ] {
        assert_eq!(posted(&browser.authorize(&client, &[ASKED, more]).await)["error"], code);
    }
    let consent = browser.authorize(&client, &[ASKED]).await.expect(200);
    assert_eq!(posted(&browser.decide(&consent, "deny").await)["error"], "access_denied");
}

#[tokio::test]
async fn nothing_is_posted_for_an_origin_that_is_not_registered() {
    let world = World::new().await;
    let app = "https://app.example";
    for (n, (redirect, origins)) in [
        (format!("{app}/callback"), vec![]),
        (format!("{app}/callback"), vec!["https://other.example"]),
        (format!("{app}/callback"), vec!["https://app.example:8443", "https://app.exampl"]),
        (format!("{app}.evil.example/callback"), vec![app]),
        (format!("{app}:8443/callback"), vec![app]),
        ("com.example.app:/callback".to_owned(), vec![app]),
        ("http://127.0.0.1:4000/callback".to_owned(), vec!["http://127.0.0.1:4001", "http://localhost:4000"]),
    ]
    .into_iter()
    .enumerate()
    {
        let change = |client: &mut credit_ledger::identity::Client| {
            client.redirect_uris = vec![redirect.as_str().into()];
            client.origins = origins.iter().map(|origin| Box::from(*origin)).collect();
        };
        let client = world.client_with(&format!("app-{n}"), "openid credits:deduct", change).await;
        let mut browser = world.browser(world.user().await).await;
        for more in [
            [ASKED, ("redirect_uri", &redirect)].as_slice(),
            &[ASKED, SILENT[1], ("redirect_uri", &redirect)],
        ] {
            let answer = browser.authorize(&client, more).await.expect(303);
            let location = answer.header("location");
            assert!(location.starts_with(&format!("{redirect}?error=invalid_request&")), "{location}");
            assert!(answer.text().is_empty());
        }
    }
    // A loopback address may have any port; the page there is another origin for each.
    let change = |client: &mut credit_ledger::identity::Client| {
        client.redirect_uris = vec!["http://127.0.0.1:4000/callback".into()];
        client.origins = vec!["http://127.0.0.1:4000".into()];
    };
    let native = world.client_with("native", "openid credits:deduct", change).await;
    let more = [ASKED, ("redirect_uri", "http://127.0.0.1:4001/callback")];
    let answer = world.stranger().authorize(&native, &more).await.expect(303);
    assert!(answer.header("location").contains("error=invalid_request"));
    // And what is not verified is shown, as ever.
    let client = client(&world).await;
    let more = [ASKED, ("redirect_uri", "https://other.example/callback")];
    let told = world.stranger().authorize(&client, &more).await.expect(400);
    assert!(!told.text().contains("data-message"));
    let twice = format!("{}&response_mode=web_message", authorize("app", &[ASKED]));
    let twice = world.stranger().get(&twice).await;
    assert_eq!(sent_back(&twice)["error"], "invalid_request");
}

#[tokio::test]
async fn what_the_app_chooses_stays_data() {
    let world = World::new().await;
    let client = client(&world).await;
    for state in [
        "\"><script>alert(1)</script>",
        "' onload='alert(1)",
        "</script><!--",
        "&quot;\\u003c\\",
        "\u{2028}{}",
    ] {
        let page = world.stranger().authorize(&client, &[ASKED, SILENT[1], ("state", state)]).await;
        assert_eq!(posted(&page)["state"], state);
        assert!(
            !page.text().contains("alert(1)</script>") && !page.text().contains("<!--"),
            "{}",
            page.text()
        );
    }
    let page = world.stranger().authorize(&client, &[ASKED, SILENT[1], ("state", "")]).await;
    assert!(posted(&page).get("state").is_none());
}

#[tokio::test]
async fn pages_on_the_way_leave_the_opener_in_reach_for_this_alone() {
    let world = World::new().await;
    let client = client(&world).await;
    for (mode, policy) in [("web_message", "unsafe-none"), ("query", "same-origin-allow-popups")] {
        let asked = [("response_mode", mode)];
        let mut stranger = world.stranger();
        let login = stranger.authorize(&client, &asked).await.expect(303).header("location").to_owned();
        let page = stranger.get(&login).await.expect(200);
        let (csrf, next) = (hidden(&page, "csrf"), hidden(&page, "next"));
        let form =
            [("csrf", &*csrf), ("next", &next), ("email", "a@b.example"), ("password", "wrong password")];
        let wrong = stranger.post("/login", &form).await.expect(401);
        let register = stranger.get(&login.replace("/login?", "/register?")).await.expect(200);
        for page in [page, wrong, register] {
            assert_eq!(page.header("cross-origin-opener-policy"), policy);
            assert_eq!(ancestors(&page), ("'none'".to_owned(), true), "never in a frame");
        }
    }
    let plain = world.stranger().get("/login").await.expect(200);
    assert_eq!(plain.header("cross-origin-opener-policy"), "same-origin-allow-popups");
}

#[tokio::test]
async fn metadata_names_it() {
    let world = World::new().await;
    let document =
        world.app.anonymous().get("/.well-known/oauth-authorization-server").await.expect(200).json();
    assert_eq!(document["response_modes_supported"], json!(["query", "web_message"]));
}
