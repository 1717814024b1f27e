//! Names of things, as types that cannot be mixed up.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::try_parse(text).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": "uuid" })
            }
        }
    )+};
}

uuid_ids! {
    /// One append-only log with its own order.
    LedgerId,
    /// A tenant; apps and wallets belong to exactly one.
    OrgId,
    /// A registered client of an organization.
    AppId,
    /// Holds credits; a user's wallet has the user's id.
    WalletId,
    /// One API key of an app.
    KeyId,
    /// One secret of an app that is an OAuth client.
    SecretId,
    /// A person; its wallet has the same id.
    UserId,
    /// One sign-in of a user.
    SessionId,
    /// Several users; a wallet with the same id is the group's.
    GroupId,
    /// One access token: its `jti`.
    TokenId,
    /// All refresh tokens that came from one sign-in.
    FamilyId,
    /// A command: UUIDv5 of its idempotency scope and key, or random when it came without a key.
    CommandId,
    /// An event: UUIDv5 of its command and its index in that command.
    EventId,
}

impl UserId {
    /// The user's own wallet.
    #[must_use]
    pub const fn wallet(self) -> WalletId {
        WalletId(self.0)
    }
}

impl GroupId {
    /// The wallet that the group may own.
    #[must_use]
    pub const fn wallet(self) -> WalletId {
        WalletId(self.0)
    }
}

impl CommandId {
    /// The id of this command's event number `index`, the same whenever the command is repeated.
    #[must_use]
    pub fn event(self, index: u32) -> EventId {
        EventId(Uuid::new_v5(&self.0, &index.to_be_bytes()))
    }
}

/// Dense global sequence number of an event, from 0. JSON: a decimal string, because a
/// CloudEvents integer has only 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64);

impl Position {
    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The position `count` events further on.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0 + count)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Position {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Position {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        decimal_u64::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decimal_u64::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Position {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Position".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]{1,20}$" })
    }
}

/// A `u64` written as a JSON string of decimal digits.
pub(crate) mod decimal_u64 {
    use serde::{Deserializer, Serializer, de};
    use std::fmt;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    pub(crate) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = crate::digits::Digits::new();
        digits.number(*value, 1);
        serializer.serialize_str(digits.as_str())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = u64;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number as a decimal string")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// What a public id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublicKind {
    /// `pur_…`
    Purchase,
    /// `gra_…`
    Grant,
    /// `chk_…`
    Check,
    /// `ded_…`
    Deduction,
    /// `rol_…`
    Rollback,
    /// `hol_…`
    Hold,
    /// `cap_…`
    Capture,
    /// `ref_…`
    Refund,
    /// `adj_…`: done, or only proposed.
    Adjustment,
}

impl PublicKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Purchase => "pur",
            Self::Grant => "gra",
            Self::Check => "chk",
            Self::Deduction => "ded",
            Self::Rollback => "rol",
            Self::Hold => "hol",
            Self::Capture => "cap",
            Self::Refund => "ref",
            Self::Adjustment => "adj",
        }
    }
}

/// The id that clients see, such as `ded_1f0c33aa_42`: kind, first 32 bits of the ledger id and
/// position, so that finding the thing needs no index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicId {
    /// What it names.
    pub kind: PublicKind,
    /// First 32 bits of the ledger's id: an id of another ledger is never mistaken for ours.
    pub ledger: u32,
    /// Position of the event that made the thing.
    pub position: Position,
}

impl PublicId {
    /// The id of the thing that the event at `position` made.
    #[must_use]
    pub fn new(kind: PublicKind, ledger: LedgerId, position: Position) -> Self {
        Self { kind, ledger: ledger.0.as_fields().0, position }
    }

    /// Reads an id of this kind and ledger; anything else names nothing here.
    #[must_use]
    pub fn parse(text: &str, kind: PublicKind, ledger: LedgerId) -> Option<Position> {
        let (tag, position) = text.strip_prefix(kind.prefix())?.strip_prefix('_')?.split_once('_')?;
        let position = position.parse().ok()?;
        // Only the one spelling is an id: no leading zeros, plus signs or upper case.
        (Self::new(kind, ledger, position).to_string() == text && tag.len() == 8).then_some(position)
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{:08x}_{}", self.kind.prefix(), self.ledger, self.position)
    }
}

impl Serialize for PublicId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_id_names_kind_ledger_and_position() {
        let ledger = LedgerId(Uuid::from_u128(0x1f0c_33aa << 96));
        let id = PublicId::new(PublicKind::Deduction, ledger, Position(42)).to_string();
        assert_eq!(id, "ded_1f0c33aa_42");
        assert_eq!(PublicId::parse(&id, PublicKind::Deduction, ledger), Some(Position(42)));
        assert_eq!(PublicId::parse(&id, PublicKind::Purchase, ledger), None);
        assert_eq!(PublicId::parse(&id, PublicKind::Deduction, LedgerId(Uuid::nil())), None);
        for other in ["ded_1f0c33aa_042", "ded_1F0C33AA_42", "ded_1f0c33aa_+42", "ded_1f0c33aa_", "42", ""] {
            assert_eq!(PublicId::parse(other, PublicKind::Deduction, ledger), None, "{other}");
        }
    }

    #[test]
    fn positions_are_strings_in_json() {
        assert_eq!(serde_json::to_string(&Position(7)).expect("json"), "\"7\"");
        assert_eq!(serde_json::from_str::<Position>("\"7\"").expect("position"), Position(7));
        assert!(serde_json::from_str::<Position>("7").is_err());
    }
}
