//! Values of options.

use std::{collections::BTreeMap, time::Duration};

use events::{Credits, Quantity};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    cli::{
        client::Query,
        failure::{Failure, Outcome},
        output::Column,
    },
    identity::Scope,
};

/// What a command that changes a wallet prints.
pub(super) const CHANGE: &[Column] = &[
    Column::new("id", "/id"),
    Column::new("wallet", "/wallet"),
    Column::new("amount", "/amount"),
    Column::new("cost", "/cost"),
    Column::new("balance", "/balance"),
    Column::new("available", "/available"),
    Column::new("position", "/position"),
    Column::new("time", "/time"),
    Column::new("key", "/idempotency_key"),
    Column::new("replayed", "/replayed"),
    Column::new("dry_run", "/dry_run"),
];

/// What something costs: one of the two.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Charge {
    /// Credits, with up to six decimals; or name the --usage, for the service's price to say what it costs
    #[arg(required_unless_present = "usage", conflicts_with = "usage")]
    cost: Option<Credits>,
    #[command(flatten)]
    usage: Usage,
}

/// How many units were used.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Usage {
    /// So many units of the service, such as input_tokens=1183; once for each kind of unit
    #[arg(long, value_name = "UNIT=N", value_parser = quantity)]
    usage: Vec<(String, Quantity)>,
}

impl Charge {
    /// Sets `cost` or `usage`.
    pub(super) fn add_to(&self, body: &mut Value) -> Outcome {
        set(body, "cost", self.cost.as_ref());
        self.usage.add_to(body)
    }
}

impl Usage {
    /// Sets `usage`, if there is any.
    pub(super) fn add_to(&self, body: &mut Value) -> Outcome {
        let usage: BTreeMap<_, _> = self.usage.iter().map(|(unit, quantity)| (unit, quantity)).collect();
        if usage.len() < self.usage.len() {
            return Err(Failure::Usage("--usage names a unit twice: add its numbers up".to_owned()));
        }
        set(body, "usage", Some(usage).filter(|usage| !usage.is_empty()).as_ref());
        Ok(())
    }
}

/// The help of `--scopes`.
pub(super) fn scopes() -> String {
    let all: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    format!("What the key allows, between commas: {}", all.join(", "))
}

/// Sets a member that has a value.
pub(super) fn set(body: &mut Value, name: &str, value: Option<&impl Serialize>) {
    if let Some(value) = value {
        body[name] = json!(value);
    }
}

/// An amount, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OrNone(pub(super) Option<Credits>);

/// An amount, or the word `none`.
pub(super) fn or_none(text: &str) -> Result<OrNone, String> {
    if text == "none" {
        return Ok(OrNone(None));
    }
    text.parse().map(|amount| OrNone(Some(amount))).map_err(|error| format!("{error}, and not `none`"))
}

/// A unit and how many of it, such as `input_tokens=1183`.
fn quantity(text: &str) -> Result<(String, Quantity), String> {
    let (unit, quantity) =
        text.split_once('=').ok_or("expected a unit and how many, such as input_tokens=1183")?;
    let quantity = quantity.parse().map_err(|error| format!("{quantity}: {error}"))?;
    Ok((unit.to_owned(), quantity))
}

/// Asks with the query about a past moment: a position, a time or a date.
pub(super) fn at(query: Query, moment: Option<&str>) -> Query {
    let Some(moment) = moment else { return query };
    let position = moment.bytes().all(|byte| byte.is_ascii_digit());
    query.with(if position { "at_position" } else { "at_time" }, moment)
}

/// A span such as `30d`, `12h`, `90m` or `45s`.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let hint = || "expected a number and s, m, h or d, such as 30d".to_owned();
    let unit = text.chars().next_back().ok_or_else(hint)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(hint()),
    };
    let count: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| hint())?;
    count.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| "too long".to_owned())
}

/// A JSON object.
pub(super) fn object(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if value.is_object() {
        Ok(value)
    } else {
        Err("expected a JSON object, such as {\"model\":\"m-1\"}".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_position_and_anything_else_a_time() {
        let asked = |moment| at(Query::of("/x"), moment).as_str().to_owned();
        assert_eq!(asked(Some("42")), "/x?at_position=42");
        assert_eq!(asked(Some("2026-11-21")), "/x?at_time=2026-11-21");
        assert_eq!(asked(None), "/x");
    }

    #[test]
    fn spans_are_a_number_and_a_unit() {
        assert_eq!(span("30d"), Ok(Duration::from_secs(2_592_000)));
        assert_eq!(span("90m"), Ok(Duration::from_secs(5_400)));
        for bad in ["", "d", "30", "1.5h", "-1s", "30é", "99999999999999999999d", "9999999999999999d"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn usage_is_a_unit_and_an_exact_quantity() {
        let (unit, many) = quantity("minutes=12.5").expect("usage");
        assert_eq!((unit.as_str(), many.micros()), ("minutes", 12_500_000));
        for bad in ["minutes", "minutes=", "minutes=-1", "minutes=0.0000001", "minutes=many"] {
            assert!(quantity(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_amount_may_be_none() {
        assert_eq!(or_none("none"), Ok(OrNone(None)));
        assert_eq!(or_none("0.5"), Ok(OrNone(Some(Credits::from_micros(500_000)))));
        assert!(or_none("null").is_err());
    }

    #[test]
    fn metadata_is_an_object() {
        assert!(object(r#"{"a":1}"#).is_ok());
        assert!(object("[]").is_err() && object("{").is_err());
    }
}
