//! A wallet's random life, decided by the real rules, with texts that mean harm.

use std::sync::LazyLock;

use credit_ledger::report::{Edge, Opening, OpeningLot, Statement, StatementError, StatementOf};
use events::{
    AppId, Asked, Class, CommandId, Credits, Envelope, Event, LedgerId, OrgId, PolicySet, Position,
    ProposedLot, Recorded, RefundCause, RequestHash, ReturnedSlice, Salt, Slice, Subject, Time, WalletId,
};
use ledger::{
    Adjust, Amount, Approve, Capture, Charge, Check, Command, Deduct, Deduction, Expiry, Facts, Grant, Hold,
    HoldTerms, NewLot, PastLot, PastPurchase, Proposal, Purchase, Question, Refund, Release, RollBack, Rules,
    SetLimit, Wallet,
};
use uuid::Uuid;

use crate::support::dice::Dice;

pub(crate) const OF: StatementOf = StatementOf {
    ledger: LedgerId(Uuid::from_u128(4)),
    organization: OrgId(Uuid::from_u128(2)),
    wallet: WalletId(Uuid::from_u128(0x7d1f_6f0a_4f0e_4b1c_9d55_0000_0000_0001)),
};

/// 2026-01-01T00:00:00Z
const START: i64 = 1_767_225_600_000_000;

/// Texts that users may choose, and that no syntax must be broken by.
pub(crate) static TEXTS: [&str; 16] = [
    "chat",
    "image-generation",
    "Chat",
    "openai/gpt-4o",
    "a; b  c:d",
    "say \"hi\" \\ 'there'",
    "=HYPERLINK(\"http://x\")",
    "@SUM(A1:A9)",
    "+1-1",
    "two\nlines\r\n2026-01-01 * \"forged\"\n  Assets:X  1 CREDIT",
    "</style></table><script>alert(1)</script><b a='&quot;'",
    "\u{202e}txet\u{2066} \u{2028}\u{85}",
    "日本語 🪙 é",
    "] ) } # ^link #tag | payee ~ 1 = 2 ! *",
    "\0\u{7}",
    "date:1999-01-01, [2001-01-01] ; x",
];

/// Every event of a wallet, and the wallet after each.
pub(crate) struct Life {
    pub(crate) events: Vec<Recorded>,
    pub(crate) wallets: Vec<Wallet>,
    now: Time,
    dice: Dice,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let policy = PolicySet { approval_above: Some(Credits::from_micros(40_000_000)), ..PolicySet::default() };
    Rules { policy, ..Rules::default() }
});

impl Life {
    /// A life of so many commands; those that are rejected leave no trace.
    pub(crate) fn of(seed: u64, commands: usize) -> Self {
        let (now, dice) = (Time::from_micros(START), Dice::new(seed));
        let mut life = Self { events: Vec::new(), wallets: Vec::new(), now, dice };
        life.step(&Command::OpenWallet);
        for _ in 0..commands {
            let pause = life.dice.one_of(&[1_000, 60_000_000, 3_600_000_000, 30_000_000_000]);
            life.now = life.now.plus_micros(life.dice.below(pause) as i64 + 1);
            let command = life.command();
            life.step(&command);
        }
        life
    }

    /// The statement of the events from number `first` to before number `until`.
    pub(crate) fn statement(&self, first: usize, until: usize) -> Result<Statement, StatementError> {
        let opening = first.checked_sub(1).map_or_else(Opening::default, |last| opening(&self.wallets[last]));
        Statement::build(OF, self.edge(first), self.edge(until), &opening, &self.events[first..until])
    }

    fn edge(&self, at: usize) -> Edge {
        let time = self.events.get(at).map_or(self.now.plus_micros(1), |recorded| recorded.envelope.time);
        Edge { position: Position(at as u64), time }
    }

    fn text(&mut self) -> Box<str> {
        self.dice.one_of(&TEXTS).into()
    }

    fn amount(&mut self) -> Amount {
        let scale = self.dice.one_of(&[1, 1_000, 1_000_000]);
        let micros = (self.dice.below(60) + 1) * scale + self.dice.below(scale);
        Amount::new(Credits::from_micros(micros as i64)).expect("an amount above zero")
    }

    fn lot(&mut self, class: Class) -> NewLot {
        let expiry =
            self.dice.percent(40).then(|| Expiry::After(self.dice.below(200_000_000_000) as i64 + 1));
        NewLot { class, priority: self.dice.below(3) as u8, expiry }
    }

