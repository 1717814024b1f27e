//! A broker by script: what a real one can't be made to do.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use events::{
    AppId, Asked, Balances, CommandId, Credits, CreditsChecked, Envelope, LedgerId, OrgId, Position,
    RequestHash, Salt, Subject, Time, WalletId, encode,
};
use futures::{FutureExt, future::BoxFuture};
use projections::Audience;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::*;
use crate::{
    clock::{Generator, SystemClock},
    log::{Bodies, Log, memory::MemoryLog},
};

/// A message as a session was given it: its number, position and `prev`.
type Sent = (u64, u64, Option<u64>);

/// One end of a session; the other is the relay's.
struct Held {
    sent: mpsc::UnboundedReceiver<Sent>,
    verdicts: mpsc::UnboundedSender<Result<Verdict, Broken>>,
    block: watch::Sender<Option<Arc<str>>>,
}

struct Scripted {
    sent: mpsc::UnboundedSender<Sent>,
    verdicts: mpsc::UnboundedReceiver<Result<Verdict, Broken>>,
    blocked: watch::Receiver<Option<Arc<str>>>,
}

impl Session for Scripted {
    fn publish(&mut self, number: u64, message: &Message) {
        let prev = message.headers.iter().find(|(name, _)| *name == "prev");
        let prev = prev.map(|(_, value)| value.parse().expect("a position"));
        let _ = self.sent.send((number, message.position.get(), prev));
    }

    fn verdicts(&mut self) -> BoxFuture<'_, Result<Vec<Verdict>, Broken>> {
        async {
            let Some(first) = self.verdicts.recv().await else {
                return Err(Broken::Lost("gone".to_owned()));
            };
            let mut all = vec![first?];
            while let Ok(verdict) = self.verdicts.try_recv() {
                all.push(verdict?);
            }
            Ok(all)
        }
        .boxed()
    }

    fn blocked(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.blocked.clone()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        async {}.boxed()
    }
}

/// Gives the relay one session after the other.
struct Script(Mutex<VecDeque<Scripted>>);

impl Connect for Script {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, Broken>> {
        let next = self.0.lock().expect("no panic").pop_front();
        let none = || Broken::Lost("no more sessions".to_owned());
        async move { next.map(|session| Box::new(session) as Box<dyn Session>).ok_or_else(none) }.boxed()
    }
}

struct Play {
    sessions: Vec<Held>,
    health: watch::Receiver<RelayHealth>,
    stop: CancellationToken,
    relay: JoinHandle<Result<(), RelayEnd>>,
    state: FileState,
    _directory: tempfile::TempDir,
}

const APP: AppId = AppId(Uuid::from_u128(7));

/// So many events of one app.
async fn log(count: u64) -> Arc<MemoryLog> {
    let log = MemoryLog::new();
    let bodies: Bodies = (0..count).map(body).collect();
    log.append(Position(0), &bodies).await.expect("appended");
    Arc::new(log)
}

fn body(position: u64) -> Vec<u8> {
    let command = CommandId(Uuid::from_u128(u128::from(position) + 1));
    let wallet = WalletId(Uuid::from_u128(1));
    let envelope = Envelope {
        id: command.event(0),
        ledger: LedgerId(Uuid::from_u128(9)),
        subject: Subject::Wallet(wallet),
        time: Time::from_micros(1_000 + position as i64),
        org: Some(OrgId(Uuid::from_u128(2))),
        app: Some(APP),
        actor: None,
        position: Position(position),
        account_seq: None,
        previous: None,
        correlation: None,
        causation: command,
        traceparent: None,
        salt: Salt([0; 16]),
    };
    let event = CreditsChecked {
        asked: Asked { key: None, request: RequestHash([0; 16]) },
        service: "s".into(),
        cost: Credits::from_micros(1),
        sufficient: true,
        price: None,
        budget: None,
        hold: None,
        wallet: Balances::default(),
    };
    let mut body = Vec::new();
    encode(&envelope, &event.into(), &mut body).expect("an event");
    body
}

impl Play {
    async fn begin(log: Arc<MemoryLog>, sessions: usize, options: Options) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let state = FileState::new(directory.path());
        let (held, scripted): (Vec<_>, VecDeque<_>) = (0..sessions).map(|_| session()).unzip();
        let parts = RelayParts {
            log,
            state: Arc::new(state.clone()),
            broker: Arc::new(Script(Mutex::new(scripted))),
            audience: Audience::default(),
            audience_from: Position(0),
            epoch: 3,
            clock: Arc::new(SystemClock::new()),
            entropy: Box::new(Generator::from_seed(1)),
            options,
        };
        let relay = Relay::new(parts);
        let (health, stop) = (relay.health(), CancellationToken::new());
        let relay = tokio::spawn(relay.run(stop.clone()));
        Self { sessions: held, health, stop, relay, state, _directory: directory }
    }

    async fn sent(&mut self, session: usize, count: usize) -> Vec<Sent> {
        let mut all = Vec::new();
        while all.len() < count {
            all.push(self.sessions[session].sent.recv().await.expect("a message"));
        }
        all
    }

    fn say(&self, session: usize, verdicts: impl IntoIterator<Item = Verdict>) {
        for verdict in verdicts {
            self.sessions[session].verdicts.send(Ok(verdict)).expect("a relay that listens");
        }
    }

    async fn until(&mut self, what: impl Fn(&RelayHealth) -> bool) -> RelayHealth {
        self.health.wait_for(|health| what(health)).await.expect("a relay").clone()
    }

    async fn end(self) -> Progress {
        self.stop.cancel();
        self.relay.await.expect("no panic").expect("an orderly end");
        self.state.load(3).await.expect("progress")
    }
}

