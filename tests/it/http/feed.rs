//! The feed, one answer at a time.

use std::future::IntoFuture;

use credit_ledger::identity::Scope;
use serde_json::Value;

use super::things::{Things, deduct, funded};
use crate::support::app::{Answer, Client, TestApp};

async fn page(client: &Client, query: &str) -> Answer {
    client.get(&format!("/v1/events?{query}")).await.expect(200)
}

fn types(page: &Answer) -> Vec<String> {
    let events = page.json();
    let types = events.as_array().expect("a batch").iter().map(|event| event["type"].as_str());
    types.map(|name| name.expect("a type").to_owned()).collect()
}

/// Every event from the beginning, in pages of `limit`.
async fn walk(client: &Client, filters: &str, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let page = page(client, &format!("limit={limit}{filters}{after}")).await;
        let events = page.json();
        let events = events.as_array().expect("a batch");
        assert!(events.len() <= limit);
        all.extend(events.iter().cloned());
        let (next, head) = (page.header("x-ledger-next"), page.header("x-ledger-head"));
        if next.parse::<u64>().expect("a position") + 1 == head.parse::<u64>().expect("a number") {
            return all;
        }
        after = format!("&after={next}");
    }
}

fn positions(events: &[Value]) -> Vec<u64> {
    let position = |event: &Value| event["position"].as_str().expect("a position").parse().expect("a number");
    events.iter().map(position).collect()
}

#[tokio::test]
async fn events_are_the_stored_bytes() {
    let app = TestApp::start().await;
    let reader = app.with_scopes([Scope::EventsRead]).await;
    let from = app.head().get();
    Things::made_by(&app.admin().await).await;
    let batch = page(&reader, &format!("after={}&types=credits,wallet", from - 1)).await;
    assert_eq!(batch.header("content-type"), "application/cloudevents-batch+json");
    let stored = app.stored_from(from).await;
    let of_credits = |body: &&String| !body.contains("\"type\":\"auth.");
    let stored: Vec<_> = stored.iter().filter(of_credits).cloned().collect();
    assert!(stored.len() >= 5, "{stored:?}");
    assert_eq!(batch.text(), format!("[{}]", stored.join(",")));
    assert_eq!(batch.header("x-ledger-head"), app.head().to_string());
}

#[tokio::test]
async fn pages_joined_are_all_events_in_order() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    for number in 0..15 {
        deduct(&admin, &wallet, &format!("d{number}"), "1").await.expect(201);
    }
    let whole = walk(&admin, "", 1_000).await;
    assert!(positions(&whole).is_sorted_by(|older, newer| older < newer));
    for limit in [1, 4, 7] {
        assert_eq!(walk(&admin, "", limit).await, whole, "in pages of {limit}");
    }
    let deductions = walk(&admin, "&types=credits.deducted.v1", 4).await;
    assert_eq!(deductions.len(), 15);
}

#[tokio::test]
async fn events_are_filtered_by_type_and_wallet() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (one, two) = (funded(&admin, "100").await, funded(&admin, "100").await);
    let after = app.head().get() - 1;
    deduct(&admin, &one, "d1", "1").await.expect(201);
    deduct(&admin, &two, "d2", "1000").await.expect(402);
    deduct(&admin, &two, "d3", "1").await.expect(201);
    let (deducted, refused) = ("credits.deducted.v1", "credits.command_refused.v1");
    let seen = async |query: &str| types(&page(&admin, &format!("after={after}&{query}")).await);
    assert_eq!(seen("types=credits.*").await, [deducted, refused, deducted]);
    assert_eq!(seen("types=credits.deducted").await, [deducted, deducted]);
    assert_eq!(seen("types=credits.command_refused.v1,%20credits.purchased").await, [refused]);
    assert_eq!(seen(&format!("wallet={two}")).await, [refused, deducted]);
    assert_eq!(seen(&format!("wallet={two}&types=credits.deducted.v1")).await, [deducted]);
    assert_eq!(seen("types=wallet.*").await, [""; 0]);
}

#[tokio::test]
async fn other_organizations_events_are_never_shown() {
    let app = TestApp::start().await;
    let (admin, stranger) = (app.admin().await, app.stranger().await);
    let ours = Things::made_by(&admin).await;
    let theirs = Things::made_by(&stranger).await;
    for (client, foreign) in [(&admin, &theirs), (&stranger, &ours)] {
        let events = walk(client, "", 100).await;
        assert!(events.len() > 5);
        let orgs: std::collections::BTreeSet<_> = events.iter().map(|event| event["org"].as_str()).collect();
        assert_eq!(orgs.len(), 1, "{orgs:?}");
        let all = Value::from(events).to_string();
        for foreign in [&foreign.wallet, &foreign.app, &foreign.key] {
            assert!(!all.contains(foreign.as_str()), "{foreign}");
        }
        let of_wallet = page(client, &format!("wallet={}", foreign.wallet)).await;
        assert_eq!(of_wallet.text(), "[]");
    }
}

