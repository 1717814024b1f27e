//! Valid histories of any length, the same for the same seed: random commands, decided and encoded
//! as the engine does it.

#[path = "history/asks.rs"]
mod asks;
#[path = "history/past.rs"]
mod past;
#[path = "history/people.rs"]
mod people;

use credit_ledger::{
    clock::{Entropy, Generator, sixteen},
    engine::{command_id, request_hash},
    log::Bodies,
};
use events::{
    AppId, AppRegistered, Asked, Class, CommandId, Envelope, Event, LedgerId, OrgId, OrganizationRegistered,
    Position, Recorded, Salt, Subject, Time, WalletId, WriterChanged, encode,
};
use ledger::{Command, Facts, NewLot, Purchase, Question, Rules, Wallet, decide, decide_due};
use uuid::Uuid;

use past::Past;
use people::People;

/// 2026-01-01.
const START: i64 = 1_767_225_600_000_000;

const HOUR: u64 = 3_600_000_000;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    /// Every kind of command, refusals and expiries among them.
    Everything,
    /// Deductions alone, from wallets that can pay them.
    Deductions,
}

/// A ledger that makes up its own history.
pub(crate) struct History {
    pub(crate) ledger: LedgerId,
    pub(crate) orgs: Vec<OrgId>,
    pub(crate) apps: Vec<(AppId, OrgId)>,
    pub(crate) wallets: Vec<(WalletId, OrgId, Option<Wallet>)>,
    pub(crate) rules: Vec<(OrgId, Rules)>,
    entropy: Generator,
    next: Position,
    time: Time,
    commands: u64,
    past: Past,
    people: People,
    /// What people do comes from dice of its own, so that what happens to wallets does not depend on it.
    people_entropy: Generator,
}

/// Who asks for what, with what must be known for it.
struct Request {
    command: Command,
    facts: Facts,
    app: Option<AppId>,
    actor: Option<&'static str>,
}

impl History {
    /// Wallets of `orgs` organizations with two apps each, none of them recorded yet.
    pub(crate) fn new(seed: u64, orgs: usize, wallets: usize) -> Self {
        let mut entropy = Generator::from_seed(seed);
        let mut id = || uuid::Builder::from_random_bytes(sixteen(&mut entropy)).into_uuid();
        let ledger = LedgerId(id());
        let orgs: Vec<OrgId> = (0..orgs).map(|_| OrgId(id())).collect();
        let apps = orgs.iter().flat_map(|org| [(AppId(id()), *org), (AppId(id()), *org)]).collect();
        let wallets = (0..wallets).map(|n| (WalletId(id()), orgs[n % orgs.len()], None)).collect();
        let rules = orgs.iter().map(|org| (*org, Rules::default())).collect();
        let (next, time) = (Position(0), Time::from_micros(START));
        Self {
            ledger,
            orgs,
            apps,
            wallets,
            rules,
            entropy,
            next,
            time,
            commands: 0,
            past: Past::default(),
            people: People::default(),
            people_entropy: Generator::from_seed(!seed),
        }
    }

    /// Records the writer, the organizations and the apps.
    pub(crate) fn begin(&mut self, bodies: &mut Bodies) {
        self.fact(bodies, Subject::Ledger(self.ledger), None, WriterChanged { epoch: 1 }.into());
        for (number, org) in self.orgs.clone().into_iter().enumerate() {
            let name = format!("org-{number}").into();
            let event = OrganizationRegistered { organization: org, name };
            self.fact(bodies, Subject::Organization(org), Some(org), event.into());
        }
        for (number, (app, organization)) in self.apps.clone().into_iter().enumerate() {
            let event = AppRegistered { app, organization, name: format!("app-{number}").into() };
            self.fact(bodies, Subject::App(app), Some(organization), event.into());
        }
    }

    /// Gives every wallet a lot of a million credits.
    pub(crate) fn fund(&mut self, bodies: &mut Bodies) {
        for wallet in 0..self.wallets.len() {
            let lot = NewLot { class: Class::Paid, priority: 1, expiry: None };
            let price_paid = Some(asks::euros("10000"));
            let amount = asks::amount(1_000_000_000_000);
            let purchase = Purchase { amount, lot, payment_reference: None, price_paid };
            let request = self.by_any_app(wallet, Command::Purchase(purchase));
            self.command(bodies, wallet, &request);
        }
    }

