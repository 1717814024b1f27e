//! What something costs: a stated cost, or usage that the organization's prices turn into one.

use std::{collections::BTreeMap, fmt};

use events::{CreditsError, Quantity};
use ledger::Charge;
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::{
    AmountField, Text,
    fields::{invalid, short_text, unreadable},
};
use crate::http::problem::Problem;

/// The longest name of a service, in characters.
pub(in crate::http) const SERVICE_CHARS_MAX: usize = 128;
/// The longest name of a unit, in characters.
pub(in crate::http) const UNIT_CHARS_MAX: usize = 64;
/// The most kinds of units of a request or a price.
pub(in crate::http) const UNITS_MAX: usize = 32;

/// How many units were used, by name, as it stands in the body.
#[derive(Debug)]
pub(in crate::http) struct UsageField<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for UsageField<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Units;
        impl<'de> de::Visitor<'de> for Units {
            type Value = Vec<(Text<'de>, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of units and quantities")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut units = Vec::new();
                while let Some(unit) = map.next_entry()? {
                    units.push(unit);
                }
                Ok(units)
            }
        }
        deserializer.deserialize_map(Units).map(Self)
    }
}

impl UsageField<'_> {
    fn parse(&self) -> Result<BTreeMap<Box<str>, Quantity>, Problem> {
        if !(1..=UNITS_MAX).contains(&self.0.len()) {
            return Err(Problem::bad_request(format!("`usage` has 1 to {UNITS_MAX} units")));
        }
        let mut usage = BTreeMap::new();
        for (unit, json) in &self.0 {
            let unit = short_text("usage", unit, UNIT_CHARS_MAX)?;
            if usage.insert(unit, quantity(json)?).is_some() {
                return Err(Problem::bad_request("`usage` names a unit twice"));
            }
        }
        Ok(usage)
    }
}

/// A JSON number, whose text is read exactly, or a decimal string.
fn quantity(json: &RawValue) -> Result<Quantity, Problem> {
    let text: Option<Text<'_>> = serde_json::from_str(json.get()).ok();
    let parsed =
        text.as_ref().map_or_else(|| Quantity::from_number_text(json.get()), |text| text.as_ref().parse());
    let shown = if json.get().len() <= 40 { json.get() } else { "the quantity" };
    parsed.map_err(|error| match error {
        CreditsError::OutOfRange if shown.contains('-') => invalid(format!("`{shown}` is below zero")),
        CreditsError::OutOfRange | CreditsError::NotANumber | CreditsError::TooPrecise => {
            unreadable(shown, error)
        }
    })
}

/// The charge of a request that must have one, with its cost as a decimal string.
pub(in crate::http) fn charge(
    cost: Option<&AmountField<'_>>,
    usage: Option<&UsageField<'_>>,
) -> Result<Charge, Problem> {
    optional_charge(cost, usage)?.ok_or_else(one_of_two)
}

/// The same with its cost as a number.
pub(in crate::http) fn charge_by_number(
    cost: Option<&AmountField<'_>>,
    usage: Option<&UsageField<'_>>,
) -> Result<Charge, Problem> {
    match (cost, usage) {
        (Some(cost), None) => cost.parse_number().map(Charge::Cost),
        _ => charge(cost, usage),
    }
}

/// The charge of a request that may go without.
pub(in crate::http) fn optional_charge(
    cost: Option<&AmountField<'_>>,
    usage: Option<&UsageField<'_>>,
) -> Result<Option<Charge>, Problem> {
    match (cost, usage) {
        (None, None) => Ok(None),
        (Some(cost), None) => Ok(Some(Charge::Cost(cost.parse()?))),
        (None, Some(usage)) => Ok(Some(Charge::Usage(usage.parse()?))),
        (Some(_), Some(_)) => Err(one_of_two()),
    }
}

fn one_of_two() -> Problem {
    Problem::bad_request("send `cost` or `usage`, and only one of them")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::Code;

    fn usage(json: &str) -> UsageField<'_> {
        serde_json::from_str(json).expect("an object")
    }

    #[test]
    fn quantities_are_numbers_or_strings_read_exactly() {
        let read = usage(r#"{"a":1183,"b":"0.000001","c":1.5e3,"d":0}"#).parse().expect("usage");
        let micros: Vec<_> = read.values().map(|quantity| quantity.micros()).collect();
        assert_eq!(micros, [1_183_000_000, 1, 1_500_000_000, 0]);
        for wrong in ["-1", "\"-1\"", "0.0000001", "null", "true", "[1]", "\"\"", "\"1e3\"", "1e20"] {
            let problem = usage(&format!("{{\"a\":{wrong}}}")).parse().expect_err(wrong);
            assert_eq!(problem.code, Code::InvalidAmount, "{wrong}");
        }
    }

    #[test]
    fn each_unit_is_named_once() {
        let many: Vec<_> = (0..=UNITS_MAX).map(|unit| format!("\"{unit}\":1")).collect();
        let many = format!("{{{}}}", many.join(","));
        for wrong in ["{}", r#"{"a":1,"a":1}"#, r#"{"":1}"#, &many] {
            assert_eq!(usage(wrong).parse().expect_err(wrong).code, Code::BadRequest, "{wrong}");
        }
        assert!(serde_json::from_str::<UsageField<'_>>("[]").is_err());
    }
}
