//! What clients ask for.

use std::collections::BTreeMap;

use credit_ledger::engine::{Ask, Fact, command_id, request_hash};
use events::{
    AppId, Asked, Class, CommandId, CostPolicy, Credits, Event, ExpiryPolicy, OrgId, Period, PolicySet,
    Position, PriceSet, ProposedLot, Quantity, RefundCause, Subject, Time, UnitPrice,
};
use ledger::{
    Adjust, Amount, Approve, Capture, Charge, Check, Command, Deduct, Expiry, Extend, Freeze, Grant, Hold,
    HoldTerms, NewLot, Purchase, Refund, Release, RollBack, SetCap, SetLimit, SetThreshold, Unfreeze,
};
use uuid::Uuid;

use super::history::{History, Kind, Thing};
use crate::support::{
    dice::Dice,
    words::{CALLER, wallet, whole},
};

const WALLETS: u64 = 3;

/// The first requests all put credits in.
const BEGINNING: usize = 5;

/// The second app of the organization, and the only one of the stranger.
const OTHER: AppId = AppId(Uuid::from_u128(0xb));

/// Requests that are sent at once: mostly one.
pub(super) fn next_together(dice: &mut Dice, history: &History) -> Vec<Ask> {
    let count = if dice.percent(12) { 2 + dice.below(4) } else { 1 };
    (0..count).map(|_| next(dice, history)).collect()
}

/// The next request: often one that was sent before, sometimes a changed one under its key.
fn next(dice: &mut Dice, history: &History) -> Ask {
    let sent = &history.attempts;
    if !sent.is_empty() && dice.percent(35) {
        // Recent requests more often, since those may be in flight.
        let reach = if dice.percent(60) { sent.len().min(8) } else { sent.len() };
        let ask = sent[sent.len() - 1 - dice.below(reach as u64) as usize].ask.clone();
        return Ask { dry_run: dice.percent(10), ..ask };
    }
    let (command, thing) =
        if sent.len() < BEGINNING { (purchase(dice), None) } else { command(dice, history) };
    let fresh = format!("K{}", sent.len());
    // A key that another request of the same operation may have used.
    let key = if dice.percent(10) { format!("K{}", dice.below(1 + sent.len() as u64)) } else { fresh };
    let any = wallet(u128::from(dice.below(WALLETS)));
    let wallet = thing.filter(|_| dice.percent(95)).map_or(any, |thing| thing.wallet);
    let (org, app, actor) = caller(dice, &command, thing);
    Ask {
        id: command_id(org, app, command.operation(), &key),
        wallet,
        org,
        app,
        actor,
        correlation: Some("request".into()),
        traceparent: None,
        asked: Asked { key: Some(key.into()), request: request_hash(wallet, &command) },
        command,
        dry_run: dice.percent(8),
    }
}

/// Mostly the one organization: its two apps for what apps do, its two operators for the rest;
/// sometimes a stranger.
fn caller(
    dice: &mut Dice,
    command: &Command,
    thing: Option<Thing>,
) -> (OrgId, Option<AppId>, Option<Box<str>>) {
    if dice.percent(4) {
        return (OrgId(Uuid::from_u128(0xb)), Some(OTHER), None);
    }
    let of_operators = matches!(
        command,
        Command::Adjust(_)
            | Command::Approve(_)
            | Command::Freeze(_)
            | Command::Unfreeze(_)
            | Command::SetLimit(_)
            | Command::SetCap(_)
            | Command::SetThreshold(_)
    );
    if of_operators || dice.percent(5) {
        return (CALLER.org, None, Some(dice.one_of(&["ann", "bob"]).into()));
    }
    let app = dice.one_of(&[CALLER.app, CALLER.app, OTHER]);
    let app = thing.and_then(|thing| thing.app).filter(|_| dice.percent(85)).unwrap_or(app);
    (CALLER.org, Some(app), None)
}

