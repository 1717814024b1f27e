//! The way to a writer in another process: what waits goes in batches, a few requests at a time.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use events::LedgerId;
use reqwest::{Client, StatusCode, header::CONTENT_TYPE};
use serde::de::DeserializeOwned;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::yield_now,
};

use super::{
    Options, Peer, PeerToken,
    wire::{Answered, BYTES_MAX, COMMANDS_MAX, NOT_THE_WRITER, Noted, Posted, PostedFact},
};
use crate::engine::{Ask, EngineError};

/// Requests to the writer at once. While they are on their way, further commands gather.
const REQUESTS_AT_ONCE: usize = 4;

/// What a process is told whose secret is not the writer's.
const STRANGER: &str = "the process that writes has another cluster secret than this one: all replicas need the same \
                        cluster_secret_file";

/// What became of what was sent.
pub(super) enum Sent<T> {
    /// The writer answered.
    Answers(T),
    /// Nobody took it.
    NotTaken(String),
    /// The writer takes nothing from this process until somebody mends its settings.
    Refused(String),
    /// Nobody knows.
    Lost(String),
}

/// Sends commands and facts to writers.
pub(super) struct Forwarder {
    ledger: LedgerId,
    client: Client,
    token: PeerToken,
    options: Options,
    /// The queue to the writer that was asked last.
    lane: Mutex<Option<(Peer, mpsc::UnboundedSender<Job>)>>,
    waiting: Arc<AtomicUsize>,
}

/// Commands of one caller: they stay together and in order.
struct Job {
    /// JSON, without the brackets of the array.
    asks: Vec<u8>,
    commands: usize,
    answer: oneshot::Sender<Sent<Vec<Answered>>>,
}

/// What goes in one request.
struct Parcel {
    body: Vec<u8>,
    commands: usize,
    jobs: Vec<(usize, oneshot::Sender<Sent<Vec<Answered>>>)>,
}

impl Forwarder {
    pub(super) fn new(ledger: LedgerId, token: PeerToken, options: Options) -> Self {
        let timed = Client::builder()
            .no_proxy()
            .connect_timeout(options.renewal)
            .timeout(options.request)
            .tcp_nodelay(true);
        Self {
            ledger,
            // Without options that can fail, building cannot.
            client: timed.build().unwrap_or_default(),
            token,
            options,
            lane: Mutex::default(),
            waiting: Arc::default(),
        }
    }

    /// The writer's answers, in order.
    pub(super) async fn commands(&self, peer: &Peer, asks: &[Ask]) -> Sent<Vec<Answered>> {
        let mut text = match serde_json::to_vec(asks) {
            Ok(text) => text,
            Err(error) => return Sent::NotTaken(error.to_string()),
        };
        text.pop();
        text.drain(..1);
        let counted = Waiting::of(&self.waiting, asks.len());
        if counted.before > 0 && counted.before + asks.len() > self.options.waiting_max {
            return Sent::Answers(asks.iter().map(|_| Err(EngineError::Overloaded)).collect());
        }
        let (answer, answers) = oneshot::channel();
        let job = Job { asks: text, commands: asks.len(), answer };
        if self.lane(peer).send(job).is_err() {
            return Sent::NotTaken("the way to the writer is closed".to_owned());
        }
        answers.await.unwrap_or_else(|_| Sent::Lost("the request was given up".to_owned()))
    }

    /// The fact as the writer recorded it.
    pub(super) async fn fact(&self, peer: &Peer, posted: &PostedFact) -> Sent<Noted> {
        match serde_json::to_vec(posted) {
            Ok(body) => self.post(peer, Posted::Fact, body).await,
            Err(error) => Sent::NotTaken(error.to_string()),
        }
    }

    fn lane(&self, peer: &Peer) -> mpsc::UnboundedSender<Job> {
        let mut lane = self.lane.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((to, queue)) = &*lane
            && to == peer
        {
            return queue.clone();
        }
        let (queue, jobs) = mpsc::unbounded_channel();
        let poster = Self {
            ledger: self.ledger,
            client: self.client.clone(),
            token: self.token.clone(),
            options: self.options,
            lane: Mutex::default(),
            waiting: Arc::default(),
        };
        tokio::spawn(Arc::new(poster).run(peer.clone(), jobs));
        *lane = Some((peer.clone(), queue.clone()));
        queue
    }

