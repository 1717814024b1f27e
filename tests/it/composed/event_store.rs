//! The log in KurrentDB or its double, everything else in PostgreSQL.

use std::sync::Arc;

use credit_ledger::{
    app::{Ledger, Machine},
    clock::{Generator, SystemClock},
    identity::tokens::PrivateKey,
    log::{Log, kurrent::KurrentLog},
};

use super::spending::{buy, spend, spend_all, wallet};
use crate::{
    kurrent::{Double, Store},
    support::{
        app::{Home, TestApp},
        postgres::{Database, SUPERUSER, run},
    },
};

/// Projections of PostgreSQL, and a log elsewhere.
async fn home(event_store: &str) -> Home {
    let mut home = Home::postgres().await;
    home.config.event_store_url = event_store.into();
    home
}

async fn events_in(database: &Database) -> i64 {
    let mut connection = database.connect_as(SUPERUSER).await;
    let count = sqlx::query_scalar("SELECT count(*) FROM credit_ledger.events");
    count.fetch_one(&mut connection).await.expect("a count")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_goes_on_from_its_event_store() {
    let store = Store::start().await;
    let app = TestApp::start_in_real_time(home(store.url()).await).await;
    let admin = app.admin().await;
    buy(&admin, "100").await;
    spend_all(&admin, 0..5).await;
    let first = spend(&admin, "D0").await;
    assert!(first.is_replayed());
    let refused = spend(&app.stranger().await, "D0").await;
    refused.problem(404, "not-found");
    assert_eq!(wallet(&app, &admin).await["balance"], "95");
    let before = app.stored_from(0).await;
    let stream = KurrentLog::connect(store.url(), app.ledger.id).await.expect("the ledger's stream");
    assert_eq!(stream.head().await, Ok(app.head()), "every event is in the store");
    let home = app.end().await;
    let database = home.database.as_ref().expect("a database");
    assert_eq!(events_in(database).await, 0, "and none in the database");

    // Nobody knows the projections any more: they come from the store.
    let mut superuser = database.connect_as(SUPERUSER).await;
    run(&mut superuser, "UPDATE credit_ledger.builds SET current = false").await;
    let app = TestApp::start_in_real_time(home).await;
    let admin = app.again(&admin);
    assert_eq!(app.stored_from(0).await[..before.len()], before);
    assert_eq!(wallet(&app, &admin).await["balance"], "95");
    let again = spend(&admin, "D0").await;
    assert!(again.is_replayed());
    assert_eq!(again.json(), first.json());
    spend_all(&admin, 5..10).await;
    assert_eq!(wallet(&app, &admin).await["balance"], "90");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_event_store_is_away_commands_are_told_to_come_back() {
    let double = Double::start().await;
    let app = TestApp::start_in_real_time(home(&double.url()).await).await;
    let admin = app.admin().await;
    buy(&admin, "100").await;
    spend_all(&admin, 0..3).await;
    double.close(0);
    // Once it is noticed: before, an append may be on its way.
    while app.ledger.log.head().await.is_ok() {
        tokio::task::yield_now().await;
    }
    let refused = spend(&admin, "D3").await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_ne!(refused.header("retry-after"), "");
    double.open(0).await;
    while spend(&admin, "D3").await.status == 503 {
        tokio::task::yield_now().await;
    }
    assert!(spend(&admin, "D3").await.is_replayed(), "the same key gives the same answer");
    assert_eq!(wallet(&app, &admin).await["balance"], "96");
    app.end().await;
}

#[tokio::test]
async fn an_event_store_alone_is_no_ledger() {
    let double = Double::start().await;
    let mut home = Home::embedded();
    home.config.event_store_url = double.url().as_str().into();
    let machine = Machine {
        clock: Arc::new(SystemClock::new()),
        entropy: || Box::new(Generator::from_system()),
        signing_key: PrivateKey::generate,
    };
    let refused = Ledger::open(&home.config, &machine).await.expect_err("no place for projections");
    assert!(refused.to_string().contains("database_url"), "{refused}");
    assert_eq!(double.appended(), 0);
}
