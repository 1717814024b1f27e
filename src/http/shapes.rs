//! Parts that several answers share.

use events::{Balances, Class, Credits, Envelope, LotTerms, Position, Slice, Slices, Time};
use serde::Serialize;
use smallvec::SmallVec;
use utoipa::ToSchema;

/// A wallet's credits.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Funds {
    /// All credits of the wallet; negative only as debt.
    #[schema(value_type = String, example = "69.5")]
    balance: Credits,
    /// The balance less what holds reserve. What can be spent is this and the wallet's credit limit.
    #[schema(value_type = String, example = "69.5")]
    available: Credits,
    /// What holds reserve.
    #[schema(value_type = String, example = "0")]
    reserved: Credits,
}

impl Funds {
    pub(super) const fn of(balance: Credits, available: Credits, reserved: Credits) -> Self {
        Self { balance, available, reserved }
    }
}

impl From<&Balances> for Funds {
    fn from(wallet: &Balances) -> Self {
        Self::of(wallet.balance, wallet.available, wallet.reserved)
    }
}

/// Where and when something was recorded; nowhere, in a dry run.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct Recording {
    /// Position of the event in the log; pass it as `min_position` to read your own writes. Absent in
    /// a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "42")]
    pub(super) position: Option<Position>,
    /// When it was decided, UTC.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T09:30:00.123456Z")]
    time: Time,
    /// Present when nothing was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true)]
    pub(super) dry_run: Option<bool>,
}

impl Recording {
    /// Of an event that was decided at `time` and not recorded.
    pub(super) const fn dry(time: Time) -> Self {
        Self { position: None, time, dry_run: Some(true) }
    }
}

impl From<&Envelope> for Recording {
    fn from(envelope: &Envelope) -> Self {
        Self { position: Some(envelope.position), time: envelope.time, dry_run: None }
    }
}

/// Credits taken from, or given back to, one lot.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LotSlice {
    /// The lot: position of the purchase or grant that made it.
    #[schema(value_type = String, example = "7")]
    pub(super) lot: Position,
    /// How much.
    #[schema(value_type = String, example = "0.5")]
    pub(super) amount: Credits,
}

impl From<&Slice> for LotSlice {
    fn from(slice: &Slice) -> Self {
        Self { lot: slice.lot, amount: slice.amount }
    }
}

/// Slices as answers show them.
pub(super) fn shown(slices: &Slices) -> SmallVec<[LotSlice; 2]> {
    slices.iter().map(LotSlice::from).collect()
}

/// The sum of these slices; none when there is none.
pub(super) fn sum(slices: &Slices) -> Option<Credits> {
    let total = slices.iter().fold(Credits::ZERO, |sum, s| sum.checked_add(s.amount).unwrap_or(Credits::MAX));
    above_zero(total)
}

/// The amount, when there is one to show.
pub(super) fn above_zero(amount: Credits) -> Option<Credits> {
    amount.is_positive().then_some(amount)
}

/// How credits came in.
#[derive(Debug, Clone, Copy, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum LotClass {
    /// Given for free.
    Promotional,
    /// Bought.
    Paid,
}

impl From<Class> for LotClass {
    fn from(class: Class) -> Self {
        match class {
            Class::Promotional => Self::Promotional,
            Class::Paid => Self::Paid,
        }
    }
}

impl From<LotClass> for Class {
    fn from(class: LotClass) -> Self {
        match class {
            LotClass::Promotional => Self::Promotional,
            LotClass::Paid => Self::Paid,
        }
    }
}

/// The terms of a lot.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Terms {
    /// Bought or given.
    class: LotClass,
    /// 0 burns first, 255 last.
    priority: u8,
    /// When what is left expires; never, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-11-21T09:30:00.000000Z")]
    expires_at: Option<Time>,
}

impl From<&LotTerms> for Terms {
    fn from(terms: &LotTerms) -> Self {
        Self { class: terms.class.into(), priority: terms.priority, expires_at: terms.expires }
    }
}

macro_rules! schemas_alone {
    ($($(#[$doc:meta])* $name:ident = $schema:tt),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) enum $name {}

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                serde_json::from_value(serde_json::json!($schema)).expect("a schema written here is one")
            }
        }

        impl utoipa::ToSchema for $name {}
    )+};
}
pub(super) use schemas_alone;

schemas_alone! {
    /// How a UUID is documented.
    UuidText = { "type": "string", "format": "uuid" },
    /// How a number is documented whose text is taken exactly.
    ExactNumber = { "type": "number" },
    /// How usage is documented: the units and how many of each.
    UsageQuantities = {
        "type": "object",
        "description": "How many of each unit, by the unit's name: JSON numbers or decimal strings of at least zero \
            with at most six decimals, taken exactly as written. At least one, at most 32.",
        "additionalProperties": { "oneOf": [{ "type": "number" }, { "type": "string" }] },
        "minProperties": 1,
        "maxProperties": 32,
        "example": { "input_tokens": 1183, "output_tokens": 246 }
    },
    /// How the results of a batch of deductions are documented.
    DeductionResults = { "type": "object", "required": ["results"], "properties": { "results": { "type": "array", "items": { "oneOf": [
        { "allOf": [
            { "type": "object", "required": ["status"], "properties": {
                "status": { "type": "integer", "description": "The status that the item would have alone" },
                "replayed": { "type": "boolean", "description": "Present when the answer was given before, to an earlier request with the same key" }
            } },
            { "$ref": "#/components/schemas/Deduction" }
        ] },
        { "$ref": "#/components/schemas/ItemProblem" }
    ] } } } },
    /// How the results of a batch of checks are documented.
    CheckResults = { "type": "object", "required": ["results"], "properties": { "results": { "type": "array", "items": { "oneOf": [
        { "allOf": [
            { "type": "object", "required": ["status"], "properties": {
                "status": { "type": "integer", "description": "The status that the item would have alone" },
                "replayed": { "type": "boolean", "description": "Present when the answer was given before, to an earlier request with the same key" }
            } },
            { "$ref": "#/components/schemas/Check" }
        ] },
        { "$ref": "#/components/schemas/ItemProblem" }
    ] } } } },
    /// How the prices of a service's units are documented.
    UnitPrices = {
        "type": "object",
        "description": "What each unit costs, by the unit's name: `credits` for every `per` of them, 1 when absent. At most 32.",
        "additionalProperties": {
            "type": "object",
            "required": ["credits"],
            "properties": {
                "credits": { "type": "string", "description": "A decimal string of at least zero" },
                "per": { "type": "integer", "minimum": 1, "maximum": 4_294_967_295_u32 }
            }
        },
        "maxProperties": 32,
        "example": { "input_tokens": { "credits": "0.15", "per": 1_000_000 } }
    },
}
