//! The paths of earlier clients, byte for byte.

use serde_json::Value;

use super::things::{fund, funded, new_wallet};
use crate::support::app::{Answer, Client, Request, TestApp};

const CHECK: &str = "/api/mcp/v1/credits/check";
const DEDUCT: &str = "/api/mcp/v1/credits/deduct";

fn ask(client: &Client, path: &str, user: &str, body: &'static str) -> Request {
    let request = client.request(reqwest::Method::POST, path).header("x-user-id", user);
    request.body("application/json", body)
}

async fn answered(client: &Client, path: &str, user: &str, body: &'static str) -> Answer {
    ask(client, path, user, body).await.expect(200)
}

#[tokio::test]
async fn a_check_answers_byte_for_byte() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = funded(&admin, "69.5").await;
    let at = app.head();
    let enough = answered(&admin, CHECK, &user, r#"{"service":"sora2-video-generation","cost":30}"#).await;
    assert_eq!(enough.text(), format!(r#"{{"sufficient":true,"balance":69.5,"as_of_position":"{at}"}}"#));
    assert_eq!(enough.header("content-type"), "application/json");
    let too_little =
        answered(&admin, CHECK, &user, r#"{"service":"sora2-video-generation","cost":69.500001}"#).await;
    let at = at.next();
    assert_eq!(
        too_little.text(),
        format!(r#"{{"sufficient":false,"balance":69.5,"as_of_position":"{at}"}}"#)
    );
}

#[tokio::test]
async fn a_deduction_answers_byte_for_byte() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = funded(&admin, "100").await;
    let at = app.head();
    let body = r#"{"service":"sora2-video-generation","cost":30.5,"metadata":{"videoId":"v-1"}}"#;
    let spent = answered(&admin, DEDUCT, &user, body).await;
    let tag = &app.ledger.id.to_string()[..8];
    let expected = format!(
        r#"{{"status":"ok","new_balance":69.5,"transaction_id":"ded_{tag}_{at}","position":"{at}"}}"#
    );
    assert_eq!(spent.text(), expected);
    let found =
        admin.get(&format!("/v1/deductions/{}", spent.member("transaction_id"))).await.expect(200).json();
    assert_eq!([&found["cost"], &found["metadata"]["videoId"]], ["30.5", "v-1"]);
}

#[tokio::test]
async fn too_few_credits_are_a_402_with_an_error_string() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = funded(&admin, "1").await;
    let refused = ask(&admin, DEDUCT, &user, r#"{"service":"s","cost":2}"#).await;
    let problem = refused.problem(402, "insufficient-credits");
    assert_eq!(problem["error"], "Insufficient credits");
}

#[tokio::test]
async fn amounts_keep_every_digit_and_may_be_strings() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = funded(&admin, "9007199254740.993001").await;
    let rows = [
        (r#"{"service":"s","cost":0.000001}"#, "9007199254740.993"),
        (r#"{"service":"s","cost":"0.1"}"#, "9007199254740.893"),
        (r#"{"service":"s","cost":2e-1}"#, "9007199254740.693"),
        (r#"{"service":"s","cost":1.0000000}"#, "9007199254739.693"),
        (r#"{"service":"s","cost":4.7E3}"#, "9007199250039.693"),
    ];
    for (body, balance) in rows {
        let spent = answered(&admin, DEDUCT, &user, body).await;
        let expected = format!(r#""new_balance":{balance},"#);
        assert!(spent.text().contains(&expected), "{body}: {}", spent.text());
    }
}

#[tokio::test]
async fn a_repetition_without_a_key_charges_again_and_with_one_does_not() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = funded(&admin, "100").await;
    let body = r#"{"service":"s","cost":10}"#;
    let balance = |answer: Answer| -> Value { answer.json()["new_balance"].clone() };
    assert_eq!(balance(answered(&admin, DEDUCT, &user, body).await), 90);
    assert_eq!(balance(answered(&admin, DEDUCT, &user, body).await), 80);
    let keyed = || async { ask(&admin, DEDUCT, &user, body).key("key").await.expect(200) };
    assert_eq!(balance(keyed().await), 70);
    let again = keyed().await;
    assert!(again.is_replayed());
    assert_eq!(balance(again), 70);
}

#[tokio::test]
async fn a_user_is_believed_only_beside_a_key_of_its_organization() {
    let app = TestApp::start().await;
    let (admin, stranger) = (app.admin().await, app.stranger().await);
    let user = new_wallet();
    fund(&admin, &user, "100").await;
    let head = app.head();
    let body = r#"{"service":"s","cost":10}"#;
    ask(&app.anonymous(), DEDUCT, &user, body).await.problem(401, "unauthenticated");
    ask(&stranger, DEDUCT, &user, body).await.problem(404, "not-found");
    ask(&stranger, CHECK, &user, body).await.problem(404, "not-found");
    assert_eq!(app.head(), head);
}
