//! Reads scenario files; `tests/scenarios/README.md` explains their rows.

mod expectation;
mod operation;
#[cfg(test)]
mod tests;

use std::time::Duration;

use events::ExpiryPolicy;

use super::{
    row::{Policy, Price, Row, Says, Verb},
    values,
};

/// Why a row is not understood.
pub(super) type Problem = String;

/// The rows of a scenario.
///
/// # Panics
/// When a row cannot be read; a scenario that is not understood must not pass.
pub(super) fn parse(file: &str, text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut batch: Option<Row> = None;
    for (index, line) in text.lines().enumerate() {
        let said = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = said.split_whitespace().collect();
        let row = |says| Row { line: index + 1, text: said.trim_end().to_owned(), says };
        match (&words[..], batch.take()) {
            ([], open) => batch = open,
            (["batch"], None) => batch = Some(row(Says::Batch(Vec::new()))),
            (["end"], Some(whole)) => rows.push(whole),
            (words, open) => {
                let says = read(words).and_then(|says| fits(says, open.is_some()));
                let says = says.unwrap_or_else(|problem| panic!("{file}:{}: {problem}\n  {line}", index + 1));
                batch = open;
                match &mut batch {
                    Some(Row { says: Says::Batch(items), .. }) => items.push(row(says)),
                    Some(_) | None => rows.push(row(says)),
                }
            }
        }
    }
    assert!(batch.is_none(), "{file}: a batch does not end");
    rows
}

/// A batch has deductions or checks, and may change between wallets.
fn fits(says: Says, in_batch: bool) -> Result<Says, Problem> {
    let item = match &says {
        Says::Wallet(_) => true,
        Says::Do(row) => {
            [Verb::Deduct, Verb::Check].contains(&row.0.verb) && row.1.news == Default::default()
        }
        Says::App { .. }
        | Says::At(_)
        | Says::Price(_)
        | Says::Policy(_)
        | Says::Batch(_)
        | Says::Due(..)
        | Says::State(..) => false,
    };
    if item || !in_batch { Ok(says) } else { Err("this is no item of a batch".to_owned()) }
}

fn read(words: &[&str]) -> Result<Says, Problem> {
    match words {
        ["wallet", name] => Ok(Says::Wallet((*name).to_owned())),
        ["app", name] | ["app", name, "org=home"] => {
            Ok(Says::App { name: (*name).to_owned(), elsewhere: false })
        }
        ["app", name, "org=elsewhere"] => Ok(Says::App { name: (*name).to_owned(), elsewhere: true }),
        ["at", moment] => values::offset(moment).map(Says::At),
        ["price", service, terms @ ..] => price(service, terms).map(Says::Price),
        ["policy", rules @ ..] if !rules.is_empty() => policy(rules).map(Says::Policy),
        ["due", name, rest @ ..] => {
            let expected = expectation::of_time(rest)?;
            Ok(Says::Due((*name).to_owned(), Box::new(expected)))
        }
        ["state", name, rest @ ..] => {
            let expected = expectation::of_state(rest)?;
            Ok(Says::State((*name).to_owned(), Box::new(expected)))
        }
        [verb, name, rest @ ..] => operation::read(verb, name, rest).map(Box::new).map(Says::Do),
        [] | [_] => Err("a row has at least two words".to_owned()),
    }
}

/// `chat input_tokens=0.15/1000000 from=+1d until=+2d version=V1`, or `chat none`.
fn price(service: &str, terms: &[&str]) -> Result<Price, Problem> {
    let mut price = Price { service: service.to_owned(), ..Price::default() };
    let terms = match terms {
        [] => return Err("the price is missing; `none` takes it away".to_owned()),
        ["none", terms @ ..] => terms,
        terms => terms,
    };
    for term in terms {
        let (name, value) = term.split_once('=').ok_or(format!("`{term}` is no UNIT=PRICE"))?;
        match name {
            "from" => price.from = Some(values::offset(value)?),
            "until" => price.until = Some(values::offset(value)?),
            "version" => price.version = Some(value.to_owned()),
            unit => drop(price.units.insert(unit.to_owned(), values::unit_price(value)?)),
        }
    }
    Ok(price)
}

/// `rollback=grace:7d cost=forbidden approval_above=100`; what is not said is as it was at first.
fn policy(rules: &[&str]) -> Result<Policy, Problem> {
    let mut policy = Policy::default();
    for rule in rules {
        match rule.split_once('=') {
            Some(("rollback", value)) => policy.rollback = returned(value)?,
            Some(("cost", "allowed")) => policy.cost_forbidden = false,
            Some(("cost", "forbidden")) => policy.cost_forbidden = true,
            Some(("approval_above", "none")) => policy.approval_above = None,
            Some(("approval_above", value)) => policy.approval_above = Some(values::credits(value)?),
            Some(_) | None => return Err(format!("`{rule}` is no rule")),
        }
    }
    Ok(policy)
}

fn returned(text: &str) -> Result<ExpiryPolicy, Problem> {
    match text.split_once(':').unwrap_or((text, "")) {
        ("original", "") => Ok(ExpiryPolicy::Original),
        ("reissue", "") => Ok(ExpiryPolicy::Reissue),
        ("grace", time) => Ok(ExpiryPolicy::Grace { micros: micros(values::interval(time)?) }),
        _ => Err(format!("`{text}` is no rule for rollbacks")),
    }
}

/// An interval as the ledger counts it.
pub(super) fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).expect("less than 292,000 years")
}
