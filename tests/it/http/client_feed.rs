//! The feed as the client crate reads it to fill gaps.

use credit_ledger::identity::Scope;
use credit_ledger_client::{Feed, FeedError, HttpFeed, Notice};
use serde_json::json;

use crate::support::app::TestApp;

#[tokio::test]
async fn the_client_reads_what_the_app_was_told_as_it_is_stored() {
    let app = TestApp::start().await;
    let (admin, spender) = (app.admin().await, app.with_scopes([Scope::CreditsDeduct]).await);
    let wallet = "/v1/wallets/7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";
    let bought = json!({ "amount": "100", "idempotency_key": "p" });
    admin.post(&format!("{wallet}/purchases"), &bought).await.expect(201);
    for number in 0..30 {
        let client = if number % 3 == 0 { &spender } else { &admin };
        let spent = json!({ "service": "chat", "cost": "1", "idempotency_key": number.to_string() });
        client.post(&format!("{wallet}/deductions"), &spent).await.expect(201);
    }
    let url = format!("http://{}/", app.address);
    let feed = |key: &str| HttpFeed::new(spender.http.clone(), &url, key);
    let of_app = feed(spender.credential.as_deref().expect("a key"));
    let (mut told, mut after) = (Vec::new(), None);
    loop {
        let page = of_app.after(after).await.expect("a page");
        told.extend(page.events);
        if page.next == after {
            break;
        }
        after = page.next;
    }
    assert_eq!(after.map(events::Position::next), Some(app.head()));
    // Its registration, its key, and its ten deductions.
    let own = spender.app_id.as_deref().expect("an app");
    let stored = app.stored_from(0).await.into_iter().filter(|body| body.contains(own));
    assert_eq!(told, stored.collect::<Vec<_>>());
    assert_eq!(told.len(), 12);
    assert!(told.into_iter().all(|bytes| matches!(Notice::read(bytes), Ok(Notice::Event(_)))));
    let refused = feed("no-key").after(None).await;
    assert!(matches!(refused, Err(FeedError::Refused { status: 401, .. })), "{refused:?}");
    app.end().await;
}
