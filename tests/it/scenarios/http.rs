//! The service as its clients see it: nothing but HTTP.

mod answers;
mod bodies;

use std::{collections::BTreeMap, time::Duration};

use credit_ledger::clock::Clock;
use events::{Event, Position, PublicId, PublicKind, WalletId};
use ledger::Command;
use serde_json::{Value, json, value::RawValue};
use tokio::{task::yield_now, time::timeout};

use super::{
    engine::PATIENCE,
    follower::Follower,
    world::{Answer, App, Request, Rule, State, World},
};
use crate::support::app::{Client, TestApp};

/// A served ledger, and its clients by name.
pub(super) struct Http {
    app: TestApp,
    clients: BTreeMap<App, Client>,
    /// Up to where each wallet's news were read.
    read: BTreeMap<String, u64>,
    follower: Follower,
    rules: usize,
}

impl Http {
    pub(super) async fn start() -> Self {
        let (clients, read, follower) = Default::default();
        Self { app: TestApp::start().await, clients, read, follower, rules: 0 }
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
        let kind = if self.follower.is_capture(position) { PublicKind::Capture } else { PublicKind::Deduction };
        self.id(kind, position)
    }

    /// Where a command is sent, and with which method.
    async fn path(&mut self, request: &Request) -> (&'static str, String) {
        let wallet = format!("/v1/wallets/{}", request.wallet);
        let adjustment = PublicKind::Adjustment;
        match &request.command {
            Command::OpenWallet => ("POST", "/v1/wallets".to_owned()),
            Command::Purchase(_) => ("POST", format!("{wallet}/purchases")),
            Command::Grant(_) => ("POST", format!("{wallet}/grants")),
            Command::Check(_) => ("POST", format!("{wallet}/checks")),
            Command::Deduct(_) => ("POST", format!("{wallet}/deductions")),
            Command::DeductBatch(_) => ("POST", "/v1/deductions:batch".to_owned()),
            Command::RollBack(ask) => {
                self.follower.catch_up(self.app.ledger.log.as_ref()).await;
                ("POST", format!("/v1/deductions/{}/rollbacks", self.spending_id(ask.deduction)))
            }
            Command::Hold(_) => ("POST", "/v1/holds".to_owned()),
            Command::Capture(ask) => ("POST", self.hold_path(ask.hold, "captures")),
            Command::Extend(ask) => ("POST", self.hold_path(ask.hold, "extensions")),
            Command::Release(ask) => ("POST", self.hold_path(ask.hold, "release")),
            Command::Refund(ask) => {
                let purchase = self.id(PublicKind::Purchase, ask.purchase);
                ("POST", format!("/v1/purchases/{purchase}/{}", bodies::cause(ask.cause)))
            }
            Command::Adjust(_) => ("POST", "/v1/adjustments".to_owned()),
            Command::Approve(ask) => {
                ("POST", format!("/v1/adjustments/{}/approval", self.id(adjustment, ask.proposal)))
            }
            Command::Freeze(_) => ("POST", format!("{wallet}/freeze")),
            Command::Unfreeze(_) => ("POST", format!("{wallet}/unfreeze")),
            Command::SetLimit(_) => ("PUT", format!("{wallet}/credit-limit")),
            Command::SetCap(_) => ("PUT", format!("{wallet}/caps")),
            Command::SetThreshold(_) => ("PUT", format!("{wallet}/low-balance")),
        }
    }

    fn hold_path(&self, hold: Position, what: &str) -> String {
        format!("/v1/holds/{}/{what}", self.id(PublicKind::Hold, hold))
    }
}

impl World for Http {
    async fn ask(&mut self, request: Request) -> Answer {
        let client = self.client(&request.app).await;
        let about = match &request.about {
            Some(app) => self.client(app).await.app_id,
            None => None,
        };
        let (method, path) = self.path(&request).await;
        let body = bodies::body(&request, about.as_deref());
        let path = if request.dry { format!("{path}?dry_run=true") } else { path };
        let head = self.app.head();
        let response = client.send(method, &path, &body).key(&request.key).await;
        assert!(!request.dry || self.app.head() == head, "a dry run has stored something");
        Answer { replayed: response.is_replayed(), result: answers::result(&response) }
    }

    async fn ask_all(&mut self, requests: Vec<Request>) -> Vec<Answer> {
        let client = self.client(&requests[0].app).await;
        let checks = matches!(requests[0].command, Command::Check(_));
        let path = if checks { "/v1/checks:batch" } else { "/v1/deductions:batch" };
        let items: Vec<Value> = requests.iter().map(bodies::item).collect();
        let response = client.send("POST", path, &json!({ "items": items })).await.expect(200);
        answers::items(&response.json())
    }

    async fn rule(&mut self, app: &App, rule: Rule) -> Position {
        self.rules += 1;
        let (path, body) = bodies::rule(&rule);
        let client = self.client(app).await;
        let response = client.send("PUT", &path, &body).key(&format!("rule {}", self.rules)).await;
        Position(response.expect(200).position())
    }

    async fn pass(&mut self, time: Duration) {
        self.app.clock.advance(time);
        let (now, log) = (self.app.clock.now(), self.app.ledger.log.clone());
        let waiting = async {
            self.follower.catch_up(log.as_ref()).await;
            while self.follower.is_due(now) {
                yield_now().await;
                self.follower.catch_up(log.as_ref()).await;
            }
        };
        timeout(PATIENCE, waiting).await.expect("what is due expires by itself");
    }

    async fn settle(&mut self, _: WalletId) {
        // The timers have done it when time passed.
    }

    async fn news(&mut self, app: &App, wallet: WalletId) -> Vec<Event> {
        let client = self.client(app).await;
        let mut news = Vec::new();
        loop {
            let after = self.read.get(&wallet.to_string());
            let after = after.map_or_else(String::new, |after| format!("&after={after}"));
            let path = format!("/v1/events?wallet={wallet}&limit=1000{after}");
            let response = client.get(&path).await.expect(200);
            let page: Vec<&RawValue> = serde_json::from_str(response.text()).expect("a batch of events");
            let Some(last) = page.last() else { return news };
            let event = |body: &&RawValue| events::decode(body.get().as_bytes()).expect("an event");
            self.read.insert(wallet.to_string(), event(last).envelope.position.get());
            news.extend(page.iter().map(|body| event(body).event));
        }
    }

    async fn state(&mut self, app: &App, wallet: WalletId) -> State {
        let client = self.client(app).await;
        let last = self.app.head().get() - 1;
        let path = format!("/v1/wallets/{wallet}?min_position={last}");
        answers::state(&client.get(&path).await.expect(200).json())
    }

    async fn end(self) {
        self.app.end().await;
    }
}
