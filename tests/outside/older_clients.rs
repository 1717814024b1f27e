//! The two paths of the older credits API, byte for byte as its clients expect them.

use reqwest::Method;

use crate::support::{
    api::{Answer, Api},
    home::Home,
    server::Server,
    turn, wallet,
};

const CHECK: &str = "/api/mcp/v1/credits/check";
const DEDUCT: &str = "/api/mcp/v1/credits/deduct";

/// Sends this very body for a user.
async fn ask(api: &Api, path: &str, user: Option<&str>, key: Option<&str>, body: &str) -> Answer {
    let mut request =
        api.request(Method::POST, path).header("Content-Type", "application/json").body(body.to_owned());
    if let Some(user) = user {
        request = request.header("X-User-ID", user);
    }
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    Answer::of(request.send().await.expect("an answer")).await.expect("a body")
}

/// The body is the expected object, or that with more members after it.
#[track_caller]
fn must_be(answer: &Answer, object: &str) {
    let expected = object.strip_suffix('}').expect("an object");
    let rest = answer.body.strip_prefix(expected);
    assert!(rest.is_some_and(|rest| rest.starts_with([',', '}'])), "{object} expected: {answer:#?}");
    assert!(answer.headers["content-type"].to_str().expect("text").starts_with("application/json"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn amounts_are_json_numbers_with_their_exact_digits() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start(&home).await;
    let app = server.app("sora2").await;
    let api = server.api(&app);
    for (number, (funds, cost, left)) in [
        ("70", "30", "40"),
        ("70", "70", "0"),
        ("100", "30.5", "69.5"),
        ("1", "0.000001", "0.999999"),
        ("0.3", "0.1", "0.2"),
        ("9007199254740.993", "0.001", "9007199254740.992"),
        ("9223372036854.775807", "0.000007", "9223372036854.7758"),
    ]
    .into_iter()
    .enumerate()
    {
        let user = wallet(u64::try_from(number).expect("few"));
        api.purchase(&user, funds).await;
        let body = format!("{{\"service\":\"sora2-video-generation\",\"cost\":{cost}}}");
        let checked = ask(&api, CHECK, Some(&user), None, &body).await.expect(200);
        must_be(&checked, &format!("{{\"sufficient\":true,\"balance\":{funds}}}"));
        let body = format!(
            "{{\"service\":\"sora2-video-generation\",\"cost\":{cost},\"metadata\":{{\"videoId\":\"v\"}},\"more\":[1]}}"
        );
        let deducted = ask(&api, DEDUCT, Some(&user), None, &body).await.expect(200);
        let id = deducted.text("/transaction_id");
        assert!(!id.is_empty());
        must_be(
            &deducted,
            &format!("{{\"status\":\"ok\",\"new_balance\":{left},\"transaction_id\":\"{id}\"}}"),
        );
        assert_eq!(api.balance(&user).await, left);
        api.get(&format!("/v1/deductions/{id}")).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn what_a_wallet_cannot_pay_is_said_as_before_and_charges_nothing() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start(&home).await;
    let (app, user) = (server.app("sora2").await, wallet(0));
    let api = server.api(&app);
    api.purchase(&user, "5").await;
    let body = r#"{"service":"sora2-video-generation","cost":30}"#;
    let checked = ask(&api, CHECK, Some(&user), None, body).await.expect(200);
    must_be(&checked, r#"{"sufficient":false,"balance":5}"#);
    let refused = ask(&api, DEDUCT, Some(&user), None, body).await.expect(402);
    assert_eq!(refused.text("/code"), "insufficient-credits");
    assert!(!refused.text("/error").is_empty());
    assert_eq!(api.balance(&user).await, "5");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn a_retry_charges_again_without_a_key_and_once_with_one() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start(&home).await;
    let (app, user) = (server.app("sora2").await, wallet(0));
    let api = server.api(&app);
    api.purchase(&user, "100").await;
    let body = r#"{"service":"s","cost":10}"#;
    for left in [90, 80] {
        let answer = ask(&api, DEDUCT, Some(&user), None, body).await.expect(200);
        must_be(
            &answer,
            &format!(
                "{{\"status\":\"ok\",\"new_balance\":{left},\"transaction_id\":\"{}\"}}",
                answer.text("/transaction_id")
            ),
        );
    }
    let first = ask(&api, DEDUCT, Some(&user), Some("k-1"), body).await.expect(200);
    let again = ask(&api, DEDUCT, Some(&user), Some("k-1"), body).await.expect(200);
    let in_body =
        ask(&api, DEDUCT, Some(&user), None, r#"{"service":"s","cost":10,"idempotency_key":"k-1"}"#).await;
    assert_eq!((&again.body, &in_body.body), (&first.body, &first.body));
    assert!(!first.is_replayed() && again.is_replayed() && in_body.is_replayed());
    ask(&api, DEDUCT, Some(&user), Some("k-1"), r#"{"service":"s","cost":11}"#).await.expect(422);
    assert_eq!(api.balance(&user).await, "70");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn the_user_header_is_believed_only_beside_a_key_of_the_users_organization() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start(&home).await;
    let (app, user) = (server.app("sora2").await, wallet(0));
    let api = server.api(&app);
    api.purchase(&user, "100").await;
    let operator = server.operator();
    operator.post("/v1/organizations", None, &serde_json::json!({ "name": "elsewhere" })).await.expect(201);
    let other = serde_json::json!({ "name": "sora2", "organization": "elsewhere", "scopes": ["credits:check", "credits:deduct"] });
    let other = operator.post("/v1/apps", None, &other).await.expect(201).text("/api_key");
    let body = r#"{"service":"s","cost":10}"#;
    for path in [CHECK, DEDUCT] {
        ask(&Api::new(&server.url, "none"), path, Some(&user), None, body).await.expect(401);
        ask(&server.api(&other), path, Some(&user), None, body).await.expect(404);
        ask(&api, path, None, None, body).await.expect(400);
        ask(&api, path, Some("user-7"), None, body).await.expect(400);
        ask(&api, path, Some(&wallet(77)), None, body).await.expect(404);
        ask(&api, path, Some(&user), None, r#"{"service":"s","cost":-1}"#).await.expect(400);
    }
    assert_eq!(api.balance(&user).await, "100");
}
