//! The pure decider, with keys in a table.

use std::{collections::HashMap, time::Duration};

use events::{Asked, Credits, Event, LotTerms, Operation, Position, RequestHash, Slices, Time, WalletId};
use ledger::{Command, Deduction, Facts, Question, Wallet};

use super::world::{Answer, Refused, Request, World, expired, rejected, told};
use crate::support::{ground::START_MICROS, words::Caller};

type Key = (Caller, Operation, String);

/// All there is, in maps.
pub(super) struct Decider {
    now: Time,
    next: Position,
    wallets: HashMap<WalletId, Wallet>,
    lots: HashMap<Position, LotTerms>,
    deductions: HashMap<Position, (WalletId, Credits, Slices)>,
    returned: HashMap<Position, Credits>,
    /// The first request under each key, spelled out, and its answer.
    answers: HashMap<Key, (Vec<u8>, Event, Position)>,
}

impl Decider {
    pub(super) fn new() -> Self {
        Self {
            now: Time::from_micros(START_MICROS),
            next: Position(0),
            wallets: HashMap::new(),
            lots: HashMap::new(),
            deductions: HashMap::new(),
            returned: HashMap::new(),
            answers: HashMap::new(),
        }
    }

    fn facts(&self, command: &Command) -> Facts {
        let Command::RollBack(ask) = command else { return Facts::default() };
        let deduction = self.deductions.get(&ask.deduction).map(|(wallet, cost, slices)| Deduction {
            wallet: *wallet,
            cost: *cost,
            slices: slices.clone(),
            terms: slices.iter().map(|slice| self.lots[&slice.lot]).collect(),
            returned: self.returned.get(&ask.deduction).copied().unwrap_or_default(),
        });
        Facts { deduction }
    }

    fn remember(&mut self, event: &Event, wallet: WalletId) {
        if let Event::CreditsPurchased(e) = event {
            self.lots.insert(self.next, e.lot);
        }
        if let Event::CreditsGranted(e) = event {
            self.lots.insert(self.next, e.lot);
        }
        if let Event::CreditsDeducted(e) = event {
            self.deductions.insert(self.next, (wallet, e.cost, e.slices.clone()));
        }
        if let Event::DeductionRolledBack(e) = event {
            self.returned.insert(e.deduction, e.returned);
        }
    }
}

impl World for Decider {
    async fn ask(&mut self, request: Request) -> Answer {
        let Request { app, wallet, key, command } = request;
        let caller = app.caller();
        let key = (caller, command.operation(), key);
        let mut spelled = Vec::new();
        command.canonical(wallet, &mut spelled);
        if let Some((first, event, position)) = self.answers.get(&key) {
            let same = *first == spelled;
            let result =
                if same { told(event, *position) } else { Err(Refused::because("idempotency-key-reused")) };
            return Answer { result, replayed: same, expired: Vec::new() };
        }
        let asked = Asked { key: Some(key.2.as_str().into()), request: RequestHash([0; 16]) };
        self.now = self.now.plus_micros(1);
        let question = Question { wallet, org: caller.org, asked: &asked, now: self.now };
        let facts = self.facts(&command);
        let decision = match ledger::decide(self.wallets.get(&wallet), &command, &facts, question, self.next)
        {
            Ok(decision) => decision,
            Err(rejection) => {
                return Answer { result: Err(rejected(&rejection)), replayed: false, expired: vec![] };
            }
        };
        self.wallets.insert(wallet, decision.wallet);
        let mut answer = None;
        for event in &decision.events {
            self.remember(event, wallet);
            if event.asked().is_some() {
                answer = Some((event.clone(), self.next));
            }
            self.next = self.next.next();
        }
        let (event, position) = answer.expect("a decision has an answer");
        let result = told(&event, position);
        self.answers.insert(key, (spelled, event, position));
        Answer { result, replayed: false, expired: decision.events.iter().filter_map(expired).collect() }
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.plus_micros(i64::try_from(time.as_micros()).expect("less than 292,000 years"));
    }

    async fn end(self) {}
}