fn command(dice: &mut Dice, history: &History) -> (Command, Option<Thing>) {
    let amount = 1 + dice.below(40) as i64;
    match dice.below(100) {
        0..=49 => (spending_or_income(dice, amount), None),
        50..=59 => {
            let thing = known(dice, history, Kind::Spending);
            let amount = dice.percent(70).then(|| whole(amount / 2 + 1));
            let deduction = thing.position;
            (Command::RollBack(RollBack { deduction, amount, reason: None }), Some(thing))
        }
        60..=79 => {
            let thing = known(dice, history, Kind::Hold);
            (about_a_hold(dice, thing.position, amount), Some(thing))
        }
        80..=83 => {
            let thing = known(dice, history, Kind::Purchase);
            let cause = dice.one_of(&[RefundCause::Refund, RefundCause::Chargeback]);
            let amount = dice.percent(60).then(|| whole(amount));
            let (reason, payment_reference, purchase) = (None, None, thing.position);
            (Command::Refund(Refund { purchase, cause, amount, reason, payment_reference }), Some(thing))
        }
        84..=88 => {
            let thing = known(dice, history, Kind::Proposal);
            (Command::Approve(Approve { proposal: thing.position }), Some(thing))
        }
        _ => (control(dice, amount), None),
    }
}

fn spending_or_income(dice: &mut Dice, amount: i64) -> Command {
    match dice.below(55) {
        0 => Command::OpenWallet,
        1..=12 => purchase(dice),
        13..=17 => Command::Grant(Grant { amount: whole(amount), lot: any_lot(dice), reason: None }),
        18..=22 => {
            let Deduct { service, charge, budget, .. } = deduction(dice, amount);
            let hold = dice.percent(50).then(|| hold_terms(dice, &charge));
            Command::Check(Check { service, charge, budget, hold })
        }
        23..=37 => Command::Deduct(deduction(dice, amount)),
        38..=43 => {
            let size = 1 + dice.below(4);
            Command::DeductBatch((0..size).map(|_| deduction(dice, amount / 2 + 1)).collect())
        }
        _ => {
            let Deduct { service, charge, budget, metadata } = deduction(dice, amount);
            let terms = hold_terms(dice, &charge);
            Command::Hold(Hold { service, charge, terms, budget, metadata })
        }
    }
}

fn purchase(dice: &mut Dice) -> Command {
    let (amount, lot) = (whole(2 + 2 * dice.below(40) as i64), any_lot(dice));
    Command::Purchase(Purchase { amount, lot, payment_reference: None, price_paid: None })
}

fn about_a_hold(dice: &mut Dice, hold: Position, amount: i64) -> Command {
    match dice.below(10) {
        0..=5 => {
            let charge = dice.percent(75).then(|| charge(dice, amount / 2 + 1));
            Command::Capture(Capture { hold, charge, last: dice.percent(25), metadata: None })
        }
        6..=7 => Command::Extend(Extend { hold, timeout_micros: seconds(dice, 60) }),
        _ => Command::Release(Release { hold }),
    }
}

fn control(dice: &mut Dice, amount: i64) -> Command {
    let some = Credits::from_micros(amount * 1_000_000);
    match dice.below(14) {
        0 => Command::Freeze(Freeze { reason: None }),
        1..=2 | 11..=13 => Command::Unfreeze(Unfreeze { reason: None }),
        3..=4 => Command::SetLimit(SetLimit { limit: dice.one_of(&[Credits::ZERO, some]) }),
        5..=6 => Command::SetCap(SetCap {
            app: dice.one_of(&[CALLER.app, OTHER]),
            budget: dice.one_of(&[None, Some("agent".into())]),
            period: dice.one_of(&[Period::Day, Period::Month, Period::Total]),
            amount: dice.percent(80).then(|| Credits::from_micros(amount * 3_000_000)),
        }),
        7 => Command::SetThreshold(SetThreshold { threshold: dice.percent(70).then(|| whole(amount)) }),
        _ => {
            let class = dice.one_of(&[Class::Paid, Class::Promotional]);
            let expires_after = dice.percent(40).then(|| seconds(dice, 90));
            let lot = ProposedLot { class, priority: dice.below(3) as u8, expires_after };
            let sign = dice.one_of(&[1, 1, -1]);
            let amount = Credits::from_micros(amount * sign * 1_000_000);
            Command::Adjust(Adjust { amount, lot, reason: "a mistake".into() })
        }
    }
}

fn deduction(dice: &mut Dice, amount: i64) -> Deduct {
    let budget = dice.percent(10).then(|| "agent".into());
    Deduct { service: service(dice), charge: charge(dice, amount), budget, metadata: None }
}

