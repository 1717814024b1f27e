//! One key, one change: whatever is repeated, by whomever, in whatever form.

use serde_json::json;

use super::{
    requests,
    things::{Things, deduct, fund, funded, wallet_at},
};
use crate::support::app::{Answer, TestApp};
use credit_ledger::{http::routes::Kind, identity::Scope};

/// The second answer is the first, byte for byte, but for the header that says so.
#[track_caller]
fn same(first: &Answer, second: &Answer) {
    assert_eq!((first.status, first.text()), (second.status, second.text()));
    assert!(!first.is_replayed() && second.is_replayed(), "{:?} {:?}", first.headers, second.headers);
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let things = Things::stocked(&app, &admin).await;
    for (route, draft) in requests::all(&things) {
        if !matches!(route.kind, Kind::Command | Kind::KeyOptional) || route.path.starts_with("/bench/") {
            continue;
        }
        let key = format!("again{}", route.path);
        let draft = draft.header("idempotency-key", key.clone());
        let first = draft.by(&admin).await;
        assert!((200..300).contains(&first.status), "{}: {}", route.path, first.text());
        let head = app.head();
        let second = draft.by(&admin).await;
        same(&first, &second);
        let key_in_body = draft.headerless("idempotency-key").with("idempotency_key", &format!("\"{key}\""));
        same(&first, &key_in_body.by(&admin).await);
        assert_eq!(app.head(), head, "{}", route.path);
    }
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let things = Things::stocked(&app, &admin).await;
    for (route, draft) in requests::all(&things) {
        let other = match route.path.rsplit('/').next() {
            Some("deductions" | "checks") => draft.with("cost", "\"0.6\""),
            Some("check" | "deduct") => draft.with("cost", "0.6"),
            Some("purchases" | "grants") => draft.with("amount", "\"1.000001\""),
            Some("rollbacks" | "refunds" | "chargebacks" | "adjustments") => draft.with("amount", "\"0.02\""),
            Some("holds" | "captures") => draft.with("cost", "\"0.02\""),
            Some("extensions") => draft.with("timeout_seconds", "86401"),
            Some("freeze" | "unfreeze") => draft.with("reason", "\"another\""),
            Some("credit-limit") => draft.with("limit", "\"6\""),
            Some("low-balance") => draft.with("threshold", "null"),
            Some("caps") => draft.with("budget", "\"another\""),
            Some("wallets") => draft.with("wallet", &format!("\"{}\"", super::things::new_wallet())),
            _ => continue,
        };
        let [first, other] = [draft, other].map(|draft| draft.header("idempotency-key", "one"));
        first.by(&admin).await;
        let head = app.head();
        other.by(&admin).await.problem(422, "idempotency-key-reused");
        assert_eq!(app.head(), head, "{}", route.path);
    }
}

#[tokio::test]
async fn another_wallet_is_another_request() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [one, other] = [funded(&admin, "10").await, funded(&admin, "10").await];
    deduct(&admin, &one, "key", "1").await.expect(201);
    deduct(&admin, &other, "key", "1").await.problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn a_refusal_stays_after_a_purchase() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "1").await;
    let first = deduct(&admin, &wallet, "late", "2").await;
    let problem = first.problem(402, "insufficient-credits");
    assert_eq!([&problem["available"], &problem["required"], &problem["shortfall"]], ["1", "2", "1"]);
    fund(&admin, &wallet, "100").await;
    let again = deduct(&admin, &wallet, "late", "2").await;
    let mut repeated = again.problem(402, "insufficient-credits");
    assert!(again.is_replayed());
    repeated["request_id"] = problem["request_id"].clone();
    assert_eq!(repeated, problem);
    deduct(&admin, &wallet, "new", "2").await.expect(201);
}

