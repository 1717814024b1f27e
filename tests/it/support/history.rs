//! Valid histories of any length, the same for the same seed: random commands, decided and encoded
//! as the engine does it.

use credit_ledger::{
    clock::{Entropy, Generator, sixteen},
    engine::{command_id, request_hash},
    log::Bodies,
};
use events::{
    AppId, AppRegistered, Asked, Class, CommandId, Credits, Envelope, Event, LedgerId, LotTerms, OrgId,
    OrganizationRegistered, Position, Salt, Subject, Time, WalletId, WriterChanged, encode,
};
use ledger::{
    Amount, Check, Command, Deduct, Deduction, Expiry, Facts, Grant, NewLot, Purchase, Question, RollBack,
    Wallet, decide,
};
use uuid::Uuid;

/// 2026-01-01.
const START: i64 = 1_767_225_600_000_000;

/// Deductions that rollbacks choose from.
const REMEMBERED: usize = 64;

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
    entropy: Generator,
    next: Position,
    time: Time,
    commands: u64,
    deductions: Vec<(usize, Position, Deduction)>,
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
        let (next, time) = (Position(0), Time::from_micros(START));
        Self { ledger, orgs, apps, wallets, entropy, next, time, commands: 0, deductions: Vec::new() }
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
            let amount = amount(1_000_000_000_000);
            let lot = NewLot { class: Class::Paid, priority: 1, expiry: None };
            let purchase = Purchase { amount, lot, payment_reference: None, price_paid: None };
            self.command(bodies, wallet, Command::Purchase(purchase), &Facts::default());
        }
    }

    /// Adds `count` events, or a few more.
    pub(crate) fn extend(&mut self, bodies: &mut Bodies, count: usize, mix: Mix) {
        let until = bodies.len() + count;
        while bodies.len() < until {
            let wallet = self.below(self.wallets.len() as u64) as usize;
            let (command, facts) = match mix {
                Mix::Everything => self.any_command(wallet),
                Mix::Deductions => (self.deduct(), Facts::default()),
            };
            self.command(bodies, wallet, command, &facts);
        }
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }

    fn any_command(&mut self, wallet: usize) -> (Command, Facts) {
        let credits = self.below(90_000_000) as i64 + 1;
        let command = match self.below(20) {
            0 => Command::OpenWallet,
            1..=3 => {
                let (lot, payment) = (self.lot(Class::Paid), Some("pay_1".into()));
                let amount = amount(credits * 5);
                Command::Purchase(Purchase { amount, lot, payment_reference: payment, price_paid: None })
            }
            4..=5 => {
                let (lot, reason) = (self.lot(Class::Promotional), Some("welcome".into()));
                Command::Grant(Grant { amount: amount(credits), lot, reason })
            }
            6..=7 => Command::Check(Check { service: "chat".into(), cost: amount(credits) }),
            8..=10 => return self.roll_back(wallet),
            _ => Command::Deduct(Deduct { service: "chat".into(), cost: amount(credits), metadata: None }),
        };
        (command, Facts::default())
    }

    fn deduct(&mut self) -> Command {
        let metadata = serde_json::json!({ "tokens": self.below(4_000), "model": "large" });
        let metadata = events::Metadata::new(&metadata).ok();
        let cost = amount(self.below(50_000) as i64 + 1);
        Command::Deduct(Deduct { service: "chat-completion".into(), cost, metadata })
    }

    /// Rolls back a remembered deduction of this wallet, in part mostly; a check when there is none.
    fn roll_back(&mut self, wallet: usize) -> (Command, Facts) {
        let of_wallet = self.deductions.iter().find(|(owner, ..)| *owner == wallet).cloned();
        let Some((_, position, deduction)) = of_wallet else {
            let check = Check { service: "chat".into(), cost: amount(1) };
            return (Command::Check(check), Facts::default());
        };
        let part = self.below(deduction.cost.micros().unsigned_abs()) as i64 + 1;
        let amount = (part % 4 != 0).then(|| amount(part));
        let roll_back = RollBack { deduction: position, amount, reason: None };
        (Command::RollBack(roll_back), Facts { deduction: Some(deduction) })
    }

    fn lot(&mut self, class: Class) -> NewLot {
        let expiry = match self.below(3) {
            0 => Some(Expiry::After(self.below(3_000_000) as i64 + 1)),
            _ => None,
        };
        NewLot { class, priority: self.below(3) as u8, expiry }
    }

    /// Decides a command and records what follows; commands to a wallet that is not open come to nothing.
    fn command(&mut self, bodies: &mut Bodies, wallet: usize, command: Command, facts: &Facts) {
        self.commands += 1;
        let (id, org, before) = self.wallets[wallet].clone();
        let app = match self.below(8) {
            0 => None,
            of => {
                self.apps.iter().filter(|(_, owner)| *owner == org).nth(of as usize % 2).map(|(app, _)| *app)
            }
        };
        let key = format!("key-{:08}", self.commands);
        let cause = command_id(org, app, command.operation(), &key);
        let asked = Asked { key: Some(key.into()), request: request_hash(id, &command) };
        let now = self.time.plus_micros(self.below(2_000) as i64 + 1);
        let question = Question { wallet: id, org, asked: &asked, now };
        let Ok(decision) = decide(before.as_ref(), &command, facts, question, self.next) else {
            return;
        };
        let (mut last, mut seq) =
            (before.as_ref().map(|w| w.last), before.as_ref().map_or(0, |w| w.account_seq));
        self.time = now.plus_micros(-1);
        for (index, event) in (0..).zip(decision.events) {
            seq += u64::from(event.changes_wallet());
            self.remember(wallet, before.as_ref(), &event);
            let envelope = self.envelope(cause, index, Subject::Wallet(id), Some(org));
            let chained = Envelope { app, account_seq: Some(seq), previous: last, ..envelope };
            last = Some(chained.position);
            store(bodies, &chained, &event);
        }
        self.wallets[wallet].2 = Some(decision.wallet);
    }

    fn remember(&mut self, wallet: usize, before: Option<&Wallet>, event: &Event) {
        if let Event::DeductionRolledBack(e) = event {
            for (_, _, deduction) in self.deductions.iter_mut().filter(|(_, at, _)| *at == e.deduction) {
                deduction.returned = e.returned;
            }
        }
        let (Event::CreditsDeducted(e), Some(before)) = (event, before) else {
            return;
        };
        let terms = |slice: &events::Slice| before.lots.get(slice.lot).map(|lot| lot.terms);
        let Some(terms) = e.slices.iter().map(terms).collect::<Option<Vec<LotTerms>>>() else {
            return;
        };
        if self.deductions.len() == REMEMBERED {
            self.deductions.remove(0);
        }
        let (cost, slices) = (e.cost, e.slices.clone());
        let owner = self.wallets[wallet].0;
        let deduction = Deduction { wallet: owner, cost, slices, terms, returned: Credits::ZERO };
        self.deductions.push((wallet, self.next, deduction));
    }

    fn fact(&mut self, bodies: &mut Bodies, subject: Subject, org: Option<OrgId>, event: Event) {
        let cause = CommandId(Uuid::from_u128(u128::from(self.next.get()) + 1));
        let envelope = self.envelope(cause, 0, subject, org);
        store(bodies, &envelope, &event);
    }

    /// The envelope of the next event.
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

fn amount(micros: i64) -> Amount {
    Amount::new(Credits::from_micros(micros)).expect("an amount above zero")
}

fn store(bodies: &mut Bodies, envelope: &Envelope, event: &Event) {
    bodies.push_with(|buffer| encode(envelope, event, buffer)).expect("an event that fits");
}
