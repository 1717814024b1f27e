//! Sessions with RabbitMQ, over lapin.
//!
//! Three of its habits shape this file (4.12): `wait_for_confirms` hides nacks, so every confirm is
//! kept; a returned message is attached to whichever confirm resolves next, so returns are told apart
//! by message id; and a publish takes its number when it is first polled, so one task polls them in
//! order. Its automatic recovery gives up after a while and is not used.

mod properties;
mod setup;
mod tap;

pub use tap::{Tap, TapError, TapKind};

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use lapin::{
    Channel, Confirmation, Connection, Event,
    message::BasicReturnMessage,
    options::BasicPublishOptions,
    uri::{AMQPScheme, AMQPUri},
};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{
    message::Message,
    session::{Broken, Connect, Session, Verdict},
    topology::EVENTS,
};

/// How long closing may take before the connection is just dropped.
const CLOSING: Duration = Duration::from_secs(1);

/// How the relay speaks to RabbitMQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmqpOptions {
    /// How long connecting and the look at the topology may take, each.
    pub connect_max: Duration,
    /// Seconds between heartbeats, unless the URL says `heartbeat=`.
    pub heartbeat_s: u16,
}

impl Default for AmqpOptions {
    fn default() -> Self {
        Self { connect_max: Duration::from_secs(5), heartbeat_s: 10 }
    }
}

/// RabbitMQ at a URL.
#[derive(Clone)]
pub struct Amqp {
    uri: AMQPUri,
    options: AmqpOptions,
}

/// The URL is none of a broker. It isn't shown: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the URL of a broker, such as amqp://user:password@host:5672/vhost")]
pub struct BadUrl;

impl Amqp {
    /// RabbitMQ at `amqp://user:password@host:port/vhost`, or `amqps://` for TLS.
    ///
    /// # Errors
    /// When that is no such URL.
    pub fn new(url: &str, options: AmqpOptions) -> Result<Self, BadUrl> {
        let mut uri: AMQPUri = url.parse().map_err(|_| BadUrl)?;
        uri.query.heartbeat.get_or_insert(options.heartbeat_s);
        Ok(Self { uri, options })
    }

    async fn open(&self) -> Result<Box<dyn Session>, Broken> {
        let max = self.options.connect_max;
        let limited = |error| move |_| -> Broken { error };
        if self.uri.scheme == AMQPScheme::AMQP {
            timeout(max, setup::knock(&self.uri)).await.map_err(limited(Broken::Silent(max)))??;
        }
        let properties =
            lapin::ConnectionProperties::default().with_connection_name("credit-ledger relay".into());
        let connection = timeout(max, Connection::connect_uri(self.uri.clone(), properties)).await;
        let connection = connection.map_err(limited(Broken::Silent(max)))?.map_err(setup::broken)?;
        let (watched, watcher) = Watched::new(&connection);
        // From here on the session closes the connection when it is dropped.
        let channel = timeout(max, setup::channel(&connection)).await;
        let channel = channel.map_err(limited(Broken::Silent(max)))??;
        Ok(Box::new(AmqpSession {
            user: self.uri.authority.userinfo.username.clone(),
            connection,
            channel,
            pending: FuturesUnordered::new(),
            watched,
            watcher,
        }))
    }
}

impl std::fmt::Debug for Amqp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Amqp").field("host", &self.uri.authority.host).finish_non_exhaustive()
    }
}

impl Connect for Amqp {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, Broken>> {
        self.open().boxed()
    }
}

/// What the connection tells by itself.
struct Watched {
    blocked: watch::Receiver<Option<Arc<str>>>,
    broken: watch::Receiver<Option<Broken>>,
}

