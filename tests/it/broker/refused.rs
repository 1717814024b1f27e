//! Messages that the broker refuses or returns, and events that make none.

use std::sync::Arc;

use credit_ledger::{
    broker::{
        FileState, RelayPhase,
        topology::{AUDIT, EVENTS, queue},
    },
    log::Log,
};
use serde_json::{Value, json};

use super::{
    inbox::{Inbox, chain},
    relaying::{Relaying, parts},
    world::{ADMIN, READER, STRANGER, World},
};
use crate::support::rabbit;

#[tokio::test]
async fn a_message_that_no_queue_takes_is_sent_again_once_the_binding_is_back() {
    let rabbit = rabbit::shared().await;
    let mut world = World::new().await;
    // The stranger has no queue: only the audit stream takes its messages.
    let vhost = rabbit.vhost(&world.apps[..STRANGER]).await;
    let directory = tempfile::tempdir().expect("a directory");
    let relaying = Relaying::of(world.log(), &vhost, &directory);
    relaying.confirmed(4).await;
    rabbit.unbind(&vhost, EVENTS, AUDIT, "#").await;
    world.spend(200, 5).await;
    let health = relaying.confirmed(204).await;
    assert!(health.rewinds > 0, "nothing was returned: {health:?}");
    let app = world.apps[ADMIN];
    let mut inbox = Inbox::open(&vhost.app_url(app), &queue(app)).await;
    inbox.until(*world.told(ADMIN).last().expect("told")).await;
    assert_eq!(inbox.once(), chain(world.told(ADMIN)));
    relaying.end().await;
}

#[tokio::test]
async fn a_refused_message_is_sent_again() {
    let rabbit = rabbit::shared().await;
    let mut world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    // A full queue that refuses more makes the broker refuse the publish.
    let full = json!({
        "durable": true, "auto_delete": false,
        "arguments": { "x-max-length": 1, "x-overflow": "reject-publish" },
    });
    let path = format!("queues/{}/full", vhost.name);
    rabbit.api("PUT", &path, Some(&full)).await;
    let bound = format!("bindings/{}/e/{EVENTS}/q/full", vhost.name);
    rabbit.api("POST", &bound, Some(&json!({ "routing_key": "#", "arguments": {} }))).await;
    let directory = tempfile::tempdir().expect("a directory");
    let relaying = Relaying::of(world.log(), &vhost, &directory);
    world.spend(50, 6).await;
    let health = relaying.until(|health| health.rewinds > 0).await;
    assert!(health.position.get() < 54);
    rabbit.api("DELETE", &path, None).await;
    relaying.confirmed(54).await;
    let app = world.apps[READER];
    let mut inbox = Inbox::open(&vhost.app_url(app), &queue(app)).await;
    inbox.until(*world.told(READER).last().expect("told")).await;
    assert_eq!(inbox.once(), chain(world.told(READER)));
    relaying.end().await;
}

#[tokio::test]
async fn a_broker_that_is_not_set_up_is_named_and_tried_again() {
    let rabbit = rabbit::shared().await;
    let world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    let audit = format!("queues/{}/{AUDIT}", vhost.name);
    rabbit.api("DELETE", &audit, None).await;
    let directory = tempfile::tempdir().expect("a directory");
    let relaying = Relaying::of(world.log(), &vhost, &directory);
    let health = relaying.until(|health| matches!(health.phase, RelayPhase::Misconfigured { .. })).await;
    let reason = health.obstacle().expect("an obstacle");
    assert!(reason.contains(AUDIT) && reason.contains("broker provision"), "{reason}");
    rabbit.provision(&vhost.name, &world.apps).await;
    relaying.confirmed(4).await;
    relaying.end().await;
}

#[tokio::test]
async fn an_event_that_makes_no_message_is_quarantined_and_the_others_go_on() {
    let rabbit = rabbit::shared().await;
    let mut world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    world.spend(5, 7).await;
    let spoilt = world.spoil("not json").await;
    world.spend(5, 8).await;
    let directory = tempfile::tempdir().expect("a directory");
    let state = Arc::new(FileState::new(directory.path()));
    let relaying = Relaying::start(parts(world.log(), &vhost, state));
    let health = relaying.confirmed(world.log.head().await.expect("a head").get()).await;
    assert_eq!((health.quarantined, health.rewinds), (1, 0));
    relaying.end().await;
    let app = world.apps[ADMIN];
    let mut inbox = Inbox::open(&vhost.app_url(app), &queue(app)).await;
    inbox.until(*world.told(ADMIN).last().expect("told")).await;
    assert_eq!(inbox.once(), chain(world.told(ADMIN)));
    let recorded = std::fs::read_to_string(directory.path().join("relay-quarantine.jsonl")).expect("a file");
    let line: Value = serde_json::from_str(recorded.trim()).expect("one line of JSON");
    assert_eq!(line["position"], spoilt.to_string());
}
