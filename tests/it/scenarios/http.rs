//! The service as its clients see it: nothing but HTTP.

use std::{collections::BTreeMap, time::Duration};

use events::{Credits, Position, WalletId};
use ledger::{Amount, Command, Expiry, NewLot};
use serde_json::{Value, json};

use super::world::{Answer, App, Done, Refused, Request, World, class_name};
use crate::support::app::{Answer as Response, Client, TestApp};

/// A served ledger, and its clients by name.
pub(super) struct Http {
    app: TestApp,
    clients: BTreeMap<App, Client>,
}

impl Http {
    pub(super) async fn start() -> Self {
        Self { app: TestApp::start().await, clients: BTreeMap::new() }
    }

    async fn client(&mut self, app: &App) -> Client {
        if let Some(client) = self.clients.get(app) {
            return client.clone();
        }
        let client = if app.elsewhere { self.app.stranger().await } else { self.app.admin().await };
        self.clients.insert(app.clone(), client.clone());
        client
    }

    /// How this ledger writes the id of a deduction: only its position differs from another's.
    fn deduction_id(&self, position: Position) -> String {
        let (ledger, ..) = self.app.ledger.id.0.as_fields();
        format!("ded_{ledger:08x}_{position}")
    }

    /// What expired in the wallet after the event at `after`.
    async fn expired(client: &Client, wallet: WalletId, after: u64) -> Vec<(Position, Credits)> {
        let path = format!("/v1/events?after={after}&types=credits.expired.v1&wallet={wallet}&limit=1000");
        let events = client.get(&path).await.expect(200).json();
        let events = events.as_array().expect("a batch of events");
        events.iter().map(|event| slice(&event["data"])).collect()
    }
}

impl World for Http {
    async fn ask(&mut self, request: Request) -> Answer {
        let Request { app, wallet, key, command } = request;
        let client = self.client(&app).await;
        let last = self.app.head().get() - 1;
        let (path, body) = match &command {
            Command::RollBack(ask) => {
                let path = format!("/v1/deductions/{}/rollbacks", self.deduction_id(ask.deduction));
                (path, ask.amount.map_or_else(|| json!({}), |amount| json!({ "amount": text(amount) })))
            }
            Command::OpenWallet => ("/v1/wallets".to_owned(), json!({ "wallet": wallet })),
            Command::Purchase(p) => (format!("/v1/wallets/{wallet}/purchases"), credits_in(p.amount, &p.lot)),
            Command::Grant(g) => (format!("/v1/wallets/{wallet}/grants"), credits_in(g.amount, &g.lot)),
            Command::Check(c) => (format!("/v1/wallets/{wallet}/checks"), spending(&c.service, c.cost)),
            Command::Deduct(d) => (format!("/v1/wallets/{wallet}/deductions"), spending(&d.service, d.cost)),
        };
        let response = client.post(&path, &body).key(&key).await;
        let expired = Self::expired(&client, wallet, last).await;
        Answer { replayed: response.is_replayed(), result: result(&response), expired }
    }

    fn pass(&mut self, time: Duration) {
        self.app.clock.advance(time);
    }

    async fn end(self) {
        self.app.end().await;
    }
}

fn text(amount: Amount) -> String {
    amount.credits().to_string()
}

fn credits_in(amount: Amount, lot: &NewLot) -> Value {
    let mut body =
        json!({ "amount": text(amount), "class": class_name(lot.class), "priority": lot.priority });
    match lot.expiry {
        Some(Expiry::After(micros)) => body["expires_in_seconds"] = json!(micros / 1_000_000),
        Some(Expiry::At(time)) => body["expires_at"] = json!(time),
        None => {}
    }
    body
}

fn spending(service: &str, cost: Amount) -> Value {
    json!({ "service": service, "cost": text(cost) })
}

fn result(response: &Response) -> Result<Done, Refused> {
    let json = response.json();
    if response.status >= 400 {
        let code = json["code"].as_str().expect("a problem has a code");
        response.problem(response.status, code);
        let members = json.as_object().expect("a problem is an object").iter();
        let members = members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        return Err(Refused { code: code.to_owned(), members: members.collect() });
    }
    let slices = json["slices"].as_array().map(|slices| slices.iter().map(slice).collect());
    Ok(Done {
        position: Position(response.position()),
        balance: credits(&json["balance"]),
        sufficient: json["sufficient"].as_bool(),
        slices: slices.unwrap_or_default(),
    })
}

/// A slice, or an expiry: a lot and an amount.
fn slice(json: &Value) -> (Position, Credits) {
    let lot = json["lot"].as_str().and_then(|lot| lot.parse().ok());
    (Position(lot.expect("a lot's position")), credits(&json["amount"]))
}

fn credits(json: &Value) -> Credits {
    json.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{json} is no amount"))
}
