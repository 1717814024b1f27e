//! The feed as a stream of server-sent events.

use super::things::{deduct, funded};
use crate::support::app::TestApp;

#[tokio::test]
async fn a_stream_sends_what_is_stored_and_then_what_comes() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let after = app.head().get() - 1;
    deduct(&admin, &wallet, "before", "1").await.expect(201);
    let mut stream = admin.stream(&format!("/v1/events?after={after}"), None).await;
    for (number, key) in ["before", "during", "later"].into_iter().enumerate() {
        let answer = deduct(&admin, &wallet, key, "1").await.expect(201);
        let sent = stream.next().await.expect("an event");
        assert_eq!(sent.id, answer.member("position"));
        assert_eq!(sent.event, "credits.deducted.v1");
        let stored = app.stored_from(after + 1 + number as u64).await;
        assert_eq!(sent.data, stored[0]);
    }
}

#[tokio::test]
async fn a_broken_stream_goes_on_without_a_gap() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let after = app.head().get() - 1;
    let path = format!("/v1/events?types=credits.deducted&after={after}");
    let mut expected = Vec::new();
    for number in 0..10 {
        expected
            .push(deduct(&admin, &wallet, &format!("d{number}"), "1").await.expect(201).member("position"));
        // Does not match, so the ids have holes.
        funded(&admin, "1").await;
    }
    let mut seen: Vec<String> = Vec::new();
    while seen.len() < expected.len() {
        // The header wins over the query, as a browser repeats the same address.
        let mut stream = admin.stream(&path, seen.last().map(String::as_str)).await;
        for _ in 0..3.min(expected.len() - seen.len()) {
            seen.push(stream.next().await.expect("an event").id);
        }
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_open_stream_hinders_nobody() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "1000").await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(admin.stream("/v1/events?types=credits.deducted", None).await);
    }
    for number in 0..5 {
        deduct(&admin, &wallet, &format!("d{number}"), "1").await.expect(201);
    }
    for mut stream in streams {
        for _ in 0..5 {
            assert_eq!(stream.next().await.map(|sent| sent.event).as_deref(), Some("credits.deducted.v1"));
        }
    }
}
