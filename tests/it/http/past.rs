//! Wallets as they were, and where their credits came from and went.

use serde_json::{Value, json};

use super::things::{deduct, fund, funded, hold, new_wallet};
use crate::support::{
    app::{Answer, Client, TestApp},
    words::credits,
};

/// Everything that can be asked about a moment.
const READS: [&str; 2] = ["", "/explanation"];

fn micros(amount: &Value) -> i64 {
    credits(amount.as_str().expect("an amount")).micros()
}

/// A wallet with a purchase, a grant, a hold, a capture, a deduction, a rollback, a refund beyond what
/// is left, and a purchase that pays some of the debt. The answers of all of it, in order.
async fn life(client: &Client, wallet: &str) -> Vec<Answer> {
    let base = format!("/v1/wallets/{wallet}");
    let mut answers = vec![fund(client, wallet, "100").await];
    let grant = client.post(&format!("{base}/grants"), &json!({ "amount": "5", "reason": "welcome" }));
    answers.push(grant.key("grant").await.expect(201));
    answers.push(hold(client, wallet, "hold", "20").await.expect(201));
    let held = answers[2].member("id");
    let capture = client.post(&format!("/v1/holds/{held}/captures"), &json!({ "cost": "12" }));
    answers.push(capture.key("capture").await.expect(201));
    let release = client.post(&format!("/v1/holds/{held}/release"), &json!({}));
    answers.push(release.key("release").await.expect(200));
    answers.push(deduct(client, wallet, "deduct", "60").await.expect(201));
    let spent = answers[5].member("id");
    let back = client.post(&format!("/v1/deductions/{spent}/rollbacks"), &json!({ "amount": "10" }));
    answers.push(back.key("back").await.expect(201));
    let bought = answers[0].member("id");
    let refund = client.post(&format!("/v1/purchases/{bought}/refunds"), &json!({}));
    answers.push(refund.key("refund").await.expect(201));
    answers.push(fund(client, wallet, "30").await);
    answers
}

#[tokio::test]
async fn a_wallet_is_shown_as_it_was_at_every_answer() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = new_wallet();
    let path = format!("/v1/wallets/{wallet}");
    for answer in life(&admin, &wallet).await {
        let (told, position) = (answer.json(), answer.position());
        let time = answer.member("time");
        for moment in [format!("at_position={position}"), format!("at_time={time}")] {
            let then = admin.get(&format!("{path}?{moment}")).await.expect(200);
            assert!(then.header("etag").is_empty(), "of what is past there are no versions");
            let then = then.json();
            for name in ["balance", "available", "reserved"] {
                assert_eq!(then[name], told[name], "{name} at {moment}: {then}");
            }
            assert_eq!(then["as_of_position"], (position + 1).to_string(), "{moment}");
            let lots: i64 =
                then["lots"].as_array().expect("lots").iter().map(|lot| micros(&lot["remaining"])).sum();
            let reserved: i64 =
                then["holds"].as_array().expect("holds").iter().map(|hold| micros(&hold["remaining"])).sum();
            assert_eq!(lots + reserved - micros(&then["debt"]), micros(&then["balance"]), "{then}");
        }
    }
    let now = admin.get(&path).await.expect(200).json();
    let last = app.head().get() - 1;
    let latest = admin.get(&format!("{path}?at_position={last}")).await.expect(200).json();
    assert_eq!(latest["lots"], now["lots"]);
    assert_eq!([&now["balance"], &now["debt"]], ["-27", "27"]);
}

#[tokio::test]
async fn a_moment_has_happened_or_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let before = app.head();
    let wallet = funded(&admin, "5").await;
    let stranger = app.stranger().await;
    let head = app.head().get();
    for read in READS {
        let ask = async |query: String| admin.get(&format!("/v1/wallets/{wallet}{read}?{query}")).await;
        ask(format!("at_position={}", before.get() - 1)).await.problem(404, "not-found");
        ask("at_time=2025-12-31".to_owned()).await.problem(404, "not-found");
        let future = ask(format!("at_position={head}")).await.problem(422, "not-yet-happened");
        assert_eq!(future["head"], head.to_string());
        ask(format!("at_position={}", u64::MAX)).await.problem(422, "not-yet-happened");
        ask("at_time=2999-01-01".to_owned()).await.problem(422, "not-yet-happened");
        ask("at_position=1&at_time=2026-01-01".to_owned()).await.problem(400, "bad-request");
        let theirs = stranger.get(&format!("/v1/wallets/{wallet}{read}?at_position={}", head - 1));
        theirs.await.problem(404, "not-found");
        ask(format!("at_position={}&min_position={head}&wait=0", head - 1))
            .await
            .problem(503, "position-not-reached");
    }
}

#[tokio::test]
async fn an_explanation_follows_every_credit() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = new_wallet();
    let answers = life(&admin, &wallet).await;
    let path = format!("/v1/wallets/{wallet}/explanation");
    let told = admin.get(&format!("{path}?min_position={}", app.head().get() - 1)).await.expect(200).json();
    let [bought, granted, bought_later] = told["lots"].as_array().expect("lots").as_slice() else {
        panic!("three lots: {told}")
    };
    assert_eq!(
        [&granted["origin"], &granted["reference"], &granted["spent"]["chat"]],
        ["grant", "welcome", "5"]
    );
    assert_eq!([&bought["amount"], &bought["spent"]["chat"], &bought["given_back"]], ["100", "67", "10"]);
    assert_eq!([&bought["refunded"], &bought["free"], &bought["held"]], ["43", "0", "0"]);
    assert_eq!([&bought_later["amount"], &bought_later["settled"], &bought_later["free"]], ["30", "30", "0"]);
    let debt = &told["debt"];
    assert_eq!([&debt["refunded"], &debt["settled"], &debt["owed"]], ["57", "30", "27"]);
    assert_eq!(told["balance"], "-27");
    for answer in answers {
        let told = admin.get(&format!("{path}?at_position={}", answer.position())).await.expect(200).json();
        assert_eq!(told["balance"], answer.json()["balance"]);
        let left = |lot: &Value| micros(&lot["free"]) + micros(&lot["held"]);
        let left: i64 = told["lots"].as_array().expect("lots").iter().map(left).sum();
        assert_eq!(left - micros(&told["debt"]["owed"]), micros(&told["balance"]), "{told}");
    }
}
