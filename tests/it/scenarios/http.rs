//! The service as its clients see it: nothing but HTTP.

mod answers;
mod bodies;
mod feed;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use credit_ledger::clock::Clock;
use events::{Event, Position, PublicId, PublicKind, WalletId};
use ledger::Command;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    engine::PATIENCE,
    follower::Follower,
    told::told,
    world::{Answer, App, Done, Request, Rule, State, World},
};
use crate::support::app::{Answer as Response, Client, Home, TestApp};
use feed::Feed;

/// A served ledger, and its clients by name.
pub(super) struct Http {
    app: TestApp,
    clients: BTreeMap<App, Client>,
    /// What each wallet's feed has told.
    feeds: BTreeMap<String, Feed>,
    /// Which positions are captures: their ids are written differently.
    captures: BTreeSet<Position>,
    /// Sees when the timers have done their work.
    follower: Follower,
}

impl Http {
    /// With the ledger in SQLite's files.
    pub(super) async fn start() -> Self {
        Self::of(TestApp::start().await)
    }

    /// With the ledger in PostgreSQL. A lease runs out when time passes, so each time somebody takes over.
    pub(super) async fn on_postgres() -> Self {
        Self::of(TestApp::start_in(Home::postgres().await).await)
    }

    fn of(app: TestApp) -> Self {
        let (clients, feeds, captures, follower) = Default::default();
        Self { app, clients, feeds, captures, follower }
    }

    async fn client(&mut self, app: &App) -> Client {
        if let Some(client) = self.clients.get(app) {
            return client.clone();
        }
        let client = if app.elsewhere { self.app.stranger().await } else { self.app.admin().await };
        self.clients.insert(app.clone(), client.clone());
        client
    }

    /// How this ledger writes ids of this kind: only the position differs from another's.
    fn id(&self, kind: PublicKind, position: Position) -> String {
        PublicId::new(kind, self.app.ledger.id, position).to_string()
    }

    /// Rollbacks take the ids of deductions and of captures.
    fn spending_id(&self, position: Position) -> String {
        let captured = self.captures.contains(&position);
        self.id(if captured { PublicKind::Capture } else { PublicKind::Deduction }, position)
    }

    /// Where a command is sent, and with which method.
    fn path(&self, request: &Request) -> (Method, String) {
        let wallet = format!("/v1/wallets/{}", request.wallet);
        match &request.command {
            Command::OpenWallet => (Method::POST, "/v1/wallets".to_owned()),
            Command::Purchase(_) => (Method::POST, format!("{wallet}/purchases")),
            Command::Grant(_) => (Method::POST, format!("{wallet}/grants")),
            Command::Check(_) => (Method::POST, format!("{wallet}/checks")),
            Command::Deduct(_) => (Method::POST, format!("{wallet}/deductions")),
            Command::DeductBatch(_) => (Method::POST, "/v1/deductions:batch".to_owned()),
            Command::RollBack(ask) => {
                (Method::POST, format!("/v1/deductions/{}/rollbacks", self.spending_id(ask.deduction)))
            }
            Command::Hold(_) => (Method::POST, "/v1/holds".to_owned()),
            Command::Capture(ask) => (Method::POST, self.hold_path(ask.hold, "captures")),
            Command::Extend(ask) => (Method::POST, self.hold_path(ask.hold, "extensions")),
            Command::Release(ask) => (Method::POST, self.hold_path(ask.hold, "release")),
            Command::Refund(ask) => {
                let purchase = self.id(PublicKind::Purchase, ask.purchase);
                (Method::POST, format!("/v1/purchases/{purchase}/{}", bodies::cause(ask.cause)))
            }
            Command::Adjust(_) => (Method::POST, "/v1/adjustments".to_owned()),
            Command::Approve(ask) => {
                let proposal = self.id(PublicKind::Adjustment, ask.proposal);
                (Method::POST, format!("/v1/adjustments/{proposal}/approval"))
            }
            Command::Freeze(_) => (Method::POST, format!("{wallet}/freeze")),
            Command::Unfreeze(_) => (Method::POST, format!("{wallet}/unfreeze")),
            Command::SetLimit(_) => (Method::PUT, format!("{wallet}/credit-limit")),
            Command::SetCap(_) => (Method::PUT, format!("{wallet}/caps")),
            Command::SetThreshold(_) => (Method::PUT, format!("{wallet}/low-balance")),
        }
    }

