//! Short words for commands and amounts, so that a test reads as a sentence.

use events::{AppId, Class, Credits, Period, Position, ProposedLot, RefundCause, Slice, Time};
use ledger::{
    Adjust, Amount, Approve, Capture, Charge, Check, Command, Deduct, Expiry, Extend, Freeze, Grant, Hold,
    HoldTerms, NewLot, Purchase, Refund, Release, RollBack, SetCap, SetLimit, SetThreshold, Unfreeze,
};
use uuid::Uuid;

pub(crate) const APP: Option<AppId> = Some(AppId(Uuid::from_u128(50)));
pub(crate) const OTHER_APP: Option<AppId> = Some(AppId(Uuid::from_u128(51)));

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

pub(crate) fn cost(text: &str) -> Charge {
    Charge::Cost(amount(text))
}

pub(crate) fn usage(units: &[(&str, &str)]) -> Charge {
    let unit = |(name, quantity): &(&str, &str)| (Box::from(*name), quantity.parse().expect("a quantity"));
    Charge::Usage(units.iter().map(unit).collect())
}

pub(crate) fn check(text: &str) -> Command {
    Command::Check(Check { service: "chat".into(), charge: cost(text), budget: None, hold: None })
}

pub(crate) fn deduct(text: &str) -> Command {
    Command::Deduct(item(text))
}

/// A deduction that names a budget.
pub(crate) fn deduct_from(budget: &str, text: &str) -> Command {
    Command::Deduct(Deduct { budget: Some(budget.into()), ..item(text) })
}

pub(crate) fn deduct_usage(units: &[(&str, &str)]) -> Command {
    Command::Deduct(Deduct { charge: usage(units), ..item("1") })
}

/// A deduction, as in a batch.
pub(crate) fn item(text: &str) -> Deduct {
    Deduct { service: "chat".into(), charge: cost(text), budget: None, metadata: None }
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

/// A hold for an hour, which may be captured up to what it reserves.
pub(crate) fn hold(text: &str) -> Command {
    hold_for(text, None, HOUR)
}

pub(crate) const HOUR: i64 = DAY / 24;

pub(crate) fn hold_for(text: &str, cap: Option<&str>, timeout_micros: i64) -> Command {
    Command::Hold(Hold {
        service: "chat".into(),
        charge: cost(text),
        terms: HoldTerms { timeout_micros, cap: cap.map(amount) },
        budget: None,
        metadata: None,
    })
}

pub(crate) fn capture(hold: u64, text: &str) -> Command {
    captured(hold, Some(cost(text)), false)
}

/// Captures, and releases the rest.
pub(crate) fn capture_last(hold: u64, text: &str) -> Command {
    captured(hold, Some(cost(text)), true)
}

pub(crate) fn captured(hold: u64, charge: Option<Charge>, last: bool) -> Command {
    Command::Capture(Capture { hold: Position(hold), charge, last, metadata: None })
}

pub(crate) fn extend(hold: u64, timeout_micros: i64) -> Command {
    Command::Extend(Extend { hold: Position(hold), timeout_micros })
}

pub(crate) fn release(hold: u64) -> Command {
    Command::Release(Release { hold: Position(hold) })
}

/// Takes all that is left of the purchase at this position back, or a part.
pub(crate) fn refund(purchase: u64, part: Option<&str>) -> Command {
    let (purchase, cause) = (Position(purchase), RefundCause::Refund);
    let amount = part.map(amount);
    Command::Refund(Refund { purchase, cause, amount, reason: None, payment_reference: None })
}

/// Adds, or below zero takes, credits.
pub(crate) fn adjust(text: &str) -> Command {
    let lot = ProposedLot { class: Class::Promotional, priority: 100, expires_after: None };
    Command::Adjust(Adjust { amount: credits(text), lot, reason: "counted wrong".into() })
}

pub(crate) fn approve(proposal: u64) -> Command {
    Command::Approve(Approve { proposal: Position(proposal) })
}

pub(crate) fn freeze() -> Command {
    Command::Freeze(Freeze { reason: None })
}

pub(crate) fn unfreeze() -> Command {
    Command::Unfreeze(Unfreeze { reason: None })
}

pub(crate) fn limit(text: &str) -> Command {
    Command::SetLimit(SetLimit { limit: credits(text) })
}

/// Caps what [`APP`] may spend in a period, of one budget or in all.
pub(crate) fn cap(budget: Option<&str>, period: Period, most: Option<&str>) -> Command {
    let (app, budget) = (APP.expect("an app"), budget.map(events::Budget::from));
    Command::SetCap(SetCap { app, budget, period, amount: most.map(credits) })
}

pub(crate) fn threshold(text: &str) -> Command {
    Command::SetThreshold(SetThreshold { threshold: Some(amount(text)) })
}
