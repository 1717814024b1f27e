//! What the handlers work with.

use std::{
    fmt,
    net::SocketAddr,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{body::Bytes, http::HeaderValue};
use events::{CommandId, LedgerId};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{rates::Rates, tallies::CommandTallies};
use crate::{
    clock::{Clock, Entropy, sixteen},
    config::Network,
    engine::Commands,
    feed::Feed,
    identity::Identity,
    log::Log,
    read::Reads,
};

/// The parts that the HTTP API stands on.
pub struct App {
    /// Takes commands.
    pub commands: Arc<dyn Commands>,
    /// Finds what an id names, by the position in it.
    pub log: Arc<dyn Log>,
    /// Answers queries.
    pub reads: Arc<dyn Reads>,
    /// Knows who calls.
    pub identity: Identity,
    /// Delivers events.
    pub feed: Feed,
    /// The ledger that is served.
    pub ledger: LedgerId,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws the ids of commands that come without a key.
    pub entropy: Mutex<Box<dyn Entropy>>,
    /// Limits and switches.
    pub options: HttpOptions,
    /// Says whether commands and reads are taken.
    pub readiness: Arc<dyn Readiness>,
    /// Renders `/metrics` in the Prometheus text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Cancelled when the service begins to stop: long polls and streams end then.
    pub stopping: CancellationToken,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("ledger", &self.ledger)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Limits and switches of the HTTP API.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How many connections are served at once; more wait to be accepted.
    pub connections_max: usize,
    /// The most bytes of a request's line and headers.
    pub head_bytes_max: usize,
    /// The most headers of a request.
    pub headers_max: usize,
    /// How long a request's line and headers may take to arrive.
    pub head_read_max: Duration,
    /// The most bytes of a body.
    pub body_bytes_max: usize,
    /// The most bytes of a batch's body.
    pub batch_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body_read_max: Duration,
    /// How long a connection may stay unused.
    pub idle_max: Duration,
    /// How long requests in flight may take once the service stops.
    pub drain_max: Duration,
    /// Requests that one API key may send in a second; any number, when absent.
    pub requests_per_second_per_key: Option<u32>,
    /// The browser origins that may read answers; none, when empty.
    pub cors_origins: Vec<HeaderValue>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether `POST /bench/echo/{wallet}` answers.
    pub bench_echo: bool,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            connections_max: 4_096,
            head_bytes_max: 32 * 1_024,
            headers_max: 64,
            head_read_max: Duration::from_secs(5),
            body_bytes_max: 64 * 1_024,
            batch_bytes_max: 4 * 1_024 * 1_024,
            body_read_max: Duration::from_secs(10),
            idle_max: Duration::from_secs(75),
            drain_max: Duration::from_secs(10),
            requests_per_second_per_key: None,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            bench_echo: false,
        }
    }
}

/// Whether the parts behind the API work.
pub trait Readiness: Send + Sync + 'static {
    /// Why requests are not taken now, for humans; `None` when they are.
    fn obstacle(&self) -> Option<String>;

    /// What else operators should know, such as the part that this process plays among others: an
    /// object.
    fn details(&self) -> serde_json::Value {
        serde_json::json!({})
    }
}

/// The app as handlers share it, with what they keep for themselves.
#[derive(Debug, Clone)]
pub(super) struct Shared(Arc<State>);

#[derive(Debug)]
pub(super) struct State {
    app: App,
    pub(super) rates: Option<Rates>,
    pub(super) tallies: CommandTallies,
    /// The OpenAPI document, as text.
    pub(super) openapi: Bytes,
}

impl Shared {
    pub(super) fn new(app: App, openapi: Bytes) -> Self {
        let rates = app.options.requests_per_second_per_key.and_then(Rates::new);
        Self(Arc::new(State { rates, tallies: CommandTallies::default(), openapi, app }))
    }

    /// The id of a command without a key.
    pub(super) fn random_command(&self) -> CommandId {
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        CommandId(uuid::Builder::from_random_bytes(sixteen(&mut **entropy)).into_uuid())
    }

    /// A random id for something that a client did not name.
    pub(super) fn random_id(&self) -> Uuid {
        self.random_command().0
    }

    pub(super) fn state(&self) -> &State {
        &self.0
    }
}

impl Deref for Shared {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0.app
    }
}
