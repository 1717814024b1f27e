//! What an app receives.

use std::collections::BTreeMap;

use futures::StreamExt;
use lapin::{
    Connection, ConnectionProperties, Consumer,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::{AMQPValue, FieldTable},
};
use tokio::time::timeout;

use super::relaying::PATIENCE;

/// A message as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) position: u64,
    pub(crate) prev: Option<u64>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// Everything that came to one queue, in order.
pub(crate) struct Inbox {
    _connection: Connection,
    consumer: Consumer,
    pub(crate) arrived: Vec<Arrived>,
}

impl Inbox {
    /// Consumes this queue at this URL.
    pub(crate) async fn open(url: &str, queue: &str) -> Self {
        let connection =
            Connection::connect(url, ConnectionProperties::default()).await.expect("a connection");
        let channel = connection.create_channel().await.expect("a channel");
        channel.basic_qos(500, BasicQosOptions::default()).await.expect("a prefetch");
        let consumed = channel.basic_consume(
            queue.into(),
            "test".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let consumer = consumed.await.expect("a consumer");
        Self { _connection: connection, consumer, arrived: Vec::new() }
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Arrived {
        let next = timeout(PATIENCE, self.consumer.next()).await;
        let Ok(Some(Ok(delivery))) = next else {
            panic!("nothing more after {:?}: {next:?}", self.arrived.last())
        };
        delivery.ack(BasicAckOptions::default()).await.expect("an ack");
        let arrived = arrived(&delivery);
        self.arrived.push(arrived.clone());
        arrived
    }

    /// The position of the next message, which the broker has added headers to.
    pub(crate) async fn next_parked(&mut self) -> u64 {
        let next = timeout(PATIENCE, self.consumer.next()).await.expect("a message in time");
        let delivery = next.expect("a message").expect("a message");
        let headers = delivery.properties.headers().clone().unwrap_or_default();
        assert!(headers.inner().contains_key("x-death"), "{headers:?}");
        let Some(AMQPValue::LongString(text)) = headers.inner().get("position") else {
            panic!("no position: {headers:?}")
        };
        text.to_string().parse().expect("a number")
    }

    /// Receives until the message of this position.
    pub(crate) async fn until(&mut self, position: u64) {
        while self.next().await.position != position {}
    }

    /// Each event once, in the order in which it came first. A repetition must be the same.
    #[track_caller]
    pub(crate) fn once(&self) -> Vec<(u64, Option<u64>)> {
        let mut known: BTreeMap<u64, &Arrived> = BTreeMap::new();
        let mut order = Vec::new();
        for arrived in &self.arrived {
            match known.get(&arrived.position) {
                Some(first) => assert_eq!(
                    (&first.body, first.prev),
                    (&arrived.body, arrived.prev),
                    "a repetition that differs"
                ),
                None => {
                    known.insert(arrived.position, arrived);
                    order.push((arrived.position, arrived.prev));
                }
            }
        }
        order
    }
}

/// What an app told of these positions must receive.
pub(crate) fn chain(told: &[u64]) -> Vec<(u64, Option<u64>)> {
    let previous = std::iter::once(None).chain(told.iter().copied().map(Some));
    told.iter().copied().zip(previous).collect()
}

fn arrived(delivery: &Delivery) -> Arrived {
    let properties = &delivery.properties;
    let mut headers = BTreeMap::new();
    for (name, value) in properties.headers().iter().flat_map(FieldTable::inner) {
        let AMQPValue::LongString(text) = value else { panic!("{name} is no string: {value:?}") };
        headers.insert(name.to_string(), text.to_string());
    }
    let text = |value: &Option<lapin::types::ShortString>| {
        value.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    for (name, value) in [
        ("message_id", text(properties.message_id())),
        ("type", text(properties.kind())),
        ("user_id", text(properties.user_id())),
        ("app_id", text(properties.app_id())),
        ("content_type", text(properties.content_type())),
        ("correlation_id", text(properties.correlation_id())),
        ("delivery_mode", properties.delivery_mode().map(|mode| mode.to_string()).unwrap_or_default()),
        ("routing_key", delivery.routing_key.to_string()),
    ] {
        headers.insert(format!("@{name}"), value);
    }
    let number = |name: &str| headers.get(name).map(|text| text.parse().expect("a number"));
    Arrived {
        position: number("position").expect("a position"),
        prev: number("prev"),
        body: delivery.data.clone(),
        headers,
    }
}
