//! The command that a row asks for.

use events::{Budget, Class, Credits, PolicySet, Position, PriceSet, ProposedLot, RefundCause, Time};
use ledger::{
    Adjust, Amount, Approve, Capture, Charge, Check, Command, Deduct, Expiry, Extend, Freeze, Grant, Hold,
    HoldTerms, NewLot, Purchase, Refund, Release, RollBack, SetCap, SetLimit, SetThreshold, Unfreeze,
};

use super::{
    row::{Figure, Operation, Options, Policy, Price, Verb},
    table::micros,
    world::App,
};
use crate::support::ground::START_MICROS;

/// The command of a row about `target`, which only some are about.
pub(super) fn command(operation: &Operation, target: Position, spender: &App) -> Command {
    let options = &operation.options;
    match operation.verb {
        Verb::Open => Command::OpenWallet,
        Verb::Purchase => Command::Purchase(Purchase {
            amount: asked(operation),
            lot: lot(options, Class::Paid),
            payment_reference: None,
            price_paid: None,
        }),
        Verb::Grant => {
            let (amount, lot) = (asked(operation), lot(options, Class::Promotional));
            Command::Grant(Grant { amount, lot, reason: None })
        }
        Verb::Check => Command::Check(Check {
            service: service(options),
            charge: stated(operation),
            budget: budget(options),
            hold: options.hold.as_ref().map(|_| terms(options)),
        }),
        Verb::Deduct => Command::Deduct(deduct(options, stated(operation))),
        Verb::Atomic => Command::DeductBatch(items(operation)),
        Verb::Freeze => Command::Freeze(Freeze { reason: None }),
        Verb::Unfreeze => Command::Unfreeze(Unfreeze { reason: None }),
        Verb::Limit => Command::SetLimit(SetLimit { limit: credits(operation).expect("a limit") }),
        Verb::Cap => Command::SetCap(SetCap {
            app: spender.caller().app,
            budget: budget(options),
            period: options.per.expect("the table has seen to it"),
            amount: credits(operation),
        }),
        Verb::Threshold => Command::SetThreshold(SetThreshold { threshold: perhaps(operation) }),
        Verb::Adjust => Command::Adjust(Adjust {
            amount: credits(operation).expect("an amount"),
            lot: ProposedLot {
                class: options.class.unwrap_or(Class::Promotional),
                priority: options.priority.unwrap_or(100),
                expires_after: options.expires.map(micros),
            },
            reason: "a correction".into(),
        }),
        Verb::Hold => Command::Hold(Hold {
            service: service(options),
            charge: stated(operation),
            terms: terms(options),
            budget: budget(options),
            metadata: None,
        }),
        Verb::Rollback
        | Verb::Capture
        | Verb::Extend
        | Verb::Release
        | Verb::Refund
        | Verb::Chargeback
        | Verb::Approve => about(operation, target),
    }
}

/// A command about something earlier.
fn about(operation: &Operation, target: Position) -> Command {
    let refund = |cause| {
        let amount = perhaps(operation);
        Command::Refund(Refund { purchase: target, cause, amount, reason: None, payment_reference: None })
    };
    match operation.verb {
        Verb::Rollback => {
            let amount = perhaps(operation);
            Command::RollBack(RollBack { deduction: target, amount, reason: None })
        }
        Verb::Capture => {
            let (charge, last) = (charge(&operation.amount), operation.options.last);
            Command::Capture(Capture { hold: target, charge, last, metadata: None })
        }
        Verb::Extend => {
            let timeout_micros = terms(&operation.options).timeout_micros;
            Command::Extend(Extend { hold: target, timeout_micros })
        }
        Verb::Release => Command::Release(Release { hold: target }),
        Verb::Refund => refund(RefundCause::Refund),
        Verb::Chargeback => refund(RefundCause::Chargeback),
        Verb::Approve => Command::Approve(Approve { proposal: target }),
        Verb::Open
        | Verb::Purchase
        | Verb::Grant
        | Verb::Check
        | Verb::Deduct
        | Verb::Atomic
        | Verb::Hold
        | Verb::Adjust
        | Verb::Freeze
        | Verb::Unfreeze
        | Verb::Limit
        | Verb::Cap
        | Verb::Threshold => unreachable!("{:?} is about nothing earlier", operation.verb),
    }
}

/// The event of a price that is set at `now`.
pub(super) fn price(price: &Price, now: Time) -> PriceSet {
    let moment = |after| Time::from_micros(START_MICROS + micros(after));
    PriceSet {
        service: price.service.as_str().into(),
        units: price.units.iter().map(|(unit, price)| (unit.as_str().into(), *price)).collect(),
        valid_from: price.from.map_or(now, moment),
        valid_until: price.until.map(moment),
    }
}

/// The event of a policy.
pub(super) fn policy(policy: &Policy) -> PolicySet {
    PolicySet {
        returned_to_expired: policy.rollback,
        cost_of_priced_service: if policy.cost_forbidden {
            events::CostPolicy::Forbidden
        } else {
            events::CostPolicy::Allowed
        },
        approval_above: policy.approval_above,
    }
}

fn amount(credits: Credits) -> Amount {
    Amount::new(credits).expect("an amount above zero")
}

fn credits(operation: &Operation) -> Option<Credits> {
    if let Figure::Credits(credits) = operation.amount { Some(credits) } else { None }
}

fn perhaps(operation: &Operation) -> Option<Amount> {
    credits(operation).map(amount)
}

fn asked(operation: &Operation) -> Amount {
    perhaps(operation).expect("the table has seen to it")
}

fn charge(figure: &Figure) -> Option<Charge> {
    match figure {
        Figure::Credits(cost) => Some(Charge::Cost(amount(*cost))),
        Figure::Usage(usage) => Some(Charge::Usage(usage.clone())),
        Figure::None | Figure::List(_) => None,
    }
}

fn stated(operation: &Operation) -> Charge {
    charge(&operation.amount).expect("the table has seen to it")
}

fn service(options: &Options) -> Box<str> {
    options.service.as_deref().unwrap_or("chat").into()
}

fn budget(options: &Options) -> Option<Budget> {
    options.budget.as_deref().map(Budget::from)
}

fn deduct(options: &Options, charge: Charge) -> Deduct {
    Deduct { service: service(options), charge, budget: budget(options), metadata: None }
}

fn items(operation: &Operation) -> Vec<Deduct> {
    let Figure::List(costs) = &operation.amount else { unreachable!("the table has seen to it") };
    costs.iter().map(|cost| deduct(&operation.options, Charge::Cost(amount(*cost)))).collect()
}

fn terms(options: &Options) -> HoldTerms {
    let timeout_micros = micros(options.timeout.expect("the table has seen to it"));
    HoldTerms { timeout_micros, cap: options.cap.map(amount) }
}

fn lot(options: &Options, class: Class) -> NewLot {
    let after = options.expires.map(|time| Expiry::After(micros(time)));
    let at = options.until.map(|time| Expiry::At(Time::from_micros(START_MICROS + micros(time))));
    NewLot {
        class: options.class.unwrap_or(class),
        priority: options.priority.unwrap_or(100),
        expiry: after.or(at),
    }
}
