//! Parts that several events share.

use std::{fmt, ops::Deref, str::FromStr};

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use crate::{Credits, Position, Time};

/// What the caller asked under, kept on the event that answers a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// The caller's idempotency key; absent when the command came without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Box<str>>,
    /// Hash of the request: operation, target wallet and canonical fields.
    pub request: RequestHash,
}

/// The first 16 bytes of the SHA-256 of a canonical request. JSON: 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestHash(pub [u8; 16]);

/// 16 random bytes, so that nobody can guess an event's hash. JSON: 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

/// The keyed hash of an API key: HMAC-SHA-256, 64 hexadecimal digits in JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verifier(pub [u8; 32]);

/// The text is not as many lower-case hexadecimal digits as are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not as many lower-case hexadecimal digits as are due")]
pub struct HexError;

macro_rules! hex_bytes {
    ($name:ident, $length:literal, $pattern:literal) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut digits = [0; 2 * $length];
                for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
                    pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
                    pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
                }
                serializer.serialize_str(str::from_utf8(&digits).unwrap_or_default())
            }
        }

        impl FromStr for $name {
            type Err = HexError;
            fn from_str(text: &str) -> Result<Self, HexError> {
                parse_hex(text).map(Self).ok_or(HexError)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Digits;
                impl de::Visitor<'_> for Digits {
                    type Value = [u8; $length];
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "{} hexadecimal digits", 2 * $length)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                        parse_hex(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
                    }
                }
                deserializer.deserialize_str(Digits).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

hex_bytes!(RequestHash, 16, "^[0-9a-f]{32}$");
hex_bytes!(Salt, 16, "^[0-9a-f]{32}$");
hex_bytes!(Verifier, 32, "^[0-9a-f]{64}$");

fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let mut wrong = 0;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (NIBBLES[usize::from(pair[0])], NIBBLES[usize::from(pair[1])]);
        *byte = high << 4 | low & 15;
        wrong |= high | low;
    }
    (wrong < 16).then_some(bytes)
}

/// The value of each lower-case hexadecimal digit; 255 for every other byte.
const NIBBLES: [u8; 256] = {
    let mut values = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit as usize] as usize] = digit;
        digit += 1;
    }
    values
};

/// A wallet's credits after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Balances {
    /// All credits of the wallet; negative only as debt.
    pub balance: Credits,
    /// What can be spent: balance less reserved.
    pub available: Credits,
    /// What holds reserve.
    pub reserved: Credits,
}

/// How credits came in: bought, or given for free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Given for free; burns before paid credits of the same priority and expiry.
    Promotional,
    /// Bought.
    Paid,
}

/// What a lot keeps from the event that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LotTerms {
    /// Bought or given.
    pub class: Class,
    /// 0 burns first, 255 last.
    pub priority: u8,
    /// When what is left expires; never, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
}

/// Credits taken from one lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slice {
    /// Position of the purchase or grant that made the lot.
    pub lot: Position,
    /// How much, above zero.
    pub amount: Credits,
}

/// Credits given back to the lot they came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnedSlice {
    /// Position of the purchase or grant that made the lot.
    pub lot: Position,
    /// How much, above zero.
    pub amount: Credits,
    /// The lot's terms, because a spent lot lives again.
    pub terms: LotTerms,
}

/// The slices of one deduction, in the order they were taken. Nearly all deductions take but one.
pub type Slices = SmallVec<[Slice; 1]>;

/// What was paid for a purchase: its cost basis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    /// In the currency's main unit, as a decimal string.
    #[serde(with = "rust_decimal::serde::str")]
    #[schemars(with = "String")]
    pub amount: Decimal,
    /// ISO 4217 code.
    pub currency: Currency,
}

/// An ISO 4217 currency code: three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads a code such as `EUR`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let code: [u8; 3] = text.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code))
    }

    /// The code's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not a currency code of three capital letters"))
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$" })
    }
}

/// The name of a budget. Boxed twice, so that the many events without one spare it a single word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Budget(Box<Box<str>>);

impl From<Box<str>> for Budget {
    fn from(name: Box<str>) -> Self {
        Self(Box::new(name))
    }
}

impl From<&str> for Budget {
    fn from(name: &str) -> Self {
        Self::from(Box::<str>::from(name))
    }
}

impl Deref for Budget {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

/// The caller's own JSON object, kept with its exact numbers, keys sorted, at most 8 KiB. Boxed twice, so
/// that the many events without one spare it a single word.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(Box<Box<RawValue>>);

/// Why a JSON value cannot be metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Not a JSON object.
    #[error("metadata must be a JSON object")]
    NotAnObject,
    /// Longer than [`Metadata::MAX_BYTES`] once written without spaces.
    #[error("metadata may have at most 8,192 bytes")]
    TooLarge,
}

impl Metadata {
    /// The longest metadata, in bytes of compact JSON.
    pub const MAX_BYTES: usize = 8_192;

    /// Takes a parsed JSON object.
    ///
    /// # Errors
    /// When the value is no object or too large.
    pub fn new(value: &serde_json::Value) -> Result<Self, MetadataError> {
        if !value.is_object() {
            return Err(MetadataError::NotAnObject);
        }
        let text = value.to_string();
        if text.len() > Self::MAX_BYTES {
            return Err(MetadataError::TooLarge);
        }
        RawValue::from_string(text).map(|json| Self(Box::new(json))).map_err(|_| MetadataError::NotAnObject)
    }

    /// The compact JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Metadata {}

impl JsonSchema for Metadata {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Metadata".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_canonical_and_exact() {
        let value = serde_json::from_str(" { \"b\" : 1.10, \"a\": 12345678901234567890123 } ").expect("json");
        let metadata = Metadata::new(&value).expect("metadata");
        assert_eq!(metadata.as_str(), r#"{"a":12345678901234567890123,"b":1.10}"#);
        assert_eq!(Metadata::new(&serde_json::json!([])), Err(MetadataError::NotAnObject));
        let large = serde_json::json!({ "a": "x".repeat(Metadata::MAX_BYTES) });
        assert_eq!(Metadata::new(&large), Err(MetadataError::TooLarge));
    }

    #[test]
    fn hashes_are_lower_case_hexadecimal() {
        let hash = RequestHash([0xab; 16]);
        let text = serde_json::to_string(&hash).expect("json");
        assert_eq!(text, format!("\"{}\"", "ab".repeat(16)));
        assert_eq!(serde_json::from_str::<RequestHash>(&text).expect("hash"), hash);
        assert!(serde_json::from_str::<RequestHash>("\"AB\"").is_err());
    }
}
