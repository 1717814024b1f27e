//! Nodes of a cluster in one process, each on a thread of its own that can die or freeze as a process
//! does.

use std::{
    net::Ipv4Addr,
    sync::{Arc, mpsc},
    time::Duration,
};

use credit_ledger::{
    clock::{Generator, SystemClock},
    cluster::{Claimant, Duties, Duty, Node, Options, PeerToken, Role, Router, Spread, Term, run},
    engine::{self, Ask, Commands, EngineError, Fact, Parts, Receipt, Running},
    http::peer::{PeerApi, PeerLedger, serve},
    identity::{Identity, Pepper},
    log::{Log, Recent, faulty::FaultyLog, memory::MemoryLog},
    read::IdentityRows,
};
use events::{LedgerId, Position, Recorded};
use futures::{FutureExt, future::BoxFuture};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Handle},
    sync::oneshot,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::lease::{MemoryLease, Table};
use crate::support::{cold::FoldedLog, ground::LEDGER};

/// Short, but long enough for a machine with other things to do.
pub(super) const OPTIONS: Options = Options {
    lease: Duration::from_secs(3),
    renewal: Duration::from_millis(100),
    margin: Duration::from_millis(500),
    deadline: Duration::from_secs(120),
    request: Duration::from_secs(30),
    waiting_max: 8_192,
    rest: Duration::from_millis(50),
    label: None,
};

/// What all nodes share.
pub(super) struct Shared {
    pub(super) store: Arc<MemoryLog>,
    table: Arc<Table>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self { store: Arc::new(MemoryLog::new()), table: Arc::default() }
    }

    /// All events.
    pub(super) async fn events(&self) -> Vec<Recorded> {
        let page = self.store.read(Position(0), usize::MAX).await.expect("a page");
        page.iter().map(|(_, body)| events::decode(body).expect("an event")).collect()
    }

    /// Folds the whole log, which must follow from itself, with one answer a command.
    pub(super) async fn check(&self) {
        FoldedLog::new(self.store.clone()).catch_up().await;
    }
}

/// A node, on a thread of its own.
pub(super) struct TestNode {
    pub(super) router: Arc<Router>,
    pub(super) identity: Identity,
    pub(super) lease: Arc<MemoryLease>,
    /// The log as this node's engine sees it.
    pub(super) log: Arc<FaultyLog>,
    pub(super) address: String,
    handle: Handle,
    end: Option<oneshot::Sender<()>>,
}

impl TestNode {
    pub(super) async fn start(shared: &Shared, number: u8) -> Self {
        Self::start_with(shared, number, b"the secret", OPTIONS).await
    }