impl Watched {
    /// The one listener there may be: a second one would take events away from it.
    fn new(connection: &Connection) -> (Self, JoinHandle<()>) {
        let (block, blocked) = watch::channel(None);
        let (fail, broken) = watch::channel(None);
        let mut events = connection.events_listener().boxed();
        let watcher = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                if let Event::ConnectionBlocked(reason) = event {
                    block.send_replace(Some(reason.into()));
                } else if let Event::ConnectionUnblocked = event {
                    block.send_replace(None);
                } else if let Event::Error(error) = event {
                    fail.send_replace(Some(setup::broken(error)));
                }
            }
        });
        (Self { blocked, broken }, watcher)
    }
}

/// Sends a message when first polled; gives its number and what the broker said.
type Sending = Pin<Box<dyn Future<Output = (u64, lapin::Result<Confirmation>)> + Send>>;

struct AmqpSession {
    user: String,
    connection: Connection,
    channel: Channel,
    pending: FuturesUnordered<Sending>,
    watched: Watched,
    watcher: JoinHandle<()>,
}

impl AmqpSession {
    /// Everything that is resolved by now. A returned message comes with the confirm that was
    /// resolved next, at the latest its own: whoever has seen all of what was resolved has seen it.
    fn drain(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), Broken> {
        // The set pauses after a while though more is ready: only two pauses in a row are an end.
        let mut pauses = 0;
        while pauses < 2 {
            match self.pending.next().now_or_never() {
                Some(Some((number, result))) => {
                    pauses = 0;
                    judge(number, result, verdicts)?;
                }
                Some(None) => return Ok(()),
                None => pauses += 1,
            }
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<Vec<Verdict>, Broken> {
        let mut verdicts = Vec::new();
        tokio::select! {
            biased;
            Some((number, result)) = self.pending.next() => judge(number, result, &mut verdicts)?,
            broken = self.watched.broken.wait_for(Option::is_some) => {
                let lost = || Broken::Lost("the connection has ended".to_owned());
                return Err(broken.ok().and_then(|broken| broken.clone()).unwrap_or_else(lost));
            }
        }
        self.drain(&mut verdicts)?;
        Ok(verdicts)
    }
}

fn judge(
    number: u64,
    result: lapin::Result<Confirmation>,
    verdicts: &mut Vec<Verdict>,
) -> Result<(), Broken> {
    let (verdict, returned) = match result.map_err(setup::broken)? {
        Confirmation::Ack(returned) => (Verdict::Confirmed(number), returned),
        Confirmation::Nack(returned) => (Verdict::Refused(number), returned),
        Confirmation::NotRequested => {
            return Err(Broken::Setup("the channel is not in confirm mode".to_owned()));
        }
    };
    verdicts.extend(returned.map(|returned| told(&returned)));
    verdicts.push(verdict);
    Ok(())
}

fn told(returned: &BasicReturnMessage) -> Verdict {
    let id = returned.properties.message_id().as_ref().map(ToString::to_string);
    Verdict::Returned { id: id.unwrap_or_default(), reason: returned.reply_text.to_string() }
}

impl Session for AmqpSession {
    fn publish(&mut self, number: u64, message: &Message) {
        let (channel, body) = (self.channel.clone(), message.body.clone());
        let (key, properties) = (message.routing_key.as_str().into(), properties::of(message, &self.user));
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let mut sending: Sending = Box::pin(async move {
            let sent = channel.basic_publish(EVENTS.into(), key, options, &body, properties).await;
            match sent {
                Ok(confirm) => (number, confirm.await),
                Err(error) => (number, Err(error)),
            }
        });
        // The first poll queues the frames, so numbers are the broker's. Waiting for them to be
        // written would send one message a turn.
        match (&mut sending).now_or_never() {
            Some(done) => self.pending.push(std::future::ready(done).boxed()),
            None => self.pending.push(sending),
        }
    }

    fn verdicts(&mut self) -> BoxFuture<'_, Result<Vec<Verdict>, Broken>> {
        self.next().boxed()
    }

    fn blocked(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.watched.blocked.clone()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            tokio::select! {
                _ = self.connection.close(200, "the relay ends".into()) => {}
                () = sleep(CLOSING) => {}
            }
        }
        .boxed()
    }
}

impl Drop for AmqpSession {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}