    /// Takes jobs until nobody sends any more.
    async fn run(self: Arc<Self>, peer: Peer, mut jobs: mpsc::UnboundedReceiver<Job>) {
        let free = Arc::new(Semaphore::new(REQUESTS_AT_ONCE));
        let mut held = None;
        loop {
            let first = match held.take() {
                Some(job) => Some(job),
                None => jobs.recv().await,
            };
            let (Some(first), Ok(permit)) = (first, Arc::clone(&free).acquire_owned().await) else { return };
            // Callers that are about to send join this request.
            yield_now().await;
            let mut parcel = Parcel::new();
            parcel.add(first);
            while let Ok(job) = jobs.try_recv() {
                if !parcel.has_room(&job) {
                    held = Some(job);
                    break;
                }
                parcel.add(job);
            }
            if !parcel.jobs.is_empty() {
                tokio::spawn(Arc::clone(&self).deliver(peer.clone(), parcel, permit));
            }
        }
    }

    async fn deliver(self: Arc<Self>, peer: Peer, parcel: Parcel, permit: OwnedSemaphorePermit) {
        let Parcel { mut body, commands, jobs } = parcel;
        body.push(b']');
        let sent: Sent<Vec<Answered>> = self.post(&peer, Posted::Commands, body).await;
        drop(permit);
        let mut answers = match sent {
            Sent::Answers(answers) if answers.len() == commands => answers.into_iter(),
            Sent::Answers(_) => return drop(jobs),
            Sent::NotTaken(reason) => {
                tracing::debug!(reason, writer = peer.address, "the writer did not take commands");
                return tell_all(jobs, || Sent::NotTaken(reason.clone()));
            }
            Sent::Refused(reason) => return tell_all(jobs, || Sent::Refused(reason.clone())),
            Sent::Lost(reason) => {
                tracing::warn!(reason, writer = peer.address, "the writer did not answer");
                return drop(jobs);
            }
        };
        for (commands, answer) in jobs {
            // A caller that no longer waits has asked somebody else meanwhile.
            let _ = answer.send(Sent::Answers(answers.by_ref().take(commands).collect()));
        }
    }

    async fn post<T: DeserializeOwned>(&self, peer: &Peer, posted: Posted, body: Vec<u8>) -> Sent<T> {
        let request = self.client.post(format!("{}{}", peer.address, posted.path(self.ledger)));
        let request = request.bearer_auth(self.token.expose()).header(CONTENT_TYPE, "application/json");
        let response = match request.body(body).send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() || error.is_builder() => return Sent::NotTaken(told(&error)),
            Err(error) => return Sent::Lost(told(&error)),
        };
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            return Sent::Refused(STRANGER.to_owned());
        }
        if status != StatusCode::OK {
            let refused = status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE;
            if refused && status.as_u16() != NOT_THE_WRITER {
                tracing::error!(%status, writer = peer.address, "the writer refused what was sent");
            }
            let reason = format!("the writer answered {status}");
            return if refused { Sent::NotTaken(reason) } else { Sent::Lost(reason) };
        }
        match response.bytes().await {
            Ok(text) => {
                serde_json::from_slice(&text).map_or_else(|e| Sent::Lost(e.to_string()), Sent::Answers)
            }
            Err(error) => Sent::Lost(told(&error)),
        }
    }
}

/// Callers that no longer wait have asked somebody else meanwhile.
fn tell_all<T>(jobs: Vec<(usize, oneshot::Sender<Sent<T>>)>, told: impl Fn() -> Sent<T>) {
    jobs.into_iter().for_each(|(_, answer)| drop(answer.send(told())));
}

impl fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forwarder").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

impl Parcel {
    const fn new() -> Self {
        Self { body: Vec::new(), commands: 0, jobs: Vec::new() }
    }

    fn has_room(&self, job: &Job) -> bool {
        self.jobs.is_empty()
            || self.commands + job.commands <= COMMANDS_MAX && self.body.len() + job.asks.len() <= BYTES_MAX
    }

    fn add(&mut self, job: Job) {
        // Whoever no longer waits has asked elsewhere.
        if job.answer.is_closed() {
            return;
        }
        self.body.push(if self.jobs.is_empty() { b'[' } else { b',' });
        self.body.extend_from_slice(&job.asks);
        self.commands += job.commands;
        self.jobs.push((job.commands, job.answer));
    }
}

/// Commands of a caller that waits, however it ends.
struct Waiting<'a> {
    counter: &'a AtomicUsize,
    commands: usize,
    before: usize,
}

impl<'a> Waiting<'a> {
    fn of(counter: &'a AtomicUsize, commands: usize) -> Self {
        // Nothing else is guarded by this number, so no order is needed.
        let before = counter.fetch_add(commands, Ordering::Relaxed);
        Self { counter, commands, before }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(self.commands, Ordering::Relaxed);
    }
}

/// The error and what caused it; the address is left out.
fn told(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = next.to_string();
        cause = next.source();
    }
    if text.is_empty() { "the request failed".to_owned() } else { text }
}
