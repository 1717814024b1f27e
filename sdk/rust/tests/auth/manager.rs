//! When a service asks for tokens, and when it doesn't.

use std::sync::Arc;

use credit_ledger_client::auth::{ServiceClient, ServiceTokenManager, TokenError};
use futures::future::join_all;
use serde_json::json;

use crate::{
    ManualClock, http,
    server::{Answer, Server},
};

pub(crate) const SECRET: &str = "cls_canary:+secret";

pub(crate) fn granted(token: &str, expires_in: u64) -> Answer {
    let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": expires_in });
    (200, "no-store", body.to_string())
}

pub(crate) fn unavailable() -> Answer {
    (503, "", json!({ "error": "temporarily_unavailable", "error_description": "later" }).to_string())
}

pub(crate) fn manager(server: &Server, clock: &ManualClock, draw: u32) -> ServiceTokenManager {
    let service = ServiceClient {
        id: "chat-api-service".to_owned(),
        secret: SECRET.to_owned(),
        token_url: format!("{}/oauth/token", server.url),
        scope: "groups:read members:read".to_owned(),
    };
    ServiceTokenManager::with_clock(http(), service, Arc::new(clock.clone()), move || draw)
}

async fn text(manager: &ServiceTokenManager) -> String {
    manager.token().await.expect("a token").as_str().to_owned()
}

#[tokio::test]
async fn it_asks_as_rfc_6749_has_it() {
    let server = Server::start([granted("one", 900)]).await;
    assert_eq!(text(&manager(&server, &ManualClock::default(), 0)).await, "one");
    let asked = &server.asked()[0];
    assert_eq!(asked.body, "grant_type=client_credentials&scope=groups%3Aread+members%3Aread");
    // chat-api-service:cls_canary%3A%2Bsecret
    assert_eq!(asked.authorization, "Basic Y2hhdC1hcGktc2VydmljZTpjbHNfY2FuYXJ5JTNBJTJCc2VjcmV0");
}

#[tokio::test]
async fn a_hundred_callers_are_one_request() {
    let server = Server::start([granted("one", 900), granted("two", 900)]).await;
    let manager = manager(&server, &ManualClock::default(), 0);
    server.shut();
    let callers: Vec<_> = (0..100)
        .map(|_| {
            tokio::spawn({
                let manager = manager.clone();
                async move { text(&manager).await }
            })
        })
        .collect();
    server.until_asked(1).await;
    server.open();
    for token in join_all(callers).await {
        assert_eq!(token.expect("no panic"), "one");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn the_request_goes_on_when_nobody_waits() {
    let server = Server::start([granted("one", 900)]).await;
    let manager = manager(&server, &ManualClock::default(), 0);
    server.shut();
    let impatient = tokio::spawn({
        let manager = manager.clone();
        async move { text(&manager).await }
    });
    server.until_asked(1).await;
    impatient.abort();
    assert!(impatient.await.expect_err("it was aborted").is_cancelled());
    server.open();
    assert_eq!(text(&manager).await, "one");
    assert_eq!(server.count(), 1, "the second caller shares the first one's request");
}

/// At 80 % of 1,000 s, give or take 5 %, whatever is drawn.
#[tokio::test]
async fn a_token_is_renewed_in_time_and_nobody_waits() {
    for (draw, due) in
        [(0, 750), (50, 800), (100, 850), (101, 750), (u32::MAX, 750 + u64::from(u32::MAX % 101))]
    {
        let server = Server::start([granted("one", 1_000), granted("two", 1_000)]).await;
        let clock = ManualClock::default();
        let manager = manager(&server, &clock, draw);
        assert_eq!(text(&manager).await, "one");
        clock.advance_s(due - 1);
        assert_eq!(text(&manager).await, "one");
        assert_eq!(server.count(), 1, "not yet at {draw}");
        clock.advance_s(1);
        server.shut();
        assert_eq!(text(&manager).await, "one", "the old one is good while the new one comes");
        server.until_asked(2).await;
        assert_eq!(text(&manager).await, "one");
        server.open();
        let renewed = async {
            while text(&manager).await == "one" {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), renewed).await.expect("the new one");
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test]
async fn a_failure_keeps_the_old_token_while_it_lives() {
    const DAY: u64 = 24 * 3_600;
    let server = Server::start([granted("one", DAY), unavailable()]).await;
    let clock = ManualClock::default();
    let manager = manager(&server, &clock, 50);
    assert_eq!(text(&manager).await, "one");
    clock.advance_s(DAY / 10 * 8);
    let mut seconds = 0;
    let failing = async {
        while server.count() < 6 {
            assert_eq!(text(&manager).await, "one");
            tokio::task::yield_now().await;
            let attempts = server.count() - 1;
            assert!(attempts <= 1 + seconds / 10, "{attempts} attempts in {seconds} s");
            seconds += 1;
            clock.advance_s(1);
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), failing).await.expect("five attempts");
    clock.advance_s(DAY);
    let error = manager.token().await.expect_err("its life is over");
    let is_told = matches!(&error, TokenError::Refused { status: 503, error, .. } if error == "temporarily_unavailable");
    assert!(is_told, "{error}");
    assert!(!format!("{error} {error:?} {manager:?}").contains("canary"));
}

#[tokio::test]
async fn without_a_token_it_asks_at_most_once_a_second() {
    let server = Server::start([unavailable()]).await;
    let clock = ManualClock::default();
    let manager = manager(&server, &clock, 50);
    for second in 1..=3 {
        for _ in 0..50 {
            manager.token().await.expect_err("no token");
        }
        assert_eq!(server.count(), second);
        clock.advance_s(1);
    }
    server.answers([granted("one", 900)]);
    assert_eq!(text(&manager).await, "one");
}
