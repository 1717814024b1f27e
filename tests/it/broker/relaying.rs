//! A relay at work.

use std::{sync::Arc, time::Duration};

use credit_ledger::{
    broker::{
        Amqp, AmqpOptions, Connect, FileState, Options, Relay, RelayEnd, RelayHealth, RelayParts, RelayState,
    },
    clock::{Generator, SystemClock},
    log::Log,
};
use events::Position;
use projections::Audience;
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::support::rabbit::VHost;

/// Longer than anything here takes, unless it hangs.
pub(super) const PATIENCE: Duration = Duration::from_secs(180);

/// Times for tests: everything fails and is tried again soon.
pub(super) fn quick() -> Options {
    Options {
        retry: (Duration::from_millis(50), Duration::from_millis(500)),
        retry_setup: Duration::from_millis(300),
        save_every: Duration::from_millis(50),
        ..Options::default()
    }
}

/// A relay that runs.
pub(super) struct Relaying {
    pub(super) health: watch::Receiver<RelayHealth>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), RelayEnd>>,
}

/// Long times, so that a slow machine is not taken for a lost broker.
const CALM: AmqpOptions = AmqpOptions { connect_max: Duration::from_secs(60), heartbeat_s: 60 };
/// Short ones, for brokers that get lost.
pub(super) const NERVOUS: AmqpOptions = AmqpOptions { connect_max: Duration::from_secs(5), heartbeat_s: 2 };

/// RabbitMQ as the relay sees it.
pub(super) fn broker(vhost: &VHost, options: AmqpOptions) -> Arc<dyn Connect> {
    Arc::new(Amqp::new(&vhost.relay_url(), options).expect("a URL"))
}

/// A relay that keeps its progress here.
pub(super) fn parts(log: Arc<dyn Log>, vhost: &VHost, state: Arc<dyn RelayState>) -> RelayParts {
    RelayParts {
        log,
        state,
        broker: broker(vhost, CALM),
        audience: Audience::default(),
        audience_from: Position(0),
        epoch: 1,
        clock: Arc::new(SystemClock::new()),
        entropy: Box::new(Generator::from_seed(1)),
        options: quick(),
    }
}

impl Relaying {
    pub(super) fn start(parts: RelayParts) -> Self {
        let relay = Relay::new(parts);
        let (health, stop) = (relay.health(), CancellationToken::new());
        let task = tokio::spawn(relay.run(stop.clone()));
        Self { health, stop, task }
    }

    /// A relay with its progress in this directory.
    pub(super) fn of(log: Arc<dyn Log>, vhost: &VHost, directory: &tempfile::TempDir) -> Self {
        Self::start(parts(log, vhost, Arc::new(FileState::new(directory.path()))))
    }

    /// Waits until it is so.
    pub(super) async fn until(&self, what: impl Fn(&RelayHealth) -> bool) -> RelayHealth {
        let mut health = self.health.clone();
        if let Ok(health) = timeout(PATIENCE, health.wait_for(|health| what(health))).await {
            return health.expect("a relay").clone();
        }
        panic!("it never came to that: {:?}", *self.health.borrow())
    }

    /// Waits until everything before this position is confirmed.
    pub(super) async fn confirmed(&self, head: u64) -> RelayHealth {
        self.until(|health| health.position.get() >= head).await
    }

    /// Ends it in good order.
    pub(super) async fn end(self) {
        self.stop.cancel();
        let ended = timeout(PATIENCE, self.task).await.expect("an end in time").expect("no panic");
        ended.expect("an orderly end");
    }

    /// As `kill -9` would end it: nothing is saved.
    pub(super) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.is_err(), "it had ended before");
    }

    /// Waits until it ends by itself.
    pub(super) async fn ended(self) -> RelayEnd {
        let ended = timeout(PATIENCE, self.task).await.expect("an end in time").expect("no panic");
        ended.expect_err("nobody asked it to end")
    }
}