    fn hold_path(&self, hold: Position, what: &str) -> String {
        format!("/v1/holds/{}/{what}", self.id(PublicKind::Hold, hold))
    }

    /// Whether nothing is stored from this position on, but that somebody took over.
    async fn has_nothing_since(&self, head: Position) -> bool {
        let stored = self.app.stored_from(head.get()).await;
        let mut events = stored.iter().map(|body| events::decode(body.as_bytes()).expect("an event").event);
        events.all(|event| matches!(event, Event::WriterChanged(_)))
    }

    /// What the event at this position tells.
    async fn made(client: &Client, position: Position) -> Option<Done> {
        let path = format!("/v1/events?after={}&limit=1", position.get() - 1);
        let page = feed::page(&client.get(&path).await.expect(200));
        let event = &page.first().expect("an answer is stored").event;
        told(event, position, []).ok()
    }
}

impl World for Http {
    async fn ask(&mut self, request: Request) -> Answer {
        let client = self.client(&request.app).await;
        let about = match &request.about {
            Some(app) => self.client(app).await.app_id,
            None => None,
        };
        let (method, path) = self.path(&request);
        let body = bodies::body(&request, about.as_deref());
        let path = if request.dry { format!("{path}?dry_run=true") } else { path };
        let head = self.app.head();
        let response = send(&client, method, &path, &body, Some(&request.key)).await;
        assert!(!request.dry || self.has_nothing_since(head).await, "a dry run has stored something");
        let position = (response.status < 400).then(|| answers::position(&response.json())).flatten();
        let made = match position {
            Some(position) => Self::made(&client, position).await,
            None => None,
        };
        if matches!(request.command, Command::Capture(_)) {
            self.captures.extend(position);
        }
        Answer { replayed: response.is_replayed(), result: answers::result(&response, made) }
    }

    async fn ask_all(&mut self, requests: Vec<Request>) -> Vec<Answer> {
        let client = self.client(&requests[0].app).await;
        let checks = matches!(requests[0].command, Command::Check(_));
        let path = if checks { "/v1/checks:batch" } else { "/v1/deductions:batch" };
        let items: Vec<Value> = requests.iter().map(bodies::item).collect();
        let response = send(&client, Method::POST, path, &json!({ "items": items }), None).await;
        answers::items(&response.expect(200).json())
    }

    async fn rule(&mut self, app: &App, rule: Rule) -> Position {
        let (path, body) = bodies::rule(&rule);
        let client = self.client(app).await;
        let response = send(&client, Method::PUT, &path, &body, None).await;
        Position(response.expect(200).position())
    }

    async fn pass(&mut self, time: Duration) {
        self.app.clock.advance(time);
        let (now, log) = (self.app.clock.now(), self.app.ledger.log.clone());
        let waiting = self.follower.wait_until_nothing_is_due(log.as_ref(), now);
        timeout(PATIENCE, waiting).await.expect("what is due expires by itself");
    }

    async fn settle(&mut self, _: WalletId) {
        // The timers have done it when time passed.
    }

    async fn news(&mut self, app: &App, wallet: WalletId) -> Vec<Event> {
        let client = self.client(app).await;
        let feed = self.feeds.entry(wallet.to_string()).or_default();
        feed.read(&client, wallet).await
    }

    async fn state(&mut self, app: &App, wallet: WalletId) -> State {
        // Of the log: the commands' own head comes a moment later when somebody has just taken over.
        let last = self.app.ledger.log.head().await.expect("a head").get() - 1;
        let path = format!("/v1/wallets/{wallet}?min_position={last}");
        let client = self.client(app).await;
        answers::state(&client.get(&path).await.expect(200).json())
    }

    async fn end(self) {
        self.app.end().await;
    }
}

async fn send(client: &Client, method: Method, path: &str, body: &Value, key: Option<&str>) -> Response {
    let request = client.request(method, path).body("application/json", body.to_string());
    match key {
        Some(key) => request.key(key).await,
        None => request.await,
    }
}
