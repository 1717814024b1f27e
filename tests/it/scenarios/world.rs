//! Where scenarios are told: something that takes commands and answers them.

use std::{collections::BTreeMap, time::Duration};

use events::{AppId, Class, Credits, Event, OrgId, PolicySet, Position, PriceSet, WalletId};
use ledger::Command;
use uuid::Uuid;

use crate::support::words::Caller;

/// An app, by its name in the scenario, and whether it belongs to the organization `elsewhere`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct App {
    pub(super) name: String,
    pub(super) elsewhere: bool,
}

impl App {
    /// Ids that follow from the names.
    pub(super) fn caller(&self) -> Caller {
        let org = OrgId(Uuid::from_u128(if self.elsewhere { 2 } else { 1 }));
        Caller { org, app: AppId(Uuid::new_v5(&org.0, self.name.as_bytes())) }
    }

    /// The person behind the app, as events name it: two apps are two people.
    pub(super) fn actor(&self) -> String {
        format!("key/{}", self.name)
    }
}

/// The id of the wallet with this name.
pub(super) fn wallet_id(name: &str) -> WalletId {
    WalletId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

/// A command, as an app sends it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) app: App,
    /// The app that the command is about, when it is about one.
    pub(super) about: Option<App>,
    pub(super) wallet: WalletId,
    pub(super) key: String,
    pub(super) command: Command,
    /// Only asks what would happen.
    pub(super) dry: bool,
}

/// What an organization rules.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    Price(PriceSet),
    Policy(PolicySet),
}

/// What an app is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) result: Result<Done, Refused>,
    pub(super) replayed: bool,
}

impl Answer {
    /// Whether something was recorded, now, that answers it.
    pub(super) fn is_news(&self) -> bool {
        let unrecorded = ["not-found", "expiry-in-past", "cap-below-hold", "idempotency-key-reused"];
        let refused = self.result.as_ref().err();
        !self.replayed && refused.is_none_or(|refused| !unrecorded.contains(&refused.code.as_str()))
    }
}

/// Lots or holds, and how much of each.
pub(super) type Parts = Vec<(Position, Credits)>;

/// The operation was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// Of the answering event; nowhere, when it was a dry run.
    pub(super) position: Position,
    pub(super) balance: Credits,
    /// The answer to a check.
    pub(super) sufficient: Option<bool>,
    /// The hold that was placed with a check.
    pub(super) hold: Option<Position>,
    /// Whether a second person must approve it.
    pub(super) proposed: bool,
    /// What was taken or given back; of an atomic batch, item by item.
    pub(super) slices: Parts,
    /// What a capture took of other lots.
    pub(super) beyond: Parts,
    /// Which price held.
    pub(super) version: Option<Position>,
    /// What each kind of unit cost.
    pub(super) lines: Vec<(String, Credits)>,
    /// The other amounts that the answer states.
    pub(super) members: BTreeMap<String, String>,
}

/// It was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Refused {
    pub(super) code: String,
    /// What the problem says beside its code.
    pub(super) members: BTreeMap<String, String>,
}

impl Refused {
    pub(super) fn because(code: &str) -> Self {
        Self { code: code.to_owned(), members: BTreeMap::new() }
    }
}

/// What is in a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) balance: Credits,
    pub(super) frozen: bool,
    /// In burn-down order, without what is held.
    pub(super) lots: Parts,
    /// What each open hold still reserves, oldest first.
    pub(super) holds: Parts,
    /// `available`, `reserved`, `debt`, `limit` and `threshold`.
    pub(super) members: BTreeMap<String, String>,
}

/// A place in which a scenario can be told.
pub(super) trait World {
    /// Sends a command and waits for its answer.
    async fn ask(&mut self, request: Request) -> Answer;

    /// Sends many commands at once, each on its own.
    async fn ask_all(&mut self, requests: Vec<Request>) -> Vec<Answer>;

    /// Makes a rule for the organization of `app`.
    async fn rule(&mut self, app: &App, rule: Rule) -> Position;

    /// Lets time pass.
    async fn pass(&mut self, time: Duration);

    /// Waits until all that is due in a wallet by now has happened, without a command.
    async fn settle(&mut self, wallet: WalletId);

    /// What happened in the wallet since it was last asked for.
    async fn news(&mut self, app: &App, wallet: WalletId) -> Vec<Event>;

    /// What is in the wallet.
    async fn state(&mut self, app: &App, wallet: WalletId) -> State;

    /// Ends it in good order.
    async fn end(self);
}

/// How a class is written.
pub(super) const fn class_name(class: Class) -> &'static str {
    match class {
        Class::Promotional => "promotional",
        Class::Paid => "paid",
    }
}
