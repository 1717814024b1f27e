//! Where scenarios are told: something that takes commands and answers them.

use std::{collections::BTreeMap, time::Duration};

use events::{AppId, Class, Credits, Event, OrgId, Position, WalletId};
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
}

/// The id of the wallet with this name.
pub(super) fn wallet_id(name: &str) -> WalletId {
    WalletId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

/// A command, as an app sends it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) app: App,
    pub(super) wallet: WalletId,
    pub(super) key: String,
    pub(super) command: Command,
}

/// What an app is told, and what else happened to the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) result: Result<Done, Refused>,
    pub(super) replayed: bool,
    /// Lots that expired on the way.
    pub(super) expired: Vec<(Position, Credits)>,
}

/// The operation was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) position: Position,
    pub(super) balance: Credits,
    /// The answer to a check.
    pub(super) sufficient: Option<bool>,
    /// Of a deduction or a rollback.
    pub(super) slices: Vec<(Position, Credits)>,
}

/// It was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Refused {
    pub(super) code: String,
    /// What the problem says beside its code: amounts.
    pub(super) members: BTreeMap<String, String>,
}

impl Refused {
    pub(super) fn because(code: &str) -> Self {
        Self { code: code.to_owned(), members: BTreeMap::new() }
    }
}

/// A place in which a scenario can be told.
pub(super) trait World {
    /// Sends a command and waits for its answer.
    async fn ask(&mut self, request: Request) -> Answer;

    /// Lets time pass.
    fn pass(&mut self, time: Duration);

    /// Ends it in good order.
    async fn end(self);
}

/// What the answering event at `position` tells the app.
pub(super) fn told(event: &Event, position: Position) -> Result<Done, Refused> {
    if let Event::CommandRefused(refused) = event {
        return Err(refusal(&refused.refusal));
    }
    let balance = event.balances().expect("an answer is about a wallet").balance;
    let mut done = Done { position, balance, sufficient: None, slices: Vec::new() };
    if let Event::CreditsChecked(e) = event {
        done.sufficient = Some(e.sufficient);
    }
    if let Event::CreditsDeducted(e) = event {
        done.slices = e.slices.iter().map(|slice| (slice.lot, slice.amount)).collect();
    }
    if let Event::DeductionRolledBack(e) = event {
        done.slices = e.slices.iter().map(|slice| (slice.lot, slice.amount)).collect();
    }
    Ok(done)
}

fn refusal(refusal: &events::Refusal) -> Refused {
    use events::Refusal::{
        BalanceOverflow, InsufficientCredits, RollbackExceedsDeduction, TooManyLots, WalletAlreadyExists,
    };
    let members = match refusal {
        InsufficientCredits { available, required } => vec![("available", available), ("required", required)],
        RollbackExceedsDeduction { remaining, requested } => {
            vec![("returnable", remaining), ("requested", requested)]
        }
        WalletAlreadyExists | TooManyLots | BalanceOverflow => vec![],
    };
    let members = members.into_iter().map(|(name, amount)| (name.to_owned(), amount.to_string()));
    Refused { code: refusal.code().to_owned(), members: members.collect() }
}

/// The code of a rejection.
pub(super) fn rejected(rejection: &ledger::Rejection) -> Refused {
    Refused::because(match rejection {
        ledger::Rejection::WalletNotFound | ledger::Rejection::DeductionNotFound => "not-found",
        ledger::Rejection::ExpiryInPast => "expiry-in-past",
        ledger::Rejection::Broken(error) => panic!("{error}"),
    })
}

/// The expiry that an event tells of.
pub(super) fn expired(event: &Event) -> Option<(Position, Credits)> {
    if let Event::CreditsExpired(e) = event { Some((e.lot, e.amount)) } else { None }
}

/// How a class is written.
pub(super) const fn class_name(class: Class) -> &'static str {
    match class {
        Class::Promotional => "promotional",
        Class::Paid => "paid",
    }
}
