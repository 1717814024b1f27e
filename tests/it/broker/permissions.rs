//! What an app's user may not do at the broker is refused by the broker itself.

use credit_ledger::broker::topology::{AUDIT, DEAD_LETTERS, EVENTS, parked, queue};
use events::AppId;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, ErrorKind,
    options::{
        BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeBindOptions,
        ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions,
        QueueDeleteOptions, QueuePurgeOptions,
    },
    types::FieldTable,
};

use super::{
    inbox::Inbox,
    relaying::Relaying,
    world::{READER, SPENDER, World},
};
use crate::support::rabbit;

/// A channel of its own, because a refusal closes it.
async fn channel(connection: &Connection) -> Channel {
    connection.create_channel().await.expect("a channel")
}

#[track_caller]
fn refused<T: std::fmt::Debug>(what: &str, result: lapin::Result<T>) {
    let Err(error) = result else { panic!("{what} was allowed: {result:?}") };
    let ErrorKind::ProtocolError(told) = error.kind() else { panic!("{what}: {error}") };
    assert_eq!(told.get_id(), 403, "{what}: {told}");
}

async fn publish(connection: &Connection, exchange: &str, key: &str) -> lapin::Result<()> {
    let channel = channel(connection).await;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let options = BasicPublishOptions::default();
    let sent = channel.basic_publish(exchange.into(), key.into(), options, b"{}", BasicProperties::default());
    sent.await?.await.map(drop)
}

async fn bind(connection: &Connection, queue: &str, exchange: &str, key: &str) -> lapin::Result<()> {
    let (options, none) = (QueueBindOptions::default(), FieldTable::default());
    channel(connection).await.queue_bind(queue.into(), exchange.into(), key.into(), options, none).await
}

async fn consume(connection: &Connection, queue: &str) -> lapin::Result<lapin::Consumer> {
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    channel(connection).await.basic_consume(queue.into(), "t".into(), options, none).await
}

/// The exchanges that every virtual host has are no way around.
async fn refused_elsewhere(connection: &Connection, own: &str) {
    for exchange in ["amq.topic", "amq.direct"] {
        refused("binding elsewhere", bind(connection, own, exchange, "#").await);
        let (options, none) = (ExchangeBindOptions::default(), FieldTable::default());
        let open = channel(connection).await;
        let bound = open.exchange_bind(exchange.into(), EVENTS.into(), "#".into(), options, none);
        refused("binding an exchange to the events", bound.await);
    }
}

#[tokio::test]
async fn an_app_may_read_its_own_queues_and_do_nothing_else() {
    let rabbit = rabbit::shared().await;
    let mut world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    world.spend(10, 1).await;
    let directory = tempfile::tempdir().expect("a directory");
    let relaying = Relaying::of(world.log(), &vhost, &directory);
    relaying.confirmed(14).await;
    let (own, other) = (world.apps[SPENDER], world.apps[READER]);
    let url = vhost.app_url(own);
    let connection = Connection::connect(&url, ConnectionProperties::default()).await.expect("a connection");

    for foreign in [queue(other), parked(other), AUDIT.to_owned()] {
        refused(&format!("consuming {foreign}"), consume(&connection, &foreign).await);
        let got =
            channel(&connection).await.basic_get(foreign.as_str().into(), BasicGetOptions::default()).await;
        refused(&format!("getting from {foreign}"), got.map(drop));
    }
    for key in ["#", "credits.#", &format!("credits.{other}.#"), &format!("credits.{own}.#")] {
        refused(&format!("binding {key}"), bind(&connection, &queue(own), EVENTS, key).await);
    }
    refused(
        "binding its dead letters",
        bind(&connection, &queue(own), DEAD_LETTERS, &other.to_string()).await,
    );
    refused_elsewhere(&connection, &queue(own)).await;
    for exchange in [EVENTS, DEAD_LETTERS, "amq.topic", "amq.direct", "amq.fanout", "amq.headers"] {
        refused("publishing", publish(&connection, exchange, &format!("credits.{own}.deducted")).await);
    }
    refused("publishing to a queue", publish(&connection, "", &queue(other)).await);
    refused("publishing to its own queue", publish(&connection, "", &queue(own)).await);
    nothing_is_made_or_removed(&connection, own, other).await;

    let (status, told) =
        rabbit.ask(&credit_ledger::broker::topology::user(own), "secret", "GET", "overview", None).await;
    assert_eq!(status, 401, "the management API: {told}");
    // What it may do still works.
    let mut inbox = Inbox::open(&url, &queue(own)).await;
    inbox.until(*world.told(SPENDER).last().expect("told")).await;
    relaying.end().await;
}

/// Queues and exchanges, its own and others', as the user of `own`.
async fn nothing_is_made_or_removed(connection: &Connection, own: AppId, other: AppId) {
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    for name in ["mine".to_owned(), format!("app.{own}.more"), queue(own)] {
        let made = channel(connection)
            .await
            .queue_declare(name.as_str().into(), durable, FieldTable::default())
            .await;
        refused(&format!("declaring {name}"), made.map(drop));
    }
    let open = channel(connection).await;
    let made = open.exchange_declare(
        "mine".into(),
        lapin::ExchangeKind::Topic,
        ExchangeDeclareOptions::default(),
        FieldTable::default(),
    );
    refused("declaring an exchange", made.await);
    let gone =
        channel(connection).await.exchange_delete(EVENTS.into(), ExchangeDeleteOptions::default()).await;
    refused("deleting the exchange", gone);
    let gone = channel(connection)
        .await
        .queue_delete(queue(own).as_str().into(), QueueDeleteOptions::default())
        .await;
    refused("deleting its own queue", gone.map(drop));
    let gone = channel(connection)
        .await
        .queue_purge(queue(other).as_str().into(), QueuePurgeOptions::default())
        .await;
    refused("emptying another's queue", gone.map(drop));
}

#[tokio::test]
async fn an_app_knows_only_its_own_virtual_host() {
    let rabbit = rabbit::shared().await;
    let world = World::new().await;
    let vhost = rabbit.vhost(&world.apps[..1]).await;
    let elsewhere = rabbit.vhost(&world.apps[1..2]).await;
    let url = elsewhere.app_url(world.apps[0]);
    let refused = Connection::connect(&url, ConnectionProperties::default()).await;
    assert!(refused.is_err(), "a connection to another virtual host");
    let own = Connection::connect(&vhost.app_url(world.apps[0]), ConnectionProperties::default()).await;
    own.expect("a connection to the own one");
}

#[tokio::test]
async fn rejected_messages_are_parked_for_the_app_itself() {
    let rabbit = rabbit::shared().await;
    let world = World::new().await;
    let vhost = rabbit.vhost(&world.apps).await;
    let directory = tempfile::tempdir().expect("a directory");
    let relaying = Relaying::of(world.log(), &vhost, &directory);
    relaying.confirmed(4).await;
    let app = world.apps[SPENDER];
    let url = vhost.app_url(app);
    let connection = Connection::connect(&url, ConnectionProperties::default()).await.expect("a connection");
    let mut consumer = consume(&connection, &queue(app)).await.expect("a consumer");
    let delivery = futures::StreamExt::next(&mut consumer).await.expect("a message").expect("a message");
    let reject = lapin::options::BasicRejectOptions { requeue: false };
    delivery.reject(reject).await.expect("rejected");
    let mut inbox = Inbox::open(&url, &parked(app)).await;
    let position: u64 = inbox.next_parked().await;
    assert_eq!(position, world.told(SPENDER)[0]);
    relaying.end().await;
}
