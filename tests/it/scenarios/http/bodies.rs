//! What is sent: paths, methods and bodies.

use events::{ExpiryPolicy, PolicySet, PriceSet, RefundCause};
use ledger::{Adjust, Amount, Charge, Command, Deduct, Expiry, HoldTerms, NewLot};
use serde_json::{Value, json};

use crate::scenarios::{
    told::period_name,
    world::{Request, Rule, class_name},
};

/// The body of a command. `spender` is the app that a cap is about.
pub(super) fn body(request: &Request, spender: Option<&str>) -> Value {
    let wallet = request.wallet;
    match &request.command {
        Command::OpenWallet => json!({ "wallet": wallet }),
        Command::Purchase(ask) => credits_in(ask.amount, &ask.lot),
        Command::Grant(ask) => credits_in(ask.amount, &ask.lot),
        Command::Check(ask) => {
            let body = spending(&ask.service, &ask.charge, ask.budget.as_deref());
            ask.hold.map_or(body.clone(), |terms| with(body, held(terms)))
        }
        Command::Deduct(ask) => deduction(ask),
        Command::DeductBatch(asks) => {
            json!({ "atomic": true, "wallet": wallet, "items": asks.iter().map(deduction).collect::<Value>() })
        }
        Command::Hold(ask) => {
            let body = with(spending(&ask.service, &ask.charge, ask.budget.as_deref()), held(ask.terms));
            without(with(body, json!({ "wallet": wallet })), "hold")
        }
        Command::Capture(ask) => {
            let body = ask.charge.as_ref().map_or_else(|| json!({}), charge);
            if ask.last { with(body, json!({ "last": true })) } else { body }
        }
        Command::Extend(ask) => json!({ "timeout_seconds": seconds(ask.timeout_micros) }),
        Command::RollBack(ask) => amount(ask.amount),
        Command::Refund(ask) => amount(ask.amount),
        Command::Adjust(ask) => with(adjustment(ask), json!({ "wallet": wallet })),
        Command::SetLimit(ask) => json!({ "limit": ask.limit }),
        Command::SetThreshold(ask) => json!({ "threshold": ask.threshold.map(text) }),
        Command::SetCap(ask) => {
            let cap = json!({ "app": spender, "period": period_name(ask.period), "amount": ask.amount });
            budgeted(cap, ask.budget.as_deref())
        }
        Command::Release(_) | Command::Approve(_) | Command::Freeze(_) | Command::Unfreeze(_) => json!({}),
    }
}

/// An item of a batch that is not atomic.
pub(super) fn item(request: &Request) -> Value {
    with(body(request, None), json!({ "wallet": request.wallet, "idempotency_key": request.key }))
}

/// Where and as what a rule is sent.
pub(super) fn rule(rule: &Rule) -> (String, Value) {
    match rule {
        Rule::Price(price) => (format!("/v1/prices/{}", price.service), set_price(price)),
        Rule::Policy(policy) => ("/v1/policy".to_owned(), set_policy(policy)),
    }
}

/// The last segment of where a purchase is taken back.
pub(super) const fn cause(cause: RefundCause) -> &'static str {
    match cause {
        RefundCause::Refund => "refunds",
        RefundCause::Chargeback => "chargebacks",
    }
}

fn set_price(price: &PriceSet) -> Value {
    let mut body = json!({ "units": price.units, "valid_from": price.valid_from });
    if let Some(until) = price.valid_until {
        body["valid_until"] = json!(until);
    }
    body
}

fn set_policy(policy: &PolicySet) -> Value {
    let returned = match policy.returned_to_expired {
        ExpiryPolicy::Original => json!({ "rule": "original" }),
        ExpiryPolicy::Grace { micros } => json!({ "rule": "grace", "seconds": seconds(micros) }),
        ExpiryPolicy::Reissue => json!({ "rule": "reissue" }),
    };
    json!({
        "returned_to_expired": returned,
        "cost_of_priced_service": policy.cost_of_priced_service,
        "approval_above": policy.approval_above,
    })
}

fn text(amount: Amount) -> String {
    amount.credits().to_string()
}

fn amount(amount: Option<Amount>) -> Value {
    amount.map_or_else(|| json!({}), |amount| json!({ "amount": text(amount) }))
}

fn credits_in(amount: Amount, lot: &NewLot) -> Value {
    let mut body =
        json!({ "amount": text(amount), "class": class_name(lot.class), "priority": lot.priority });
    match lot.expiry {
        Some(Expiry::After(micros)) => body["expires_in_seconds"] = json!(seconds(micros)),
        Some(Expiry::At(time)) => body["expires_at"] = json!(time),
        None => {}
    }
    body
}

fn charge(charge: &Charge) -> Value {
    match charge {
        Charge::Cost(cost) => json!({ "cost": text(*cost) }),
        Charge::Usage(usage) => json!({ "usage": usage }),
    }
}

fn spending(service: &str, cost: &Charge, budget: Option<&str>) -> Value {
    budgeted(with(charge(cost), json!({ "service": service })), budget)
}

fn deduction(ask: &Deduct) -> Value {
    spending(&ask.service, &ask.charge, ask.budget.as_deref())
}

fn held(terms: HoldTerms) -> Value {
    let body = json!({ "hold": true, "timeout_seconds": seconds(terms.timeout_micros) });
    terms.cap.map_or(body.clone(), |cap| with(body, json!({ "cap": text(cap) })))
}

fn adjustment(ask: &Adjust) -> Value {
    let body = json!({ "amount": ask.amount, "reason": ask.reason });
    if !ask.amount.is_positive() {
        return body;
    }
    let lot = json!({ "class": class_name(ask.lot.class), "priority": ask.lot.priority });
    let expires = ask.lot.expires_after.map(|micros| json!({ "expires_in_seconds": seconds(micros) }));
    with(with(body, lot), expires.unwrap_or_else(|| json!({})))
}

fn budgeted(body: Value, budget: Option<&str>) -> Value {
    budget.map_or(body.clone(), |budget| with(body, json!({ "budget": budget })))
}

const fn seconds(micros: i64) -> i64 {
    micros / 1_000_000
}

/// Both objects in one.
fn with(mut object: Value, other: Value) -> Value {
    if let (Value::Object(members), Value::Object(others)) = (&mut object, other) {
        members.extend(others);
    }
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().and_then(|members| members.remove(name));
    object
}
