//! A wallet's history, told by the commands that made it; its events are stored and read back as
//! the log would.

use events::{
    Asked, CommandId, Credits, DeductionRolledBack, Envelope, Event, LedgerId, LotTerms, OrgId, Position,
    Recorded, Refusal, RequestHash, Salt, Slice, Subject, Time, WalletId,
};
use ledger::{Command, Decision, Deduction, Facts, Question, Rejection, Wallet};
use uuid::Uuid;

use crate::words::{START, credits, days};

pub(crate) const WALLET: WalletId = WalletId(Uuid::from_u128(1));
pub(crate) const ORG: OrgId = OrgId(Uuid::from_u128(2));
pub(crate) const OTHER_ORG: OrgId = OrgId(Uuid::from_u128(3));
const LEDGER: LedgerId = LedgerId(Uuid::from_u128(4));

/// All events of one wallet, at positions from 0, and what they make of it.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) wallet: Option<Wallet>,
    pub(crate) events: Vec<Recorded>,
    now: Time,
}

/// A wallet to which these commands came, one a second, each of which must have led to events.
pub(crate) fn given(commands: impl IntoIterator<Item = Command>) -> History {
    let nothing = History { wallet: None, events: Vec::new(), now: Time::from_micros(START) };
    commands.into_iter().fold(nothing, |history, command| history.and(command))
}

impl History {
    /// Lets so many days pass.
    pub(crate) fn later(self, count: i64) -> Self {
        self.later_by(days(count))
    }

    pub(crate) fn later_by(mut self, micros: i64) -> Self {
        self.now = self.now.plus_micros(micros);
        self
    }

    /// One more command, which must lead to events.
    pub(crate) fn and(self, command: Command) -> Self {
        self.when(command).accepted()
    }

    pub(crate) fn when(self, command: Command) -> Outcome {
        self.when_asked_by(ORG, command)
    }

    pub(crate) fn when_asked_by(mut self, org: OrgId, command: Command) -> Outcome {
        self.now = self.now.plus_micros(1_000_000);
        match self.decide(org, &command) {
            Ok(decision) => {
                let events = decision.events.to_vec();
                for event in events.iter().cloned() {
                    self.store(event);
                }
                assert_eq!(
                    self.wallet.as_ref(),
                    Some(&decision.wallet),
                    "evolve undoes what decide has drafted"
                );
                Outcome { history: self, events: Ok(events) }
            }
            Err(rejection) => Outcome { history: self, events: Err(rejection) },
        }
    }

    /// The decision, without its events being stored.
    pub(crate) fn decide(&self, org: OrgId, command: &Command) -> Result<Decision, Rejection> {
        let asked = Asked { key: Some("key".into()), request: RequestHash([7; 16]) };
        let question = Question { wallet: WALLET, org, asked: &asked, now: self.now };
        ledger::decide(self.wallet.as_ref(), command, &self.facts(command), question, self.next())
    }

    pub(crate) fn next(&self) -> Position {
        Position(self.events.len() as u64)
    }

    pub(crate) const fn now(&self) -> Time {
        self.now
    }

    pub(crate) fn balance(&self) -> Credits {
        self.wallet.as_ref().map_or(Credits::ZERO, |wallet| wallet.balance)
    }

    /// The envelope that the next event of the wallet must have.
    pub(crate) fn envelope(&self, event: &Event) -> Envelope {
        let seq = self.wallet.as_ref().map_or(0, |wallet| wallet.account_seq);
        Envelope {
            id: CommandId(Uuid::nil()).event(0),
            ledger: LEDGER,
            subject: Subject::Wallet(WALLET),
            time: self.now,
            org: Some(ORG),
            app: None,
            actor: None,
            position: self.next(),
            account_seq: Some(seq + u64::from(event.changes_wallet())),
            previous: self.wallet.as_ref().map(|wallet| wallet.last),
            correlation: None,
            causation: CommandId(Uuid::nil()),
            traceparent: None,
            salt: Salt([0; 16]),
        }
    }

    /// Stores and reads back one event.
    fn store(&mut self, event: Event) {
        let mut bytes = Vec::new();
        events::encode(&self.envelope(&event), &event, &mut bytes).expect("an event that fits");
        let recorded = events::decode(&bytes).expect("the event just stored");
        assert_eq!(recorded.event, event, "stored and read back");
        let next = ledger::evolve(self.wallet.take(), &recorded).expect("an event that follows");
        self.wallet = Some(next);
        self.events.push(recorded);
    }

