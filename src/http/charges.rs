//! How a cost came about, as answers show it.

use events::{Credits, Position, PriceLine, Priced, Quantity};
use serde::Serialize;
use utoipa::ToSchema;

/// The price by which usage became a cost.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PricedUsage<'a> {
    /// The price's version.
    #[schema(value_type = String, example = "12")]
    version: Position,
    /// One line a unit, in order of name; their sum is the cost.
    lines: Vec<UsageLine<'a>>,
}

/// What one kind of unit cost.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UsageLine<'a> {
    /// The unit's name.
    #[schema(example = "input_tokens")]
    unit: &'a str,
    /// How many.
    #[schema(value_type = String, example = "1183")]
    quantity: Quantity,
    /// What they cost, rounded once to a micro-credit, halves to the even one.
    #[schema(value_type = String, example = "0.000177")]
    cost: Credits,
}

impl<'a> PricedUsage<'a> {
    /// Of an event that names a price.
    pub(super) fn of(price: Option<&'a Priced>) -> Option<Self> {
        let line =
            |line: &'a PriceLine| UsageLine { unit: &line.unit, quantity: line.quantity, cost: line.cost };
        price.map(|priced| Self { version: priced.version, lines: priced.lines.iter().map(line).collect() })
    }
}