    /// Adds `count` events, or a few more; facts about people come on top.
    pub(crate) fn extend(&mut self, bodies: &mut Bodies, count: usize, mix: Mix) {
        let mut until = bodies.len() + count;
        while bodies.len() < until {
            if mix == Mix::Everything {
                until += self.people(bodies);
            }
            let wallet = self.below(self.wallets.len() as u64) as usize;
            match mix {
                Mix::Everything => self.anything(bodies, wallet),
                Mix::Deductions => {
                    let request = self.deduction(wallet);
                    self.command(bodies, wallet, &request);
                }
            }
        }
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }

    fn anything(&mut self, bodies: &mut Bodies, wallet: usize) {
        match self.below(200) {
            0 => self.time = self.time.plus_micros(self.below(20 * HOUR) as i64),
            1..=2 => {
                let (org, rule) = self.rule();
                self.fact(bodies, Subject::Organization(org), Some(org), rule);
            }
            3..=10 => self.ring(bodies, wallet),
            _ => {
                let request = self.any_request(wallet);
                self.command(bodies, wallet, &request);
            }
        }
    }

    /// Decides a command and records what follows; commands to a wallet that is not open come to nothing.
    fn command(&mut self, bodies: &mut Bodies, wallet: usize, request: &Request) {
        self.commands += 1;
        let (id, org, before) = self.wallets[wallet].clone();
        let (command, app) = (&request.command, request.app);
        let key = format!("key-{:08}", self.commands);
        let cause = command_id(org, app, command.operation(), &key);
        let asked = Asked { key: Some(key.into()), request: request_hash(id, command) };
        let now = self.time.plus_micros(self.below(2_000) as i64 + 1);
        let rules = self.rules.iter().find(|(of, _)| *of == org).map(|(_, rules)| rules);
        let rules = rules.expect("rules of every organization");
        let question = Question { wallet: id, org, app, actor: request.actor, asked: &asked, rules, now };
        let Ok(decision) = decide(before.as_ref(), command, &request.facts, question, self.next) else {
            return;
        };
        self.time = now.plus_micros(-1);
        self.store(bodies, wallet, cause, (app, request.actor), decision);
    }

    /// What is due in a wallet expires, as when the engine's timer fires.
    fn ring(&mut self, bodies: &mut Bodies, wallet: usize) {
        let Some(before) = self.wallets[wallet].2.clone() else { return };
        self.time = self.time.plus_micros(1);
        let decision = decide_due(&before, self.time, self.next).expect("a sound wallet");
        let cause = CommandId(Uuid::from_u128(u128::from(self.next.get()) + 1));
        self.time = self.time.plus_micros(-1);
        self.store(bodies, wallet, cause, (None, None), decision);
    }

    fn store(
        &mut self,
        bodies: &mut Bodies,
        wallet: usize,
        cause: CommandId,
        (app, actor): (Option<AppId>, Option<&'static str>),
        decision: ledger::Decision,
    ) {
        let (id, org, before) = self.wallets[wallet].clone();
        let mut last = before.as_ref().map(|wallet| wallet.last);
        let mut seq = before.as_ref().map_or(0, |wallet| wallet.account_seq);
        for (index, event) in (0..).zip(decision.events) {
            seq += u64::from(event.changes_wallet());
            let envelope = self.envelope(cause, index, Subject::Wallet(id), Some(org));
            let (actor, account_seq) = (actor.map(Box::from), Some(seq));
            let envelope = Envelope { app, actor, account_seq, previous: last, ..envelope };
            last = Some(envelope.position);
            bodies.push_with(|buffer| encode(&envelope, &event, buffer)).expect("an event that fits");
            self.past.remember(&Recorded { envelope, event });
        }
        self.wallets[wallet].2 = Some(decision.wallet);
    }

    fn fact(&mut self, bodies: &mut Bodies, subject: Subject, org: Option<OrgId>, event: Event) {
        let cause = CommandId(Uuid::from_u128(u128::from(self.next.get()) + 1));
        let envelope = self.envelope(cause, 0, subject, org);
        if let Some((_, rules)) = self.rules.iter_mut().find(|(of, _)| Some(*of) == org) {
            rules.apply(&event, envelope.position);
        }
        bodies.push_with(|buffer| encode(&envelope, &event, buffer)).expect("an event that fits");
    }

    fn envelope(&mut self, cause: CommandId, index: u32, subject: Subject, org: Option<OrgId>) -> Envelope {
        self.time = self.time.plus_micros(1);
        self.next = self.next.next();
        Envelope {
            id: cause.event(index),
            ledger: self.ledger,
            subject,
            time: self.time,
            org,
            app: None,
            actor: None,
            position: Position(self.next.get() - 1),
            account_seq: None,
            previous: None,
            correlation: None,
            causation: cause,
            traceparent: None,
            salt: Salt(sixteen(&mut self.entropy)),
        }
    }
}
