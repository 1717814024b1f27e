//! Reads that must include a write.

use std::future::IntoFuture;

use super::things::{deduct, funded};
use crate::support::app::TestApp;

#[tokio::test]
async fn a_read_sees_the_write_whose_position_it_names() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    for spent in 1..=20 {
        let position = deduct(&admin, &wallet, &format!("d{spent}"), "1").await.expect(201).position();
        let shown = admin.get(&format!("/v1/wallets/{wallet}?min_position={position}")).await.expect(200);
        assert_eq!(shown.member("balance"), (100 - spent).to_string());
        assert!(shown.member("as_of_position").parse::<u64>().expect("a position") > position);
        assert_eq!(shown.position(), position);
        let entries = format!("/v1/wallets/{wallet}/entries?limit=1&min_position={position}");
        let newest = admin.get(&entries).await.expect(200).json();
        assert_eq!(newest["data"][0]["position"], position.to_string());
    }
}

#[tokio::test]
async fn on_a_quiet_ledger_a_read_without_a_position_sees_what_was_answered() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for _ in 0..5 {
        let wallet = funded(&admin, "100").await;
        assert_eq!(admin.get(&format!("/v1/wallets/{wallet}")).await.expect(200).member("balance"), "100");
    }
}

#[tokio::test]
async fn a_position_that_is_not_there_yet_is_not_waited_for_longer_than_asked() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let deduction = deduct(&admin, &wallet, "d", "1").await.expect(201).member("id");
    let far = app.head().get() + 1_000;
    for path in [
        format!("/v1/wallets/{wallet}"),
        format!("/v1/wallets/{wallet}/entries"),
        format!("/v1/wallets/{wallet}/deductions/{deduction}"),
        format!("/v1/deductions/{deduction}"),
        "/v1/entries".to_owned(),
    ] {
        let problem = admin.get(&format!("{path}?min_position={far}&wait=0")).await;
        let problem = problem.problem(503, "position-not-reached");
        assert_eq!(problem["min_position"], far.to_string());
        let now: u64 = problem["position"].as_str().expect("a position").parse().expect("a number");
        assert!(now <= app.head().get(), "{problem}");
    }
    let last = format!("/v1/wallets/{wallet}?min_position={}&wait=0", u64::MAX);
    admin.get(&last).await.problem(503, "position-not-reached");
}

#[tokio::test]
async fn a_read_waits_for_a_write_that_is_still_to_come() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let next = app.head();
    let waiting = admin.get(&format!("/v1/wallets/{wallet}?min_position={next}&wait=30")).into_future();
    let waiting = tokio::spawn(waiting);
    tokio::task::yield_now().await;
    deduct(&admin, &wallet, "d", "1").await.expect(201);
    let shown = waiting.await.expect("no panic").expect(200);
    assert_eq!(shown.member("balance"), "99");
}

#[tokio::test]
async fn an_entity_tag_counts_the_changes_of_a_wallet() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let tag = |answer: &crate::support::app::Answer| -> u64 {
        answer.header("etag").trim_matches('"').parse().expect("a number between quotes")
    };
    let read = |position| admin.get(&format!("/v1/wallets/{wallet}?min_position={position}"));
    let before = read(app.head().get() - 1).await.expect(200);
    let position = deduct(&admin, &wallet, "d", "1").await.expect(201).position();
    let after = read(position).await.expect(200);
    assert_eq!(tag(&after), tag(&before) + 1);
}
