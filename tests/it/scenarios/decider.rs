//! The pure decider, with keys in a table. Nothing happens between commands: what is due expires
//! when the next command comes.

mod facts;

use std::{collections::HashMap, time::Duration};

use events::{Asked, Event, Operation, OrgId, Position, RequestHash, Time, WalletId};
use ledger::{Decision, Question, Rules, Wallet};

use super::{
    told::{inside, rejected, told},
    world::{Answer, App, Refused, Request, Rule, State, World},
};
use crate::support::{ground::START_MICROS, words::Caller};
use facts::Past;

type Key = (Caller, Operation, String);

/// The first request under a key, spelled out, and what its command has done.
struct First {
    spelled: Vec<u8>,
    events: Vec<Event>,
    /// Where the first of them is stored.
    position: Position,
}

/// All there is, in maps.
pub(super) struct Decider {
    now: Time,
    next: Position,
    wallets: HashMap<WalletId, Wallet>,
    rules: HashMap<OrgId, Rules>,
    past: Past,
    answers: HashMap<Key, First>,
    news: HashMap<WalletId, Vec<Event>>,
}

impl Decider {
    pub(super) fn new() -> Self {
        Self {
            now: Time::from_micros(START_MICROS),
            next: Position(0),
            wallets: HashMap::new(),
            rules: HashMap::new(),
            past: Past::default(),
            answers: HashMap::new(),
            news: HashMap::new(),
        }
    }

    fn keep(&mut self, wallet: WalletId, app: Option<&App>, decision: &Decision) {
        self.wallets.insert(wallet, decision.wallet.clone());
        for event in &decision.events {
            self.past.keep(self.next, event, wallet, app, self.now);
            self.next = self.next.next();
            // No two events have the same stamp.
            self.now = self.now.plus_micros(1);
        }
        self.news.entry(wallet).or_default().extend(decision.events.iter().cloned());
    }
}

/// What a command's events, of which the first is stored at `position`, tell the app.
fn answer(events: &[Event], position: Position, replayed: bool) -> Answer {
    let at = events.iter().position(|event| event.asked().is_some()).expect("a decision has an answer");
    let result = told(&events[at], Position(position.get() + at as u64), events);
    Answer { result, replayed }
}

impl World for Decider {
    async fn ask(&mut self, request: Request) -> Answer {
        let Request { app, wallet, key, command, dry, .. } = request;
        let caller = app.caller();
        let key = (caller, command.operation(), key);
        let mut spelled = Vec::new();
        command.canonical(wallet, &mut spelled);
        if let Some(first) = self.answers.get(&key) {
            if first.spelled == spelled {
                return answer(&first.events, first.position, true);
            }
            return Answer { result: Err(Refused::because("idempotency-key-reused")), replayed: false };
        }
        let asked = Asked { key: Some(key.2.as_str().into()), request: RequestHash([0; 16]) };
        let actor = app.actor();
        let question = Question {
            wallet,
            org: caller.org,
            app: Some(caller.app),
            actor: Some(&actor),
            asked: &asked,
            rules: self.rules.entry(caller.org).or_default(),
            now: self.now,
        };
        let facts = self.past.facts(&command);
        let decided = ledger::decide(self.wallets.get(&wallet), &command, &facts, question, self.next);
        let decision = match decided {
            Ok(decision) => decision,
            Err(rejection) => return Answer { result: Err(rejected(&rejection)), replayed: false },
        };
        let (events, position) = (decision.events.to_vec(), self.next);
        let answer = answer(&events, position, false);
        if !dry {
            self.keep(wallet, Some(&app), &decision);
            self.answers.insert(key, First { spelled, events, position });
        }
        answer
    }

    async fn ask_all(&mut self, requests: Vec<Request>) -> Vec<Answer> {
        let mut answers = Vec::new();
        for request in requests {
            answers.push(self.ask(request).await);
        }
        answers
    }

    async fn rule(&mut self, app: &App, rule: Rule) -> Position {
        let event = match rule {
            Rule::Price(price) => Event::from(price),
            Rule::Policy(policy) => Event::from(policy),
        };
        let position = self.next;
        self.rules.entry(app.caller().org).or_default().apply(&event, position);
        self.next = position.next();
        position
    }

    async fn pass(&mut self, time: Duration) {
        self.now = self.now.plus_micros(i64::try_from(time.as_micros()).expect("less than 292,000 years"));
    }

    async fn settle(&mut self, wallet: WalletId) {
        let Some(state) = self.wallets.get(&wallet) else { return };
        let decision = ledger::decide_due(state, self.now, self.next).expect("a sound wallet");
        self.keep(wallet, None, &decision);
    }

    async fn news(&mut self, _: &App, wallet: WalletId) -> Vec<Event> {
        self.news.remove(&wallet).unwrap_or_default()
    }

    async fn state(&mut self, _: &App, wallet: WalletId) -> State {
        inside(self.wallets.get(&wallet).expect("an open wallet"))
    }

    async fn end(self) {}
}
