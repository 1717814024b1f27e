//! Short words for commands and who asks them.

use credit_ledger::engine::{Ask, command_id, request_hash};
use events::{AppId, Asked, Class, Credits, Metadata, OrgId, Position, Recorded, WalletId};
use ledger::{
    Amount, Capture, Charge, Check, Command, Deduct, Expiry, Grant, Hold, HoldTerms, NewLot, Purchase,
    Release, RollBack,
};
use uuid::Uuid;

/// The organization and app of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Caller {
    pub(crate) org: OrgId,
    pub(crate) app: AppId,
}

/// Whoever asks when it does not matter who.
pub(crate) const CALLER: Caller =
    Caller { org: OrgId(Uuid::from_u128(0xacce)), app: AppId(Uuid::from_u128(0xa99)) };

pub(crate) fn wallet(number: u128) -> WalletId {
    WalletId(Uuid::from_u128(0x3a11e7 << 64 | number))
}

pub(crate) fn credits(text: &str) -> Credits {
    text.parse().expect("an amount of credits")
}

pub(crate) fn whole(credits: i64) -> Amount {
    Amount::new(Credits::from_micros(credits * 1_000_000)).expect("above zero")
}

/// `command` under `key`, as an app sends it.
pub(crate) fn ask_by(caller: Caller, wallet: WalletId, key: &str, command: Command) -> Ask {
    let Caller { org, app } = caller;
    Ask {
        id: command_id(org, Some(app), command.operation(), key),
        wallet,
        org,
        app: Some(app),
        actor: None,
        correlation: Some("request".into()),
        traceparent: None,
        asked: Asked { key: Some(key.into()), request: request_hash(wallet, &command) },
        command,
        dry_run: false,
    }
}

/// `command` to wallet 1 under `key`.
pub(crate) fn ask(key: &str, command: Command) -> Ask {
    ask_by(CALLER, wallet(1), key, command)
}

/// A paid lot that never expires.
pub(crate) fn lot() -> NewLot {
    NewLot { class: Class::Paid, priority: 100, expiry: None }
}

/// A lot that expires so many seconds after it came in.
pub(crate) fn expiring(seconds: i64) -> NewLot {
    NewLot { expiry: Some(Expiry::After(seconds * 1_000_000)), ..lot() }
}

pub(crate) fn purchase(amount: i64) -> Command {
    purchase_of(amount, lot())
}

pub(crate) fn purchase_of(amount: i64, lot: NewLot) -> Command {
    Command::Purchase(Purchase { amount: whole(amount), lot, payment_reference: None, price_paid: None })
}

pub(crate) fn grant(amount: i64) -> Command {
    Command::Grant(Grant {
        amount: whole(amount),
        lot: NewLot { class: Class::Promotional, ..lot() },
        reason: None,
    })
}

pub(crate) fn check(cost: i64) -> Command {
    Command::Check(Check { service: "chat".into(), charge: cost_of(cost), budget: None, hold: None })
}

pub(crate) fn deduct(cost: i64) -> Command {
    Command::Deduct(deduction(cost))
}

pub(crate) fn deduction(cost: i64) -> Deduct {
    Deduct { service: "chat".into(), charge: cost_of(cost), budget: None, metadata: None }
}

pub(crate) fn cost_of(cost: i64) -> Charge {
    Charge::Cost(whole(cost))
}

/// A deduction whose event has a little over `bytes` bytes.
pub(crate) fn deduct_with_metadata(cost: i64, bytes: usize) -> Command {
    let object = serde_json::json!({ "m": "x".repeat(bytes - r#"{"m":""}"#.len()) });
    let metadata = Metadata::new(&object).expect("metadata that fits");
    Command::Deduct(Deduct { metadata: Some(metadata), ..deduction(cost) })
}

/// A hold for so many seconds.
pub(crate) fn hold(amount: i64, seconds: i64) -> Command {
    Command::Hold(Hold {
        service: "chat".into(),
        charge: cost_of(amount),
        terms: HoldTerms { timeout_micros: seconds * 1_000_000, cap: None },
        budget: None,
        metadata: None,
    })
}

pub(crate) fn capture(hold: Position, amount: i64) -> Command {
    Command::Capture(Capture { hold, charge: Some(cost_of(amount)), last: false, metadata: None })
}

pub(crate) fn release(hold: Position) -> Command {
    Command::Release(Release { hold })
}

pub(crate) fn roll_back(deduction: Position, amount: Option<i64>) -> Command {
    Command::RollBack(RollBack { deduction, amount: amount.map(whole), reason: None })
}

/// The wallet's balance after an event.
pub(crate) fn balance(recorded: &Recorded) -> Credits {
    recorded.event.balances().expect("an event about a wallet").balance
}