#[tokio::test]
async fn facts_about_keys_are_for_administrators() {
    let app = TestApp::start().await;
    let reader = app.with_scopes([Scope::EventsRead, Scope::CreditsRead]).await;
    let admin = app.admin().await;
    funded(&admin, "1").await;
    let is_identity = |event: &Value| event["type"].as_str().is_some_and(|name| name.starts_with("auth."));
    assert!(walk(&admin, "", 100).await.iter().any(is_identity));
    let read = walk(&reader, "", 100).await;
    assert!(!read.is_empty() && !read.iter().any(is_identity));
    assert_eq!(page(&reader, "types=auth.*").await.text(), "[]");
    // Nobody's events belong to no organization.
    let ledgers = |event: &Value| event["type"].as_str().is_some_and(|name| name.starts_with("ledger."));
    assert!(!walk(&admin, "", 100).await.iter().any(ledgers));
}

#[tokio::test]
async fn a_long_poll_wakes_with_the_next_event() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wallet = funded(&admin, "100").await;
    let after = app.head().get() - 1;
    let query = format!("/v1/events?after={after}&wait=30&wallet={wallet}");
    let waiting = tokio::spawn(admin.get(&query).into_future());
    tokio::task::yield_now().await;
    // What does not match does not end the wait.
    funded(&admin, "1").await;
    let spent = deduct(&admin, &wallet, "d", "1").await.expect(201);
    let woken = waiting.await.expect("no panic").expect(200);
    assert_eq!(types(&woken), ["credits.deducted.v1"]);
    assert_eq!(woken.json()[0]["position"], spent.member("position"));
    assert_eq!(woken.header("x-ledger-next"), spent.member("position"));
}

#[tokio::test]
async fn nothing_is_an_empty_batch_that_says_where_to_go_on() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let last = app.head().get() - 1;
    let empty = page(&admin, &format!("after={last}&wait=0")).await;
    assert_eq!(empty.text(), "[]");
    assert_eq!(empty.header("x-ledger-next"), last.to_string());
    let beyond = page(&admin, &format!("after={}", last + 1_000)).await;
    assert_eq!(beyond.text(), "[]");
    page(&admin, &format!("after={}", u64::MAX)).await;
}

#[tokio::test]
async fn a_stopping_service_ends_what_waits() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let after = app.head().get() - 1;
    let waiting = tokio::spawn(admin.get(&format!("/v1/events?after={after}&wait=30")).into_future());
    let mut stream = admin.stream(&format!("/v1/events?after={after}"), None).await;
    // The poll is sent before the service stops.
    deduct(&admin, &super::things::new_wallet(), "d", "1").await.expect(404);
    app.end().await;
    assert_eq!(waiting.await.expect("no panic").expect(200).text(), "[]");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn an_app_fills_its_gaps_with_what_it_is_told_of() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let spender = app.with_scopes([Scope::CreditsDeduct]).await;
    let wallet = funded(&admin, "100").await;
    deduct(&admin, &wallet, "a", "1").await.expect(201);
    deduct(&spender, &wallet, "b", "1").await.expect(201);
    // The key that lets it read what others do, for a while.
    let reading = app.another_key(&spender, &[Scope::EventsRead]).await;
    deduct(&admin, &wallet, "c", "1").await.expect(201);
    let key = reading.key_id.as_deref().expect("a key");
    app.operator().delete(&format!("/v1/keys/{key}")).await.expect(204);
    deduct(&admin, &wallet, "d", "1").await.expect(201);
    deduct(&spender, &wallet, "e", "1").await.expect(201);

    let told = walk(&spender, "&audience=app", 1_000).await;
    let brief: Vec<_> =
        told.iter().map(|event| (event["type"].as_str(), event["data"]["key"].as_str())).collect();
    let kinds: Vec<_> = brief.iter().map(|(kind, _)| kind.expect("a type")).collect();
    assert_eq!(
        kinds,
        [
            "auth.app_registered.v1",
            "auth.api_key_issued.v1",
            "credits.deducted.v1",
            "auth.api_key_issued.v1",
            "credits.deducted.v1",
            "auth.api_key_revoked.v1",
            "credits.deducted.v1",
        ]
    );
    let id = spender.app_id.as_deref();
    let by_itself: Vec<_> = told.iter().map(|event| event["app"].as_str() == id).collect();
    assert_eq!((by_itself[2], by_itself[4], by_itself[6]), (true, false, true));
    // Pages of any size, from anywhere, are parts of the same.
    for limit in [1, 3] {
        assert_eq!(walk(&spender, "&audience=app", limit).await, told);
    }
    let after = positions(&told)[3];
    assert_eq!(
        positions(
            &page(&spender, &format!("audience=app&after={after}"))
                .await
                .json()
                .as_array()
                .expect("a batch")
                .clone()
        ),
        positions(&told)[4..]
    );
    // Whoever administers is told of everything in its organization from its key on.
    let all = positions(&walk(&admin, "&audience=app", 1_000).await);
    assert!(positions(&told).iter().all(|position| all.contains(position)));
}

#[tokio::test]
async fn only_an_app_has_an_audience_and_only_with_it_the_scope_is_not_needed() {
    let app = TestApp::start().await;
    let spender = app.with_scopes([Scope::CreditsDeduct]).await;
    spender.get("/v1/events").await.expect(403);
    spender.get("/v1/events?audience=app").await.expect(200);
    spender.get("/v1/events?audience=all").await.expect(400);
    app.operator().get("/v1/events?audience=app").await.expect(400);
    app.anonymous().get("/v1/events?audience=app").await.expect(401);
}
