//! Without `session`: a one-time code for the front end, exchanged for tokens.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::future::join_all;
use serde_json::{Value, json};

use super::{FRONT_END, World};
use crate::support::app::Answer;

impl World {
    async fn exchange(&self, body: &Value) -> Answer {
        self.app.anonymous().post("/api/auth/google/exchange", body).await
    }

    /// The code that the front end gets.
    async fn sent(&self, query: &str) -> String {
        let answer = self.browser().signs_in(query).await.expect(303);
        let (page, code) = answer.header("location").split_once("?code=").expect("a code");
        assert_eq!(page, FRONT_END);
        code.to_owned()
    }
}

#[tokio::test]
async fn the_front_end_gets_a_code_and_tokens_for_it_once() {
    let world = World::start().await;
    let code = world.sent("").await;
    let login = world.exchange(&json!({ "code": code })).await.expect(200);
    assert_eq!(login.header("cache-control"), "no-store");
    let login = login.json();
    assert_eq!((&login["token_type"], &login["expires_in"]), (&json!("Bearer"), &json!(900)));
    let token = login["access_token"].as_str().expect("a token");
    let me = world.app.anonymous().get("/auth/me").header("authorization", format!("Bearer {token}"));
    assert_eq!(me.await.expect(200).json()["email"], "ann@mail.example");
    world.exchange(&json!({ "code": code })).await.problem(401, "invalid-credentials");
    world.verify(&format!("VERIFIED-{code}")).await.problem(401, "invalid-credentials");

    let shown = world.code().await;
    world.exchange(&json!({ "code": &shown[9..] })).await.problem(401, "invalid-credentials");
    world.verify(&shown).await.expect(200);
}

#[tokio::test]
async fn of_a_hundred_exchanges_at_once_one_succeeds() {
    let world = World::start().await;
    let body = json!({ "code": world.sent("return_to=chatgpt").await });
    // Ten addresses would be locked before: each exchange comes from one of its own.
    let exchanges = (0..100).map(|n| {
        let request = world.app.anonymous().post("/api/auth/google/exchange", &body);
        async move { request.header("x-forwarded-for", format!("198.51.100.{n}")).await.status }
    });
    let mut statuses = join_all(exchanges).await;
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1], statuses[99]), (200, 401, 401));
}

#[tokio::test]
async fn a_challenge_keeps_the_code_for_who_began() {
    let world = World::start().await;
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let query = format!("code_challenge={challenge}");
    let code = world.sent(&query).await;
    let good = json!({ "code": code, "code_verifier": verifier });
    world.exchange(&good).await.expect(200);
    for wrong in [Value::Null, json!(verifier.replace('d', "e")), json!(challenge)] {
        let code = world.sent(&query).await;
        world
            .exchange(&json!({ "code": code, "code_verifier": wrong }))
            .await
            .problem(401, "invalid-credentials");
        let spent = json!({ "code": code, "code_verifier": verifier });
        world.exchange(&spent).await.problem(401, "invalid-credentials");
    }
    let answer = world.browser().open("/api/auth/google?code_challenge=short").await;
    super::refused(&answer, 400, "This address cannot be read");
}

#[tokio::test]
async fn a_code_for_the_front_end_waits_two_minutes() {
    let world = World::start().await;
    for (late, status) in [(119, 200), (121, 401)] {
        let code = world.sent("").await;
        world.advance(late);
        assert_eq!(world.exchange(&json!({ "code": code })).await.status, status, "{late}");
    }
    world.exchange(&json!({ "code": "x", "extra": 1 })).await.problem(400, "bad-request");
}