    /// The position of one of the events that `is` holds for.
    fn some(&mut self, is: impl Fn(&Event) -> bool) -> Position {
        let all: Vec<_> = self.events.iter().filter(|recorded| is(&recorded.event)).collect();
        if all.is_empty() {
            return Position(0);
        }
        all[self.dice.below(all.len() as u64) as usize].envelope.position
    }

    fn open_hold(&mut self) -> Position {
        let open: Vec<_> =
            self.wallets.last().into_iter().flat_map(|wallet| &wallet.special.holds).map(|h| h.id).collect();
        if open.is_empty() { Position(0) } else { self.dice.one_of(&open) }
    }

    fn command(&mut self) -> Command {
        let (amount, text) = (self.amount(), self.text());
        let partly = self.dice.percent(60).then_some(amount);
        let charge = Charge::Cost(amount);
        match self.dice.below(22) {
            0..=2 => Command::Purchase(Purchase {
                amount,
                lot: self.lot(Class::Paid),
                payment_reference: Some(text),
                price_paid: None,
            }),
            3..=4 => Command::Grant(Grant { amount, lot: self.lot(Class::Promotional), reason: Some(text) }),
            5 => Command::Check(Check { service: text, charge, budget: None, hold: None }),
            6..=9 => Command::Deduct(Deduct { service: text, charge, budget: None, metadata: None }),
            10..=11 => {
                let spent = |e: &Event| matches!(e, Event::CreditsDeducted(_) | Event::HoldCaptured(_));
                Command::RollBack(RollBack {
                    deduction: self.some(spent),
                    amount: partly,
                    reason: Some(text),
                })
            }
            12..=14 => {
                let timeout_micros = self.dice.below(90_000_000_000) as i64 + 1;
                let cap = Amount::new(Credits::from_micros(amount.credits().micros() * 2));
                let terms = HoldTerms { timeout_micros, cap };
                Command::Hold(Hold { service: text, charge, terms, budget: None, metadata: None })
            }
            15..=16 => {
                let last = self.dice.percent(30);
                let charge = self.dice.percent(70).then_some(charge);
                Command::Capture(Capture { hold: self.open_hold(), charge, last, metadata: None })
            }
            17 => Command::Release(Release { hold: self.open_hold() }),
            18 => self.take_back(text),
            19 => self.adjust(text),
            20 => Command::Approve(Approve {
                proposal: self.some(|e| matches!(e, Event::AdjustmentProposed(_))),
            }),
            _ => Command::SetLimit(SetLimit { limit: amount.credits() }),
        }
    }

    fn take_back(&mut self, text: Box<str>) -> Command {
        let purchase = self.some(|e| matches!(e, Event::CreditsPurchased(_)));
        let cause = self.dice.one_of(&[RefundCause::Refund, RefundCause::Chargeback]);
        let payment_reference = self.dice.percent(50).then(|| self.text());
        let amount = self.dice.percent(50).then(|| self.amount());
        Command::Refund(Refund { purchase, cause, amount, reason: Some(text), payment_reference })
    }

    fn adjust(&mut self, reason: Box<str>) -> Command {
        let sign = self.dice.one_of(&[1, -1]);
        let amount = Credits::from_micros(self.amount().credits().micros() * sign);
        let class = self.dice.one_of(&[Class::Paid, Class::Promotional]);
        let lot = ProposedLot { class, priority: 1, expires_after: None };
        Command::Adjust(Adjust { amount, lot, reason })
    }

    fn step(&mut self, command: &Command) {
        let asked = Asked { key: None, request: RequestHash([0; 16]) };
        let app = self.dice.percent(80).then_some(AppId(Uuid::from_u128(9)));
        // An operator may do to any hold what its app may.
        let app = app.filter(|_| command.refers_to().is_none());
        let actor = if matches!(command, Command::Approve(_)) { "key/2" } else { "key/1" };
        let question = Question {
            wallet: OF.wallet,
            org: OF.organization,
            app,
            actor: Some(actor),
            asked: &asked,
            rules: &RULES,
            now: self.now,
        };
        let next = Position(self.events.len() as u64);
        let before = self.wallets.last();
        let Ok(decision) = ledger::decide(before, command, &self.facts(command), question, next) else {
            return;
        };
        for event in decision.events {
            self.record(event, app);
        }
    }