    /// What the engine would look up for a rollback.
    fn facts(&self, command: &Command) -> Facts {
        let Command::RollBack(ask) = command else { return Facts::default() };
        let stored = self.events.get(ask.deduction.get() as usize);
        let Some(Event::CreditsDeducted(deducted)) = stored.map(|recorded| &recorded.event) else {
            return Facts::default();
        };
        let rollbacks = self.events.iter().filter_map(|recorded| rollback(&recorded.event));
        let mut returned = rollbacks.filter(|e| e.deduction == ask.deduction).map(|e| e.returned);
        Facts {
            deduction: Some(Deduction {
                wallet: WALLET,
                cost: deducted.cost,
                slices: deducted.slices.clone(),
                terms: deducted.slices.iter().map(|slice| self.terms(slice)).collect(),
                returned: returned.next_back().unwrap_or_default(),
            }),
        }
    }

    fn terms(&self, slice: &Slice) -> LotTerms {
        let event = &self.events[slice.lot.get() as usize].event;
        if let Event::CreditsPurchased(e) = event {
            return e.lot;
        }
        let Event::CreditsGranted(e) = event else { panic!("{slice:?} names {event:?}") };
        e.lot
    }
}

/// What followed from a command.
#[derive(Debug)]
pub(crate) struct Outcome {
    history: History,
    events: Result<Vec<Event>, Rejection>,
}

impl Outcome {
    /// Events followed, refusals included; the history with them.
    #[track_caller]
    pub(crate) fn accepted(self) -> History {
        assert!(self.events.is_ok(), "{:?}", self.events);
        self.history
    }

    #[track_caller]
    pub(crate) fn then(self, expected: impl IntoIterator<Item = Event>) -> History {
        assert_eq!(self.events, Ok(expected.into_iter().collect()));
        self.history
    }

    /// The command was refused, which was recorded and changed nothing.
    #[track_caller]
    pub(crate) fn refused(self, expected: Refusal) -> History {
        let events = self.events.expect("a recorded refusal");
        let Some(Event::CommandRefused(refused)) = events.last() else { panic!("{events:?}") };
        assert_eq!(refused.refusal, expected);
        assert_eq!(Some(refused.wallet), self.history.wallet.as_ref().map(Wallet::balances));
        self.history
    }

    /// Nothing was recorded.
    #[track_caller]
    pub(crate) fn rejected(self, expected: Rejection) -> History {
        assert_eq!(self.events, Err(expected));
        self.history
    }

    /// Credits were spent from these lots in this order.
    #[track_caller]
    pub(crate) fn spends(self, expected: &[(u64, &str)]) -> History {
        let events = self.events.expect("a deduction");
        let Some(Event::CreditsDeducted(deducted)) = events.last() else { panic!("{events:?}") };
        let slices: Vec<_> = deducted.slices.iter().map(|slice| (slice.lot.get(), slice.amount)).collect();
        assert_eq!(slices, parsed(expected));
        self.history
    }

    /// Credits were given back to these lots in this order.
    #[track_caller]
    pub(crate) fn returns(self, expected: &[(u64, &str)]) -> History {
        let events = self.events.expect("a rollback");
        let slices = &events.iter().find_map(rollback).expect("a rollback").slices;
        let slices: Vec<_> = slices.iter().map(|slice| (slice.lot.get(), slice.amount)).collect();
        assert_eq!(slices, parsed(expected));
        self.history
    }

    /// These lots expired, in this order, beside whatever else happened.
    #[track_caller]
    pub(crate) fn expires(self, expected: &[(u64, &str)]) -> Self {
        let events = self.events.as_ref().expect("events");
        let mut expired = Vec::new();
        for event in events {
            if let Event::CreditsExpired(e) = event {
                expired.push((e.lot.get(), e.amount));
            }
        }
        assert_eq!(expired, parsed(expected));
        self
    }

    /// The wallet's balance is this afterwards.
    #[track_caller]
    pub(crate) fn leaves(self, balance: &str) -> Self {
        assert_eq!(self.history.balance(), credits(balance));
        self
    }
}

/// The event, when it is a rollback.
pub(crate) const fn rollback(event: &Event) -> Option<&DeductionRolledBack> {
    if let Event::DeductionRolledBack(e) = event { Some(e) } else { None }
}

fn parsed(slices: &[(u64, &str)]) -> Vec<(u64, Credits)> {
    slices.iter().map(|(lot, amount)| (*lot, credits(amount))).collect()
}
