//! Without any trouble: every event once for everybody who is told of it, in order.

use credit_ledger::broker::topology::queue;
use credit_ledger::feed::{Feed, FeedQuery, Told};
use credit_ledger::log::Log;
use events::Position;

use super::{
    inbox::{Inbox, chain},
    relaying::Relaying,
    world::{READER, World},
};
use crate::support::rabbit;

#[tokio::test]
async fn every_event_arrives_once_for_each_who_is_told_of_it() {
    let rabbit = rabbit::shared().await;
    let mut world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    world.spend(200, 1).await;
    world.people().await;
    let directory = tempfile::tempdir().expect("a directory");
    let relaying = Relaying::of(world.log(), &vhost, &directory);
    relaying.confirmed(world.log.head().await.expect("a head").get()).await;
    // What comes later is relayed as it comes.
    world.revoke_reader().await;
    world.spend(200, 2).await;
    world.people().await;
    let head = world.log.head().await.expect("a head").get();
    let health = relaying.confirmed(head).await;
    for number in 0..world.apps.len() {
        let app = world.apps[number];
        let mut inbox = Inbox::open(&vhost.app_url(app), &queue(app)).await;
        inbox.until(*world.told(number).last().expect("told of something")).await;
        assert_eq!(inbox.once(), chain(world.told(number)), "app {number}");
        assert_eq!(inbox.arrived.len(), world.told(number).len(), "app {number}: something came twice");
    }
    assert_eq!((health.rewinds, health.quarantined, health.unconfirmed), (0, 0, 0));
    assert_eq!(health.published, (0..4).map(|number| world.told(number).len() as u64).sum::<u64>());
    relaying.end().await;

    // Who asks for it is told the same.
    let feed = Feed::new(world.log());
    for number in 0..world.apps.len() {
        let told = Some(Told::new(world.apps[number], Position(0), [], []));
        let query = FeedQuery { identity: true, told, limit: 1_000, ..FeedQuery::default() };
        let page = feed.page(&query).await.expect("a page");
        let positions: Vec<u64> = page.events.iter().map(|event| event.position.get()).collect();
        assert_eq!(positions, world.told(number), "app {number}");
    }
}

#[tokio::test]
async fn a_message_is_the_stored_bytes_with_its_attributes_beside_them() {
    let rabbit = rabbit::shared().await;
    let mut world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    world.spend(20, 3).await;
    let directory = tempfile::tempdir().expect("a directory");
    let relaying = Relaying::of(world.log(), &vhost, &directory);
    let app = world.apps[READER];
    let mut inbox = Inbox::open(&vhost.app_url(app), &queue(app)).await;
    let last = *world.told(READER).last().expect("told of something");
    inbox.until(last).await;
    let page = world.log.read(Position(last), 1).await.expect("a page");
    let event = events::decode(page.bodies.get(0)).expect("an event").envelope;
    let arrived = inbox.arrived.last().expect("a message");
    assert_eq!(arrived.body, page.bodies.get(0));
    let id = event.id.to_string();
    for (name, value) in [
        ("@message_id", id.as_str()),
        ("@type", "credits.checked.v1"),
        ("@user_id", "credit-ledger-relay"),
        ("@app_id", "credit-ledger"),
        ("@content_type", "application/cloudevents+json"),
        ("@correlation_id", "request-7"),
        ("@delivery_mode", "2"),
        ("@routing_key", &format!("credits.{app}.checked")),
        ("ce-specversion", "1.0"),
        ("ce-id", &id),
        ("ce-type", "credits.checked.v1"),
        ("ce-source", &format!("/ledgers/{}", event.ledger)),
        ("ce-subject", &event.subject.to_string()),
        ("ce-time", &event.time.to_string()),
        ("position", &last.to_string()),
        ("accountseq", &last.to_string()),
        ("epoch", "1"),
    ] {
        assert_eq!(arrived.headers.get(name).map(String::as_str), Some(value), "{name}");
    }
    relaying.end().await;
}