    fn record(&mut self, event: Event, app: Option<AppId>) {
        let before = self.wallets.last().cloned();
        let seq = before.as_ref().map_or(0, |wallet| wallet.account_seq);
        self.now = self.now.plus_micros(1);
        let envelope = Envelope {
            id: CommandId(Uuid::nil()).event(0),
            ledger: OF.ledger,
            subject: Subject::Wallet(OF.wallet),
            time: self.now,
            org: Some(OF.organization),
            app,
            actor: None,
            position: Position(self.events.len() as u64),
            account_seq: Some(seq + u64::from(event.changes_wallet())),
            previous: before.as_ref().map(|wallet| wallet.last),
            correlation: None,
            causation: CommandId(Uuid::nil()),
            traceparent: None,
            salt: Salt([0; 16]),
        };
        let recorded = Recorded { envelope, event };
        self.wallets.push(ledger::evolve(before, &recorded).expect("an event that follows"));
        self.events.push(recorded);
    }

    fn facts(&self, command: &Command) -> Facts {
        let Some(at) = command.refers_to() else { return Facts::default() };
        let Some(recorded) = self.events.get(at.get() as usize) else { return Facts::default() };
        Facts {
            deduction: self.spent(recorded),
            purchase: self.purchase(recorded),
            proposal: self.proposal(recorded),
            hold: None,
        }
    }

    fn spent(&self, recorded: &Recorded) -> Option<Deduction> {
        let (service, cost, slices, overdrawn) = if let Event::CreditsDeducted(e) = &recorded.event {
            (e.service.clone(), e.cost, e.slices.clone(), e.overdrawn)
        } else if let Event::HoldCaptured(e) = &recorded.event {
            let slices = e.slices.iter().chain(&e.beyond).copied().collect();
            (e.service.clone(), e.amount, slices, e.overdrawn)
        } else {
            return None;
        };
        let position = recorded.envelope.position;
        let returned = self.events.iter().rev().find_map(|later| {
            let Event::DeductionRolledBack(e) = &later.event else { return None };
            (e.deduction == position).then_some(e.returned)
        });
        Some(Deduction {
            wallet: OF.wallet,
            service,
            app: recorded.envelope.app,
            time: recorded.envelope.time,
            budget: None,
            cost,
            lots: slices.iter().map(|slice| self.past_lot(slice)).collect(),
            slices,
            overdrawn,
            returned: returned.unwrap_or_default(),
        })
    }

    fn past_lot(&self, slice: &Slice) -> PastLot {
        let made = &self.events[slice.lot.get() as usize];
        let terms = if let Event::CreditsPurchased(e) = &made.event {
            Some(e.lot)
        } else if let Event::CreditsGranted(e) = &made.event {
            Some(e.lot)
        } else if let Event::CreditsAdjusted(e) = &made.event {
            e.lot
        } else if let Event::DeductionRolledBack(e) = &made.event {
            e.formed.map(|formed| formed.terms)
        } else {
            None
        };
        PastLot { made: made.envelope.time, terms: terms.expect("an event that formed a lot") }
    }

    fn purchase(&self, recorded: &Recorded) -> Option<PastPurchase> {
        let Event::CreditsPurchased(purchased) = &recorded.event else { return None };
        let position = recorded.envelope.position;
        let refunded = self.events.iter().rev().find_map(|later| {
            let Event::PurchaseRefunded(e) = &later.event else { return None };
            (e.purchase == position).then_some(e.refunded)
        });
        Some(PastPurchase {
            wallet: OF.wallet,
            amount: purchased.amount,
            expires: purchased.lot.expires,
            refunded: refunded.unwrap_or_default(),
        })
    }

    fn proposal(&self, recorded: &Recorded) -> Option<Proposal> {
        let Event::AdjustmentProposed(proposed) = &recorded.event else { return None };
        let position = Some(recorded.envelope.position);
        let approves = |e: &Event| matches!(e, Event::CreditsAdjusted(e) if e.proposal == position);
        Some(Proposal {
            wallet: OF.wallet,
            amount: proposed.amount,
            lot: proposed.lot,
            reason: proposed.reason.clone(),
            by: Some("key/1".into()),
            approved: self.events.iter().any(|later| approves(&later.event)),
        })
    }
}

/// What a statement must know of a wallet before its first event.
pub(crate) fn opening(wallet: &Wallet) -> Opening {
    let free = wallet.lots.iter().map(|lot| OpeningLot {
        lot: lot.id,
        class: lot.terms.class,
        free: lot.remaining,
        held: Credits::ZERO,
    });
    let held = wallet.special.holds.iter().flat_map(|hold| &hold.slices).map(|slice: &ReturnedSlice| {
        OpeningLot { lot: slice.lot, class: slice.terms.class, free: Credits::ZERO, held: slice.amount }
    });
    Opening { balances: wallet.balances(), debt: wallet.debt, lots: free.chain(held).collect() }
}
