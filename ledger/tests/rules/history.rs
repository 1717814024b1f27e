//! A wallet's history, told by the commands that made it; its events are stored and read back as
//! the log would.

use events::{
    AppId, Asked, Credits, Envelope, Event, OrgId, Position, Recorded, Refusal, RequestHash, Time, WalletId,
};
use ledger::{Command, Decision, Question, Rejection, Rules, Wallet};
use uuid::Uuid;

use crate::{
    stored::{self, Asker, rollback},
    words::{START, credits, days},
};

pub(crate) const WALLET: WalletId = WalletId(Uuid::from_u128(1));
pub(crate) const ORG: OrgId = OrgId(Uuid::from_u128(2));
pub(crate) const OTHER_ORG: OrgId = OrgId(Uuid::from_u128(3));

/// All events of one wallet, at positions from 0, and what they make of it.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) wallet: Option<Wallet>,
    pub(crate) events: Vec<Recorded>,
    pub(crate) rules: Rules,
    now: Time,
    by: Asker,
}

/// A wallet to which these commands came, one a second, each of which must have led to events.
pub(crate) fn given(commands: impl IntoIterator<Item = Command>) -> History {
    let nothing = History {
        wallet: None,
        events: Vec::new(),
        rules: Rules::default(),
        now: Time::from_micros(START),
        by: Asker { wallet: WALLET, org: ORG, app: None, actor: None },
    };
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

    /// From here on, this app asks; an operator, when none.
    pub(crate) fn by(mut self, app: Option<AppId>) -> Self {
        self.by.app = app;
        self
    }

    /// From here on, this person asks.
    pub(crate) fn person(mut self, actor: &'static str) -> Self {
        self.by.actor = Some(actor);
        self
    }

    /// The organization rules this; as if it stood at position 900.
    pub(crate) fn ruled(mut self, rule: impl Into<Event>) -> Self {
        self.rules.apply(&rule.into(), Position(900));
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
                for (index, event) in (0..).zip(events.iter().cloned()) {
                    let stamp = self.now.plus_micros(index);
                    self.wallet =
                        Some(stored::store(&mut self.events, self.wallet.take(), self.by, stamp, event));
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
        let question = Question {
            wallet: WALLET,
            org,
            app: self.by.app,
            actor: self.by.actor,
            asked: &asked,
            rules: &self.rules,
            now: self.now,
        };
        let facts = stored::facts(&self.events, command);
        ledger::decide(self.wallet.as_ref(), command, &facts, question, self.next())
    }

    pub(crate) fn next(&self) -> Position {
        Position(self.events.len() as u64)
    }

    /// The position of the last event.
    pub(crate) fn last(&self) -> u64 {
        self.events.len() as u64 - 1
    }

    pub(crate) const fn now(&self) -> Time {
        self.now
    }

    pub(crate) fn balance(&self) -> Credits {
        self.wallet.as_ref().map_or(Credits::ZERO, |wallet| wallet.balance)
    }

    /// The envelope that the next event of the wallet must have.
    pub(crate) fn envelope(&self, event: &Event) -> Envelope {
        stored::envelope(&self.events, self.wallet.as_ref(), self.by, self.now, event)
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
        let refused =
            events.iter().find_map(|event| if let Event::CommandRefused(e) = event { Some(e) } else { None });
        let refused = refused.expect("a recorded refusal");
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
        let deducted = events
            .iter()
            .find_map(|event| if let Event::CreditsDeducted(e) = event { Some(e) } else { None });
        let slices: Vec<_> = deducted
            .expect("a deduction")
            .slices
            .iter()
            .map(|slice| (slice.lot.get(), slice.amount))
            .collect();
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

    /// What followed has these types, in this order.
    #[track_caller]
    pub(crate) fn follows(self, types: &[&str]) -> Self {
        let events = self.events.as_ref().expect("events");
        let names: Vec<_> = events.iter().map(|event| event.event_type().as_str()).collect();
        assert_eq!(names, types.iter().map(|name| format!("{name}.v1")).collect::<Vec<_>>());
        self
    }

    /// What is available, what is reserved and what is owed afterwards.
    #[track_caller]
    pub(crate) fn has(self, available: &str, reserved: &str, debt: &str) -> Self {
        let wallet = self.history.wallet.as_ref().expect("an open wallet");
        let is = (wallet.available(), wallet.reserved, wallet.debt);
        assert_eq!(is, (credits(available), credits(reserved), credits(debt)));
        self
    }

    /// The command's events.
    #[track_caller]
    pub(crate) fn events(&self) -> &[Event] {
        self.events.as_ref().expect("events")
    }

    /// The wallet's balance is this afterwards.
    #[track_caller]
    pub(crate) fn leaves(self, balance: &str) -> Self {
        assert_eq!(self.history.balance(), credits(balance));
        self
    }
}

fn parsed(slices: &[(u64, &str)]) -> Vec<(u64, Credits)> {
    slices.iter().map(|(lot, amount)| (*lot, credits(amount))).collect()
}
