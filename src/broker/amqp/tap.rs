//! One app's messages for a person to look at.

use std::time::Duration;

use bytes::Bytes;
use events::AppId;
use futures::StreamExt;
use lapin::{
    Acker, Channel, Connection, ConnectionProperties, Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueBindOptions, QueueDeclareOptions},
    types::FieldTable,
    uri::{AMQPScheme, AMQPUri},
};
use tokio::time::timeout;

use super::{AmqpOptions, BadUrl, setup};
use crate::broker::{
    session::Broken,
    topology::{EVENTS, queue},
};

/// How many messages may be out at a time.
const PREFETCH: u16 = 64;

/// From where messages are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TapKind {
    /// From a queue of its own, which gets copies from now on: the app misses nothing. Its user must be
    /// allowed to declare queues, which apps' users are not.
    Copy,
    /// From the app's queue itself: what is read is gone for the app.
    Take,
}

/// The messages for one app, as they come.
pub struct Tap {
    consumer: Consumer,
    /// The message that was handed out last: it is acknowledged with the next call.
    last: Option<Acker>,
    _channel: Channel,
    _connection: Connection,
}

/// Why there is no tap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TapError {
    /// The URL is none of a broker.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// The broker isn't reached, or doesn't allow it.
    #[error(transparent)]
    Broken(#[from] Broken),
}

impl Tap {
    /// Opens a tap at `amqp://user:password@host:port/vhost`.
    ///
    /// # Errors
    /// When that is no such URL, or the broker can't be reached or refuses.
    pub async fn open(url: &str, app: AppId, kind: TapKind) -> Result<Self, TapError> {
        let options = AmqpOptions::default();
        let mut uri: AMQPUri = url.parse().map_err(|_| BadUrl)?;
        uri.query.heartbeat.get_or_insert(options.heartbeat_s);
        let max: Duration = options.connect_max;
        let opened = timeout(max, Self::connect(uri, app, kind)).await;
        Ok(opened.map_err(|_| Broken::Silent(max))??)
    }

    async fn connect(uri: AMQPUri, app: AppId, kind: TapKind) -> Result<Self, Broken> {
        if uri.scheme == AMQPScheme::AMQP {
            setup::knock(&uri).await?;
        }
        let properties = ConnectionProperties::default().with_connection_name("credit-ledger tail".into());
        let connection = Connection::connect_uri(uri, properties).await.map_err(setup::broken)?;
        let channel = connection.create_channel().await.map_err(setup::broken)?;
        let consumer = Self::consume(&channel, app, kind).await.map_err(setup::broken)?;
        Ok(Self { consumer, last: None, _channel: channel, _connection: connection })
    }

    async fn consume(channel: &Channel, app: AppId, kind: TapKind) -> lapin::Result<Consumer> {
        let nothing = FieldTable::default;
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let name = match kind {
            TapKind::Take => queue(app).as_str().into(),
            TapKind::Copy => {
                let own = QueueDeclareOptions {
                    exclusive: true,
                    auto_delete: true,
                    ..QueueDeclareOptions::default()
                };
                let name = channel.queue_declare("".into(), own, nothing()).await?.name().clone();
                let key = format!("*.{app}.#").as_str().into();
                let bind = QueueBindOptions::default();
                channel.queue_bind(name.clone(), EVENTS.into(), key, bind, nothing()).await?;
                name
            }
        };
        channel.basic_consume(name, "".into(), BasicConsumeOptions::default(), nothing()).await
    }

    /// The next message's body; the one before it is acknowledged.
    ///
    /// # Errors
    /// When the connection or the queue is gone.
    pub async fn next(&mut self) -> Result<Bytes, Broken> {
        if let Some(last) = self.last.take() {
            last.ack(BasicAckOptions::default()).await.map_err(setup::broken)?;
        }
        let next = self.consumer.next().await.transpose().map_err(setup::broken)?;
        let message = next.ok_or_else(|| Broken::Lost("the broker ended the subscription".to_owned()))?;
        self.last = Some(message.acker);
        Ok(message.data.into())
    }
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tap").finish_non_exhaustive()
    }
}
