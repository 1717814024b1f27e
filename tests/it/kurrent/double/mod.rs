//! A double of KurrentDB: its protocol over streams in memory, as far as the log speaks it, driven by the
//! unmodified client. It fails as its test says.

mod node;
mod proto;
mod store;
mod wire;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use events::LedgerId;
use futures::stream;
use tokio::{net::TcpListener, task::JoinSet};
use tonic::transport::Server;

use self::{
    node::Node,
    proto::{Expected, Proposed},
    store::Streams,
    wire::Wire,
};

/// What happens to one append.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// It is written; then the connection is cut.
    LostAnswer,
    /// The same, and the node can't be reached until it is opened.
    LostAnswerAndClosed,
    /// The connection is cut before it is written.
    LostRequest,
    /// The connection is cut. It is written later: when the next append arrives, before that.
    LateRequest,
    /// It is written, but the node says that it took too long.
    TimedOut,
    /// It is written, and never answered.
    Silence,
    /// The node can't do anything yet.
    NotReady,
    /// The node won't let this user write.
    Denied,
}

/// The nodes of a store, which see the same streams. One leads.
pub(crate) struct Cluster {
    streams: Mutex<Streams>,
    leader: AtomicUsize,
    wires: OnceLock<Vec<Wire>>,
    faults: Mutex<VecDeque<Fault>>,
    late: Mutex<Option<(Expected, Vec<Proposed>)>>,
    early_ends: AtomicUsize,
    stalled: AtomicBool,
}

/// A running store, which ends with its test.
pub(crate) struct Double {
    cluster: Arc<Cluster>,
    _nodes: JoinSet<()>,
}

impl Double {
    /// A store of one node.
    pub(crate) async fn start() -> Self {
        Self::of(1).await
    }

    /// A store of `count` nodes, of which the first leads.
    pub(crate) async fn of(count: usize) -> Self {
        let cluster = Arc::new(Cluster {
            streams: Mutex::default(),
            leader: AtomicUsize::new(0),
            wires: OnceLock::new(),
            faults: Mutex::default(),
            late: Mutex::default(),
            early_ends: AtomicUsize::new(0),
            stalled: AtomicBool::new(false),
        });
        let mut nodes = JoinSet::new();
        let mut wires = Vec::new();
        for number in 0..count {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
            wires.push(Wire::to(listener.local_addr().expect("an address")).await);
            let node = Node { cluster: Arc::clone(&cluster), number };
            nodes.spawn(async move {
                let incoming = stream::unfold(listener, async |listener| {
                    let accepted = listener.accept().await.map(|(stream, _)| stream);
                    accepted.iter().for_each(wire::prompt);
                    Some((accepted, listener))
                });
                let served = Server::builder().serve_with_incoming(node, Box::pin(incoming)).await;
                served.expect("a node that serves until its test ends");
            });
        }
        assert!(cluster.wires.set(wires).is_ok(), "set once");
        Self { cluster, _nodes: nodes }
    }

    /// Where the first node is.
    pub(crate) fn url(&self) -> String {
        self.url_of(&[0])
    }

    /// Where these nodes are.
    pub(crate) fn url_of(&self, nodes: &[usize]) -> String {
        let nodes: Vec<_> =
            nodes.iter().map(|node| format!("127.0.0.1:{}", self.cluster.wire(*node).port())).collect();
        format!("esdb://admin:changeit@{}?tls=false", nodes.join(","))
    }

    /// Lets the appends to come meet `faults`, one each.
    pub(crate) fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.cluster.faults).extend(faults);
    }

    /// How many scripted faults no append has met yet.
    pub(crate) fn faults_left(&self) -> usize {
        lock(&self.cluster.faults).len()
    }

    /// Lets the next `count` reads end in order before they have begun.
    pub(crate) fn end_reads_early(&self, count: usize) {
        self.cluster.early_ends.store(count, Ordering::SeqCst);
    }

    /// Whether reads get no answer from now on.
    pub(crate) fn stall_reads(&self, stalled: bool) {
        self.cluster.stalled.store(stalled, Ordering::SeqCst);
    }

    /// Cuts the connections of a node and refuses others.
    pub(crate) fn close(&self, node: usize) {
        self.cluster.wire(node).close();
    }

    /// Lets a node be reached again.
    pub(crate) async fn open(&self, node: usize) {
        self.cluster.wire(node).open().await;
    }

    /// Makes another node the leader.
    pub(crate) fn lead(&self, node: usize) {
        self.cluster.leader.store(node, Ordering::SeqCst);
    }

    /// Sets the metadata of the ledger's stream.
    pub(crate) fn set_metadata(&self, ledger: LedgerId, metadata: &str) {
        let kind = [("type", "$metadata"), ("content-type", "application/json")];
        let event = Proposed {
            id: Some(proto::EventId { structured: Some(proto::Structured { high: 1, low: 1 }) }),
            metadata: kind.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            custom_metadata: Vec::new(),
            data: metadata.as_bytes().to_vec(),
        };
        let name = format!("$$ledger-{}", ledger.0);
        self.cluster.streams().append(&name, Expected::Any(()), vec![event]);
    }

    /// Takes away the ledger's events before `first`.
    pub(crate) fn truncate(&self, ledger: LedgerId, first: u64) {
        self.cluster.streams().of(&stream_of(ledger)).first = first;
    }

    /// Deletes the ledger's stream, so that it can be begun anew.
    pub(crate) fn delete(&self, ledger: LedgerId) {
        self.cluster.streams().of(&stream_of(ledger)).deleted = true;
    }

    /// Deletes the ledger's stream for good.
    pub(crate) fn tombstone(&self, ledger: LedgerId) {
        self.cluster.streams().of(&stream_of(ledger)).tombstone = true;
    }

    /// How many events were ever appended, of whatever ledger.
    pub(crate) fn appended(&self) -> usize {
        self.cluster.streams().events()
    }

    /// Type and content type of the ledger's events.
    pub(crate) fn types(&self, ledger: LedgerId) -> Vec<(String, String)> {
        let mut streams = self.cluster.streams();
        let kind = |event: &Proposed, name: &str| event.metadata[name].clone();
        let events = &streams.of(&stream_of(ledger)).events;
        events.iter().map(|event| (kind(event, "type"), kind(event, "content-type"))).collect()
    }
}

fn stream_of(ledger: LedgerId) -> String {
    format!("ledger-{}", ledger.0)
}

impl Drop for Double {
    fn drop(&mut self) {
        self.cluster.wires.get().into_iter().flatten().for_each(Wire::close);
    }
}

impl Cluster {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        lock(&self.streams)
    }

    fn nodes(&self) -> usize {
        self.wires.get().map_or(0, Vec::len)
    }

    fn wire(&self, node: usize) -> &Wire {
        &self.wires.get().expect("wires are set before any node is reached")[node]
    }

    fn leader(&self) -> usize {
        self.leader.load(Ordering::SeqCst)
    }

    fn fault(&self) -> Option<Fault> {
        lock(&self.faults).pop_front()
    }

    fn late(&self) -> Option<(Expected, Vec<Proposed>)> {
        lock(&self.late).take()
    }

    fn set_late(&self, expected: Expected, group: Vec<Proposed>) {
        *lock(&self.late) = Some((expected, group));
    }

    fn reads_stall(&self) -> bool {
        self.stalled.load(Ordering::SeqCst)
    }

    fn read_ends_early(&self) -> bool {
        let taken =
            self.early_ends.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        taken.is_ok()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
