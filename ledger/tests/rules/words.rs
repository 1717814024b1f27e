//! Short words for commands and amounts, so that a test reads as a sentence.

use events::{Class, Credits, Position, Slice, Time};
use ledger::{Amount, Check, Command, Deduct, Expiry, Grant, NewLot, Purchase, RollBack};

/// 2026-01-01T00:00:00Z, when every history begins.
pub(crate) const START: i64 = 1_767_225_600_000_000;
const DAY: i64 = 86_400_000_000;

pub(crate) fn start() -> Time {
    Time::from_micros(START)
}

pub(crate) fn credits(text: &str) -> Credits {
    text.parse().expect("an amount of credits")
}

pub(crate) fn amount(text: &str) -> Amount {
    Amount::new(credits(text)).expect("an amount above zero")
}

pub(crate) fn days(count: i64) -> i64 {
    count * DAY
}

/// A paid lot of middling priority that never expires.
pub(crate) fn lot() -> NewLot {
    NewLot { class: Class::Paid, priority: 100, expiry: None }
}

/// A lot as [`lot`], but one that expires so many days after it came in.
pub(crate) fn expiring(count: i64) -> NewLot {
    NewLot { expiry: Some(Expiry::After(days(count))), ..lot() }
}

pub(crate) fn promotional() -> NewLot {
    NewLot { class: Class::Promotional, ..lot() }
}

pub(crate) fn priority(priority: u8) -> NewLot {
    NewLot { priority, ..lot() }
}

pub(crate) fn purchase(text: &str) -> Command {
    purchase_of(text, lot())
}

pub(crate) fn purchase_of(text: &str, lot: NewLot) -> Command {
    Command::Purchase(Purchase { amount: amount(text), lot, payment_reference: None, price_paid: None })
}

pub(crate) fn grant(text: &str) -> Command {
    grant_of(text, promotional())
}

pub(crate) fn grant_of(text: &str, lot: NewLot) -> Command {
    Command::Grant(Grant { amount: amount(text), lot, reason: Some("welcome".into()) })
}

pub(crate) fn check(text: &str) -> Command {
    Command::Check(Check { service: "chat".into(), cost: amount(text) })
}

pub(crate) fn deduct(text: &str) -> Command {
    Command::Deduct(Deduct { service: "chat".into(), cost: amount(text), metadata: None })
}

/// Gives all that is left of the deduction at this position back.
pub(crate) fn roll_back(deduction: u64) -> Command {
    Command::RollBack(RollBack { deduction: Position(deduction), amount: None, reason: None })
}

pub(crate) fn roll_back_part(deduction: u64, text: &str) -> Command {
    Command::RollBack(RollBack {
        deduction: Position(deduction),
        amount: Some(amount(text)),
        reason: Some("timeout".into()),
    })
}

pub(crate) fn slice(lot: u64, text: &str) -> Slice {
    Slice { lot: Position(lot), amount: credits(text) }
}