fn session() -> (Held, Scripted) {
    let (send, sent) = mpsc::unbounded_channel();
    let (verdicts, receive) = mpsc::unbounded_channel();
    let (block, blocked) = watch::channel(None);
    (Held { sent, verdicts, block }, Scripted { sent: send, verdicts: receive, blocked })
}

fn quick() -> Options {
    let wait = Duration::from_millis(1);
    Options { retry: (wait, wait), wind_down: wait, ..Options::default() }
}

/// Messages from this position on, numbered from 0.
fn from(position: u64, end: u64) -> Vec<Sent> {
    (0..).zip(position..end).map(|(number, position)| (number, position, position.checked_sub(1))).collect()
}

#[tokio::test]
async fn only_contiguous_confirmations_count_and_a_lost_session_is_sent_again_from_there() {
    let mut play = Play::begin(log(6).await, 2, quick()).await;
    assert_eq!(play.sent(0, 6).await, from(0, 6));
    play.say(0, [5, 1, 3, 0].map(Verdict::Confirmed));
    let health = play.until(|health| health.position == Position(2)).await;
    assert_eq!((health.unconfirmed, health.published), (2, 4));
    play.sessions[0].verdicts.send(Err(Broken::Lost("cut".to_owned()))).expect("a relay");
    assert_eq!(play.sent(1, 4).await, from(2, 6));
    play.say(1, [0, 1, 2, 3].map(Verdict::Confirmed));
    play.until(|health| health.position == Position(6)).await;
    let done = play.end().await;
    assert_eq!(done, Progress { position: Position(6), prevs: [(APP, Position(5))].into() });
}

#[tokio::test]
async fn confirmations_that_come_with_a_returned_message_count_for_nothing() {
    let mut play = Play::begin(log(3).await, 2, quick()).await;
    play.sent(0, 3).await;
    // RabbitMQ confirms a message that it returned, and others with it.
    let returned = Verdict::Returned { id: "of the second".to_owned(), reason: "NO_ROUTE".to_owned() };
    play.say(0, [returned, Verdict::Confirmed(0), Verdict::Confirmed(1), Verdict::Confirmed(2)]);
    assert_eq!(play.sent(1, 3).await, from(0, 3));
    let health = play.until(|health| health.rewinds == 1).await;
    assert_eq!(health.position, Position(0));
    assert_eq!(play.end().await, Progress::default());
}

#[tokio::test]
async fn a_refused_message_is_sent_again_with_those_after_it() {
    let mut play = Play::begin(log(4).await, 2, quick()).await;
    play.sent(0, 4).await;
    play.say(0, [Verdict::Confirmed(0), Verdict::Refused(1), Verdict::Confirmed(2)]);
    assert_eq!(play.sent(1, 3).await, from(1, 4));
    assert_eq!(play.end().await.position, Position(1));
}

#[tokio::test]
async fn a_window_holds_so_many_messages_and_no_more() {
    let options = Options { window_messages: 3, ..quick() };
    let mut play = Play::begin(log(10).await, 1, options).await;
    assert_eq!(play.sent(0, 3).await, from(0, 3));
    play.until(|health| health.unconfirmed == 3).await;
    assert!(play.sessions[0].sent.try_recv().is_err(), "a fourth message");
    play.say(0, [Verdict::Confirmed(0)]);
    assert_eq!(play.sent(0, 1).await, [(3, 3, Some(2))]);
    play.end().await;
}

#[tokio::test]
async fn silence_is_a_fault_unless_the_broker_is_blocked() {
    let options = Options { confirm_max: Duration::from_millis(150), ..quick() };
    let log = log(2).await;
    let mut play = Play::begin(log.clone(), 2, options).await;
    play.sent(0, 2).await;
    play.sessions[0].block.send_replace(Some("low on memory".into()));
    let blocked = play.until(|health| matches!(health.phase, RelayPhase::Blocked { .. })).await;
    assert_eq!(blocked.rewinds, 0);
    // What comes meanwhile is not sent, and the silence lasts longer than it may otherwise.
    log.append(Position(2), &[body(2)].into_iter().collect()).await.expect("appended");
    play.until(|health| health.lag_seconds > 0).await;
    tokio::time::sleep(options.confirm_max * 2).await;
    assert!(play.sessions[0].sent.try_recv().is_err(), "something was sent to a blocked broker");
    assert_eq!(play.health.borrow().rewinds, 0);
    play.sessions[0].block.send_replace(None);
    play.sent(0, 1).await;
    play.until(|health| health.rewinds == 1).await;
    assert_eq!(play.sent(1, 3).await, from(0, 3));
    play.end().await;
}
