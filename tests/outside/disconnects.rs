//! Clients that go away in the middle of a request.

use std::time::Duration;

use crate::support::{
    books::{Books, verify},
    clock::eventually,
    home::Home,
    raw::{connect, deduction, send},
    server::Server,
    turn, wallet,
};

const CLIENTS: u64 = 50;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn a_request_that_was_sent_is_carried_out_though_nobody_waits_for_the_answer() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start(&home).await;
    let app = server.app("hasty").await;
    let (api, wallet) = (server.api(&app), wallet(0));
    api.purchase(&wallet, "100").await;
    for client in 0..CLIENTS {
        let mut stream = connect(&server.url).await;
        send(&mut stream, &deduction(&app, &wallet, &format!("gone-{client}"), "1")).await;
        drop(stream);
    }
    let expected = (100 - CLIENTS).to_string();
    let spent = async || (api.balance(&wallet).await == expected).then_some(());
    eventually("every deduction is committed", Duration::from_secs(10), spent).await;
    for client in 0..CLIENTS {
        let again = api.deduct(&wallet, &format!("gone-{client}"), "1").await.expect("an answer").expect(201);
        assert!(again.is_replayed(), "{again:#?}");
    }
    assert_eq!(api.balance(&wallet).await, expected);
    assert_eq!(server.end().await.status.code(), Some(0));
    verify(&home).await;
    assert_eq!(Books::of(&home).await.deductions().len(), usize::try_from(CLIENTS).expect("few"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn half_a_request_changes_nothing() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let server = Server::start(&home).await;
    let app = server.app("broken").await;
    let (api, wallet) = (server.api(&app), wallet(0));
    api.purchase(&wallet, "100").await;
    let before = api.head().await;
    for client in 0..CLIENTS {
        let request = deduction(&app, &wallet, &format!("half-{client}"), "1");
        // From within the head to one byte before the end of the body.
        let cut = match client % 3 {
            0 => request.len() / 2,
            1 => request.len() - 10,
            _ => request.len() - 1,
        };
        let mut stream = connect(&server.url).await;
        send(&mut stream, &request[..cut]).await;
        drop(stream);
    }
    // Had any of them been carried out, its key would have an answer already.
    for client in 0..CLIENTS {
        let whole = api.deduct(&wallet, &format!("half-{client}"), "1").await.expect("an answer").expect(201);
        assert!(!whole.is_replayed(), "{whole:#?}");
    }
    assert_eq!(api.head().await, before + CLIENTS);
    assert_eq!(api.balance(&wallet).await, (100 - CLIENTS).to_string());
}