fn service(dice: &mut Dice) -> Box<str> {
    dice.one_of(&["chat", "chat", "image"]).into()
}

fn charge(dice: &mut Dice, amount: i64) -> Charge {
    if dice.percent(85) {
        return Charge::Cost(whole(amount));
    }
    let mut usage = BTreeMap::new();
    for unit in ["call", "token"] {
        if dice.percent(70) {
            let quantity = Quantity::from_micros(dice.below(12_000_000) as i64);
            usage.insert(unit.into(), quantity.expect("zero or more"));
        }
    }
    Charge::Usage(usage)
}

/// Now and then none that make sense.
fn hold_terms(dice: &mut Dice, charge: &Charge) -> HoldTerms {
    let timeout_micros = seconds(dice, 90);
    let most = match charge {
        Charge::Cost(amount) if dice.percent(50) => {
            let more = dice.below(20) as i64 - 1;
            Amount::new(Credits::from_micros(amount.credits().micros() + more * 1_000_000))
        }
        Charge::Cost(_) | Charge::Usage(_) => None,
    };
    HoldTerms { timeout_micros, cap: most }
}

/// So many seconds at most, now and then less than none, in microseconds.
fn seconds(dice: &mut Dice, most: u64) -> i64 {
    (1 + dice.below(most) as i64 - i64::from(dice.percent(4)) * 100) * 1_000_000
}

fn any_lot(dice: &mut Dice) -> NewLot {
    let expiry = dice.percent(60).then(|| Expiry::After(seconds(dice, 120)));
    let class = dice.one_of(&[Class::Paid, Class::Promotional]);
    NewLot { class, priority: dice.below(3) as u8, expiry }
}

/// A thing that some client knows of, or any position at all.
fn known(dice: &mut Dice, history: &History, kind: Kind) -> Thing {
    let known: Vec<Thing> = history.things.iter().filter(|thing| thing.kind == kind).copied().collect();
    if known.is_empty() || dice.percent(8) {
        let (wallet, position) = (wallet(u128::from(dice.below(WALLETS))), Position(dice.below(60)));
        return Thing { kind, wallet, app: None, position };
    }
    let reach = if dice.percent(70) { known.len().min(3) } else { known.len() };
    known[known.len() - 1 - dice.below(reach as u64) as usize]
}

/// A price or a policy of the organization, in force about `now`.
pub(super) fn rule(dice: &mut Dice, now: Time, number: u64) -> Fact {
    let event = if dice.percent(65) { price(dice, now).into() } else { policy(dice).into() };
    let id = CommandId(Uuid::from_u128(0x9_0000_0000 + u128::from(number)));
    let actor = Some("ann".into());
    Fact { id, subject: Subject::Organization(CALLER.org), org: Some(CALLER.org), app: None, actor, event }
}

fn price(dice: &mut Dice, now: Time) -> PriceSet {
    let mut units = BTreeMap::new();
    for unit in ["call", "token"] {
        if dice.percent(80) {
            let credits = Credits::from_micros(dice.below(4_000_000) as i64);
            units.insert(unit.into(), UnitPrice { credits, per: 1 + dice.below(3) as u32 });
        }
    }
    let valid_from = now.plus_micros(dice.below(10_000_000) as i64 - 8_000_000);
    let valid_until = dice.percent(30).then(|| now.plus_micros(seconds(dice, 20)));
    PriceSet { service: service(dice), units, valid_from, valid_until }
}

fn policy(dice: &mut Dice) -> PolicySet {
    PolicySet {
        returned_to_expired: dice.one_of(&[
            ExpiryPolicy::Original,
            ExpiryPolicy::Grace { micros: 20_000_000 },
            ExpiryPolicy::Reissue,
        ]),
        cost_of_priced_service: dice.one_of(&[
            CostPolicy::Allowed,
            CostPolicy::Allowed,
            CostPolicy::Forbidden,
        ]),
        approval_above: dice.one_of(&[None, Some(Credits::from_micros(10_000_000)), Some(Credits::ZERO)]),
    }
}

/// Whether this is about prices or policy.
pub(super) fn is_rule(event: &Event) -> bool {
    matches!(event, Event::PriceSet(_) | Event::PolicySet(_))
}
