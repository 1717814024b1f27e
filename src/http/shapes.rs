//! Parts that several answers share.

use events::{Balances, Class, Credits, Envelope, LotTerms, Position, Time};
use serde::Serialize;
use utoipa::ToSchema;

/// A wallet's credits.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Funds {
    /// All credits of the wallet; negative only as debt.
    #[schema(value_type = String, example = "69.5")]
    balance: Credits,
    /// What can be spent.
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

/// Where and when something was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Recording {
    /// Position of the event in the log; pass it as `min_position` to read your own writes.
    #[schema(value_type = String, example = "42")]
    position: Position,
    /// When it was decided, UTC.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T09:30:00.123456Z")]
    time: Time,
}

impl From<&Envelope> for Recording {
    fn from(envelope: &Envelope) -> Self {
        Self { position: envelope.position, time: envelope.time }
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

        impl ToSchema for $name {}
    )+};
}

schemas_alone! {
    /// How a UUID is documented.
    UuidText = { "type": "string", "format": "uuid" },
    /// How a number is documented whose text is taken exactly.
    ExactNumber = { "type": "number" },
}