    pub(super) async fn start_with(shared: &Shared, number: u8, secret: &[u8], options: Options) -> Self {
        let (store, table) = (shared.store.clone(), Arc::clone(&shared.table));
        let token = PeerToken::derive(secret);
        let (end, ended) = oneshot::channel::<()>();
        let (started, node) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let node = Self::on_this_thread(store, table, number, token, options, end).await;
                drop(started.send(node));
                // Whoever is dropped or killed ends at once, with all of its tasks.
                let _ = ended.await;
            });
            runtime.shutdown_background();
        });
        node.await.expect("a node")
    }

    async fn on_this_thread(
        store: Arc<MemoryLog>,
        table: Arc<Table>,
        number: u8,
        token: PeerToken,
        options: Options,
        end: oneshot::Sender<()>,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let log = Arc::new(FaultyLog::new(store.clone()));
        let router = Arc::new(Router::new(LEDGER, store.clone(), token.clone(), options));
        let entropy = Box::new(Generator::from_seed(u64::from(number)));
        let pepper = Pepper::from_bytes(&[7; 32]);
        let identity = Identity::new(pepper, IdentityRows::default(), router.clone(), entropy);
        let lease = Arc::new(MemoryLease::new(table));
        let id = Uuid::from_u128(u128::from(number));
        let node = Node {
            ledger: LEDGER,
            lease: lease.clone(),
            claimant: Claimant { id, address: address.as_str().into(), lease: options.lease },
            log: log.clone(),
            clock: Arc::new(SystemClock::new()),
            duties: Arc::new(EngineAlone { store, identity: identity.clone(), number }),
            spread: Arc::new(Spread::new(id)),
            options,
        };
        let stop = CancellationToken::new();
        let for_peers = PeerLedger { ledger: LEDGER, router: router.clone(), identity: identity.clone() };
        let api = PeerApi::new(vec![for_peers], token);
        tokio::spawn(serve(listener, api, Duration::ZERO, stop.clone()));
        tokio::spawn(router.clone().follow_head(stop.clone()));
        tokio::spawn(run(node, router.clone(), stop));
        Self { router, identity, lease, log, address, handle: Handle::current(), end: Some(end) }
    }

    /// Submits from a task of the node.
    pub(super) fn post(&self, ask: Ask) -> JoinHandle<Result<Receipt, EngineError>> {
        let router = self.router.clone();
        self.handle.spawn(async move { router.submit(ask).await })
    }

    pub(super) async fn submit(&self, ask: Ask) -> Result<Receipt, EngineError> {
        self.post(ask).await.expect("a node that lives")
    }

    pub(super) async fn submit_all(&self, asks: Vec<Ask>) -> Vec<Result<Receipt, EngineError>> {
        let router = self.router.clone();
        self.handle.spawn(async move { router.submit_all(asks).await }).await.expect("a node that lives")
    }

    pub(super) fn record(&self, fact: Fact) -> JoinHandle<Result<Arc<Recorded>, EngineError>> {
        let router = self.router.clone();
        self.handle.spawn(async move { router.record(fact).await })
    }

    /// Waits until the node is this.
    pub(super) async fn is(&self, word: &str) -> Role {
        let mut role = self.router.role();
        let there = role.wait_for(|role| role.word() == word && !matches!(role, Role::Standby(None)));
        there.await.expect("a router").clone()
    }

    /// Waits until the node writes, in a later term than `epoch`.
    pub(super) async fn writes_after(&self, epoch: u64) -> u64 {
        let mut role = self.router.role();
        let there = role.wait_for(|role| matches!(role, Role::Writer(term, _) if term.epoch() > epoch));
        match &*there.await.expect("a router") {
            Role::Writer(term, _) => term.epoch(),
            Role::Standby(_) | Role::Starting(_) => unreachable!("it was waited for"),
        }
    }

    /// Ends the node as `kill -9` does.
    pub(super) fn kill(&mut self) {
        self.end.take();
    }

    /// Stops the node's thread as SIGSTOP does, until the sender is dropped.
    pub(super) fn freeze(&self) -> mpsc::Sender<()> {
        let (thaw, frozen) = mpsc::channel::<()>();
        self.handle.spawn(async move { frozen.recv().ok() });
        thaw
    }
}

/// A writer that is its engine alone.
struct EngineAlone {
    store: Arc<MemoryLog>,
    identity: Identity,
    number: u8,
}

impl Duties for EngineAlone {
    fn take_up(
        &self,
        term: Arc<Term>,
        log: Arc<dyn Log>,
        stop: CancellationToken,
    ) -> BoxFuture<'_, Result<Duty, String>> {
        async move {
            let parts = Parts {
                log,
                recent: Arc::new(Recent::new(0)),
                cold: Arc::new(FoldedLog::new(self.store.clone())),
                clock: Arc::new(SystemClock::new()),
                entropy: Box::new(Generator::from_seed(1_000 * term.epoch() + u64::from(self.number))),
                options: engine::Options { epoch: Some(term.epoch()), ..engine::Options::default() },
            };
            let ledger: LedgerId = LEDGER;
            let observe = |recorded: &Recorded| self.identity.apply(recorded);
            let started = engine::start(ledger, parts, stop, observe).await;
            let Running { engine, writer } = started.map_err(|halt| halt.to_string())?;
            let ended = async move {
                writer.await.map_err(|error| error.to_string())?.map_err(|halt| halt.to_string())
            };
            Ok(Duty { engine, ended: ended.boxed() })
        }
        .boxed()
    }
}
