//! Whoever does not know the cluster's secret is refused.

use std::time::Duration;

use credit_ledger::{
    cluster::{Options, wire::Posted},
    engine::EngineError,
};
use reqwest::StatusCode;

use super::nodes::{OPTIONS, Shared, TestNode};
use crate::support::{
    ground::LEDGER,
    words::{ask, deduct, purchase},
};

#[tokio::test]
async fn another_secret_opens_nothing() {
    let shared = Shared::new();
    let writer = TestNode::start(&shared, 1).await;
    writer.is("writer").await;
    writer.submit(ask("P1", purchase(10))).await.expect("a purchase");
    let options = Options { deadline: Duration::from_millis(1_500), ..OPTIONS };
    let stranger = TestNode::start_with(&shared, 2, b"another secret", options).await;
    stranger.is("standby").await;
    let head = shared.events().await.len();
    let refused = stranger.submit(ask("D1", deduct(1))).await;
    assert!(matches!(refused, Err(EngineError::Unavailable(_))), "{refused:?}");
    assert_eq!(shared.events().await.len(), head);
}

#[tokio::test]
async fn the_internal_listener_answers_nobody_else() {
    let shared = Shared::new();
    let node = TestNode::start(&shared, 1).await;
    node.is("writer").await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let [commands, facts] = [Posted::Commands, Posted::Fact].map(|posted| posted.path(LEDGER));
    for path in [&commands, &facts, "/internal/v1/commands", "/v1/events", "/readyz", "/"] {
        for bearer in [None, Some(""), Some("0000"), Some("the secret")] {
            let request = client.post(format!("{}{path}", node.address)).body("[]");
            let request = match bearer {
                Some(bearer) => request.bearer_auth(bearer),
                None => request,
            };
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path} {bearer:?}");
            assert_eq!(response.bytes().await.expect("a body").len(), 0);
        }
    }
}
