//! RabbitMQ, over lapin. Its automatic recovery gives up after a while and is not used: the consumer
//! connects anew, channel and connection, whenever anything ends.

use std::{future::Future, time::Duration};

use events::{AppId, Position};
use futures::{FutureExt, StreamExt, future::BoxFuture};
use lapin::{
    Acker, Channel, Connection, ConnectionProperties,
    message::Delivery as Message,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions},
    types::{AMQPValue, FieldTable},
    uri::{AMQPScheme, AMQPUri},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::broker::{Broker, Delivery, Lost, Receipt, Session};

/// What opens AMQP 0-9-1.
const HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";
/// Seconds between heartbeats, unless the URL says `heartbeat=`.
const HEARTBEAT_S: u16 = 10;
/// How long connecting may take, and how long closing, before the connection is just dropped.
const CONNECT_MAX: Duration = Duration::from_secs(10);
const CLOSE_MAX: Duration = Duration::from_secs(2);

/// This app's queue at RabbitMQ.
#[derive(Clone)]
pub struct Amqp {
    uri: AMQPUri,
    queue: String,
    prefetch: u16,
}

/// The URL is none of a broker. It isn't shown: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the URL of a broker, such as amqp://user:password@host:5672/vhost")]
pub struct BadUrl;

impl Amqp {
    /// The queue `app.<app>.events` at `amqp://user:password@host:port/vhost`, or `amqps://` for TLS. At
    /// most 64 messages are out at a time.
    ///
    /// # Errors
    /// When that is no such URL.
    pub fn new(url: &str, app: AppId) -> Result<Self, BadUrl> {
        let mut uri: AMQPUri = url.parse().map_err(|_| BadUrl)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        Ok(Self { uri, queue: format!("app.{app}.events"), prefetch: 64 })
    }

    /// Lets so many messages be out at a time; at least 1.
    #[must_use]
    pub fn with_prefetch(self, prefetch: u16) -> Self {
        Self { prefetch: prefetch.max(1), ..self }
    }

    /// Whether somebody answers. A connection to a broker that hangs would keep a socket for as long as
    /// it hangs, and there may be many attempts; this one is just dropped.
    async fn knock(&self) -> std::io::Result<()> {
        if self.uri.scheme == AMQPScheme::AMQP {
            let address = (self.uri.authority.host.as_str(), self.uri.authority.port);
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(HEADER).await?;
            stream.read_u8().await?;
        }
        Ok(())
    }

    async fn open(&self) -> Result<Box<dyn Session>, Lost> {
        self.knock().await.map_err(|error| Lost(error.to_string()))?;
        let properties = ConnectionProperties::default()
            .with_connection_name(format!("credit-ledger-client {}", self.queue).into());
        let connection = Connection::connect_uri(self.uri.clone(), properties).await.map_err(lost)?;
        let channel = connection.create_channel().await.map_err(lost)?;
        // Before consuming: what is buffered has no other bound.
        channel.basic_qos(self.prefetch, BasicQosOptions::default()).await.map_err(lost)?;
        let (queue, tag) = (self.queue.as_str().into(), "".into());
        let options = BasicConsumeOptions::default();
        let consumer = channel.basic_consume(queue, tag, options, FieldTable::default()).await;
        Ok(Box::new(AmqpSession { consumer: consumer.map_err(lost)?, _channel: channel, connection }))
    }
}

impl std::fmt::Debug for Amqp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Amqp")
            .field("host", &self.uri.authority.host)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

impl Broker for Amqp {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, Lost>> {
        let silent = |_| Err(Lost(format!("the broker didn't answer within {} s", CONNECT_MAX.as_secs())));
        tokio::time::timeout(CONNECT_MAX, self.open())
            .map(move |opened| opened.unwrap_or_else(silent))
            .boxed()
    }
}

fn lost(error: lapin::Error) -> Lost {
    Lost(error.to_string())
}

struct AmqpSession {
    consumer: lapin::Consumer,
    /// Dropping it would close it.
    _channel: Channel,
    connection: Connection,
}

impl Session for AmqpSession {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Delivery>, Lost>> {
        async { self.consumer.next().await.transpose().map(|next| next.map(delivery)).map_err(lost) }.boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            tokio::select! {
                _ = self.connection.close(200, "the consumer ends".into()) => {}
                () = tokio::time::sleep(CLOSE_MAX) => {}
            }
        }
        .boxed()
    }
}

fn delivery(message: Message) -> Delivery {
    let headers = message.properties.headers().as_ref();
    let number = |name: &str| headers.and_then(|headers| position(headers.inner().get(name)?));
    let (at, prev) = (number("position"), number("prev"));
    let receipt = Box::new(AmqpReceipt(message.acker));
    Delivery { body: message.data.into(), position: at, prev, receipt }
}

fn position(value: &AMQPValue) -> Option<Position> {
    let text = match value.as_long_string() {
        Some(text) => str::from_utf8(text.as_bytes()).ok()?,
        None => value.as_short_string()?.as_str(),
    };
    text.parse().ok()
}

struct AmqpReceipt(Acker);

impl Receipt for AmqpReceipt {
    fn ack(self: Box<Self>) -> BoxFuture<'static, Result<(), Lost>> {
        settled(async move { self.0.ack(BasicAckOptions::default()).await }).boxed()
    }

    fn park(self: Box<Self>) -> BoxFuture<'static, Result<(), Lost>> {
        settled(async move { self.0.reject(BasicRejectOptions { requeue: false }).await }).boxed()
    }
}

async fn settled(done: impl Future<Output = lapin::Result<bool>>) -> Result<(), Lost> {
    match done.await.map_err(lost)? {
        true => Ok(()),
        false => Err(Lost("the channel of the message has ended".to_owned())),
    }
}
