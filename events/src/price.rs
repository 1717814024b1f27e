//! Unit prices, and costs that were computed from them.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Credits, CreditsError, Position, half_even};

/// How many units were used: from 0 up, with at most six decimals. JSON: a decimal string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity(i64);

impl Quantity {
    /// A quantity in millionths of a unit; none below zero.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < 0 { None } else { Some(Self(micros)) }
    }

    /// The quantity in millionths of a unit.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Parses the text of a JSON number exactly.
    ///
    /// # Errors
    /// As [`CreditsError`] says, and for quantities below zero.
    pub fn from_number_text(text: &str) -> Result<Self, CreditsError> {
        let number = Credits::from_number_text(text)?;
        Self::from_micros(number.micros()).ok_or(CreditsError::OutOfRange)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Credits::from_micros(self.0), f)
    }
}

impl FromStr for Quantity {
    type Err = CreditsError;
    fn from_str(text: &str) -> Result<Self, CreditsError> {
        let number: Credits = text.parse()?;
        Self::from_micros(number.micros()).ok_or(CreditsError::OutOfRange)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Credits::from_micros(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Credits::deserialize(deserializer)?;
        Self::from_micros(number.micros()).ok_or_else(|| de::Error::custom("a quantity below zero"))
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Quantity".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]{1,13}(\\.[0-9]{1,6})?$" })
    }
}

/// What units cost: `credits` for every `per` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitPrice {
    /// Credits, zero or more.
    pub credits: Credits,
    /// For so many units, one or more.
    pub per: u32,
}

impl UnitPrice {
    /// What `quantity` units cost, rounded once to a micro-credit, halves to the even one; none
    /// beyond the range of [`Credits`].
    #[must_use]
    pub fn cost_of(self, quantity: Quantity) -> Option<Credits> {
        let product = i128::from(self.credits.micros()) * i128::from(quantity.0);
        let divisor = i128::from(self.per) * 1_000_000;
        half_even(product, divisor).map(Credits::from_micros)
    }
}

/// How a cost came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Priced {
    /// Position of the price that held.
    pub version: Position,
    /// One line a unit, in order of name; their sum is the cost.
    pub lines: Vec<PriceLine>,
}

/// What one kind of unit cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriceLine {
    /// The unit's name, such as `input_tokens`.
    pub unit: Box<str>,
    /// How many.
    pub quantity: Quantity,
    /// What they cost, rounded.
    pub cost: Credits,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(credits: &str, per: u32, quantity: &str) -> String {
        let price = UnitPrice { credits: credits.parse().expect("credits"), per };
        let quantity = quantity.parse().expect("a quantity");
        price.cost_of(quantity).map_or("none".into(), |cost| cost.to_string())
    }

    #[test]
    fn costs_are_rounded_once_and_halves_to_even() {
        assert_eq!(cost("0.15", 1_000_000, "1183"), "0.000177", "0.00017745");
        assert_eq!(cost("0.000001", 2, "1"), "0", "half of an odd micro-credit goes down to 0");
        assert_eq!(cost("0.000001", 2, "3"), "0.000002", "1.5 goes up to 2");
        assert_eq!(cost("0.000001", 2, "5"), "0.000002", "2.5 goes down to 2");
        assert_eq!(cost("2.5", 60, "12.5"), "0.520833");
        assert_eq!(cost("1000000", 1, "9000000000000"), "none", "beyond the range");
    }

    #[test]
    fn no_quantity_is_below_zero() {
        assert_eq!("-1".parse::<Quantity>(), Err(CreditsError::OutOfRange));
        assert_eq!(Quantity::from_number_text("1e3").map(Quantity::micros), Ok(1_000_000_000));
        assert!(serde_json::from_str::<Quantity>("\"-0.5\"").is_err());
    }
}