#[tokio::test]
async fn what_was_not_recorded_leaves_the_key_free() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = super::things::new_wallet();
    deduct(&admin, &wallet, "key", "1").await.problem(404, "not-found");
    deduct(&admin, &wallet, "key", "-1").await.problem(400, "invalid-amount");
    fund(&admin, &wallet, "1").await;
    let done = deduct(&admin, &wallet, "key", "1").await.expect(201);
    assert!(!done.is_replayed());
}

#[tokio::test]
async fn a_key_belongs_to_an_organization_an_app_and_an_operation() {
    let app = TestApp::start().await;
    let (one, two, elsewhere) = (app.admin().await, app.admin().await, app.stranger().await);
    let wallet = funded(&one, "100").await;
    let theirs = funded(&elsewhere, "100").await;
    let answers = [
        deduct(&one, &wallet, "key", "1").await,
        deduct(&two, &wallet, "key", "2").await,
        deduct(&app.operator(), &wallet, "key", "3").await,
        deduct(&elsewhere, &theirs, "key", "4").await,
        one.post(&format!("/v1/wallets/{wallet}/grants"), &json!({ "amount": "5" })).key("key").await,
        one.post(&format!("/v1/wallets/{wallet}/purchases"), &json!({ "amount": "6" })).key("key").await,
    ];
    for answer in answers {
        assert!(!answer.is_replayed(), "{}", answer.path);
        answer.expect(201);
    }
}

#[tokio::test]
async fn another_key_of_the_same_app_repeats_the_same_command() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let first = deduct(&admin, &wallet, "key", "1").await.expect(201);
    let keys = format!("/v1/apps/{}/keys", admin.app_id.as_deref().expect("an app"));
    let rotated = admin.post(&keys, &json!({ "scopes": [Scope::CreditsDeduct.as_str()] })).await.expect(201);
    let rotated = app.bearer("the same app", &rotated.member("api_key"));
    same(&first, &deduct(&rotated, &wallet, "key", "1").await);
}

#[tokio::test]
async fn how_a_request_is_written_does_not_matter() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let path = format!("/v1/wallets/{wallet}/deductions");
    let send = |body: &'static str| admin.post(&path, &json!({})).undeclared(body).key("key");
    let first = send(r#"{"service":"chat","cost":"1.50","metadata":{"a":1,"b":[true]}}"#).await.expect(201);
    let again =
        send("\n{ \"metadata\" : {\"b\":[true], \"a\":1},\"cost\":\"1.5\", \"service\":\"\\u0063hat\"}")
            .await;
    same(&first, &again);
    // The compatible path is another way to the same operation.
    let compatible = admin.post("/api/mcp/v1/credits/deduct", &json!({})).header("x-user-id", &wallet);
    let body = r#"{"service":"chat","cost":15e-1,"metadata":{"a":1,"b":[true]},"more":0}"#;
    let compatible = compatible.undeclared(body).key("key").await.expect(200);
    assert!(compatible.is_replayed());
    assert_eq!(compatible.member("transaction_id"), first.member("id"));
}

#[tokio::test]
async fn duplicates_in_flight_share_one_answer() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let answers = futures::future::join_all((0..50).map(|_| deduct(&admin, &wallet, "key", "1"))).await;
    assert_eq!(answers.iter().filter(|answer| !answer.is_replayed()).count(), 1);
    let first = &answers[0];
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.body == first.body));
    let now = wallet_at(&admin, &wallet, first.position()).await;
    assert_eq!(now["balance"], "99");
}

#[tokio::test]
async fn a_wallet_without_an_id_gets_one_from_its_key() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let open = |key: &'static str| admin.post("/v1/wallets", &json!({})).key(key);
    let first = open("one").await.expect(201);
    same(&first, &open("one").await);
    assert_ne!(first.member("wallet"), open("two").await.expect(201).member("wallet"));
    let named = json!({ "wallet": first.member("wallet") });
    admin.post("/v1/wallets", &named).key("three").await.problem(409, "wallet-already-exists");
}
