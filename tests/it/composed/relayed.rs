//! What is spent over HTTP reaches the app's queue at RabbitMQ, whichever profile the ledger has.

use events::AppId;
use serde_json::Value;
use uuid::Uuid;

use super::spending::{buy, spend_all, wallet};
use crate::{
    broker::inbox::{Inbox, chain},
    support::{
        app::{Client, Home, TestApp},
        rabbit,
    },
};

/// The positions of everything that the app is told of, as the feed has it.
async fn told(client: &Client) -> Vec<u64> {
    let page = client.get("/v1/events?audience=app&limit=1000").await.expect(200).json();
    let position = |event: &Value| event["position"].as_str().and_then(|text| text.parse().ok());
    page.as_array().expect("a batch of events").iter().map(|event| position(event).expect("one")).collect()
}

/// Receives everything that is stored by now: the end of what the feed tells, each with the position
/// before it, and as it is stored.
async fn receive(inbox: &mut Inbox, app: &TestApp, client: &Client) {
    let told = told(client).await;
    inbox.until(*told.last().expect("something")).await;
    let (arrived, chain) = (inbox.once(), chain(&told));
    assert!(chain.ends_with(&arrived), "{arrived:?} came of {chain:?}");
    let stored = app.stored_from(0).await;
    for message in &inbox.arrived {
        assert_eq!(message.body, stored[message.position as usize].as_bytes());
    }
}

async fn relay_of(app: &TestApp) -> Value {
    let health = app.operator().get("/readyz?verbose").await.expect(200).json();
    health["relay"].clone()
}

async fn everything_reaches_the_app(mut home: Home) {
    let rabbit = rabbit::shared().await;
    let vhost = rabbit.vhost(&[]).await;
    home.config.broker_url = vhost.relay_url().as_str().into();
    let app = TestApp::start_in_real_time(home).await;
    let client = app.admin().await;
    let id = AppId(Uuid::parse_str(client.app_id.as_deref().expect("an app")).expect("an id"));
    rabbit.provision(&vhost.name, &[id]).await;
    let queue = credit_ledger::broker::topology::queue(id);
    let mut inbox = Inbox::open(&vhost.app_url(id), &queue).await;
    buy(&client, "100").await;
    spend_all(&client, 0..5).await;
    receive(&mut inbox, &app, &client).await;
    let came = inbox.once().len();
    assert!(came >= 6, "the purchase and five deductions, at least: {came}");
    assert_eq!(relay_of(&app).await["phase"], "running");

    // Another process goes on where this one ended.
    let mut home = app.end().await;
    let app = TestApp::start_in_real_time(home).await;
    spend_all(&app.again(&client), 5..8).await;
    receive(&mut inbox, &app, &app.again(&client)).await;
    assert!(inbox.once().len() >= came + 3);
    let came = inbox.once().len();

    // What happens while nobody relays is not lost.
    home = app.end().await;
    let broker = std::mem::take(&mut home.config.broker_url);
    let app = TestApp::start_in_real_time(home).await;
    assert_eq!(relay_of(&app).await, Value::Null);
    spend_all(&app.again(&client), 8..11).await;
    home = app.end().await;
    home.config.broker_url = broker;
    let app = TestApp::start_in_real_time(home).await;
    receive(&mut inbox, &app, &app.again(&client)).await;
    assert!(inbox.once().len() >= came + 3);
    assert_eq!(wallet(&app, &app.again(&client)).await["balance"], "89");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_an_embedded_ledger() {
    everything_reaches_the_app(Home::embedded()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_ledger_in_postgresql() {
    everything_reaches_the_app(Home::postgres().await).await;
}
