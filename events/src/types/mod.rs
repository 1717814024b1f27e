//! The event types of today, one file a domain. A published type never changes its meaning: a
//! new version gets a new type name, and [`crate::upcast`] reads the old one.

mod auth;
mod credits;
mod ledger;
mod wallet;

pub use auth::{ApiKeyIssued, ApiKeyRevoked, AppRegistered, OrganizationRegistered};
pub use credits::{
    CommandRefused, CreditsChecked, CreditsDeducted, CreditsExpired, CreditsGranted, CreditsPurchased,
    DeductionRolledBack, Operation, Refusal,
};
pub use ledger::WriterChanged;
pub use wallet::WalletOpened;

use serde::de::DeserializeSeed;

use crate::{Asked, Balances};

macro_rules! event_types {
    ($($name:ident = $type:literal),+ $(,)?) => {
        /// Something that happened, by type.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event {$(
            #[doc = concat!("`", $type, "`")]
            $name($name),
        )+}

        /// The type of an event, version included.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventType {$(
            #[doc = concat!("`", $type, "`")]
            $name,
        )+}

        impl EventType {
            /// Every type there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name in the envelope, such as `credits.deducted.v1`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $type,)+ }
            }

            /// The type with this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($type => Some(Self::$name),)+ _ => None }
            }

            /// The JSON Schema of this type's `data`.
            #[must_use]
            pub fn schema(self) -> schemars::Schema {
                match self { $(Self::$name => schemars::schema_for!($name),)+ }
            }
        }

        impl Event {
            /// The event's type.
            #[must_use]
            pub const fn event_type(&self) -> EventType {
                match self { $(Self::$name(_) => EventType::$name,)+ }
            }
        }

        impl serde::Serialize for Event {
            /// Writes the `data` alone.
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$name(data) => data.serialize(serializer),)+ }
            }
        }

        impl<'de> DeserializeSeed<'de> for EventType {
            type Value = Event;
            /// Reads the `data` of this type.
            fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Event, D::Error> {
                match self {
                    $(Self::$name => serde::Deserialize::deserialize(deserializer).map(Event::$name),)+
                }
            }
        }

        $(impl From<$name> for Event {
            fn from(data: $name) -> Self {
                Self::$name(data)
            }
        })+
    };
}

event_types! {
    WalletOpened = "wallet.opened.v1",
    CreditsPurchased = "credits.purchased.v1",
    CreditsGranted = "credits.granted.v1",
    CreditsChecked = "credits.checked.v1",
    CreditsDeducted = "credits.deducted.v1",
    DeductionRolledBack = "credits.deduction_rolled_back.v1",
    CreditsExpired = "credits.expired.v1",
    CommandRefused = "credits.command_refused.v1",
    OrganizationRegistered = "auth.organization_registered.v1",
    AppRegistered = "auth.app_registered.v1",
    ApiKeyIssued = "auth.api_key_issued.v1",
    ApiKeyRevoked = "auth.api_key_revoked.v1",
    WriterChanged = "ledger.writer_changed.v1",
}

impl Event {
    /// Key and request hash, when this event is the answer to its command. A command's other
    /// events (an expiry it met, the wallet it opened) have none.
    #[must_use]
    pub const fn asked(&self) -> Option<&Asked> {
        match self {
            Self::WalletOpened(e) => e.asked.as_ref(),
            Self::CreditsPurchased(e) => Some(&e.asked),
            Self::CreditsGranted(e) => Some(&e.asked),
            Self::CreditsChecked(e) => Some(&e.asked),
            Self::CreditsDeducted(e) => Some(&e.asked),
            Self::DeductionRolledBack(e) => Some(&e.asked),
            Self::CommandRefused(e) => Some(&e.asked),
            Self::CreditsExpired(_)
            | Self::OrganizationRegistered(_)
            | Self::AppRegistered(_)
            | Self::ApiKeyIssued(_)
            | Self::ApiKeyRevoked(_)
            | Self::WriterChanged(_) => None,
        }
    }

    /// The wallet's credits that the event states, when it is about a wallet.
    #[must_use]
    pub const fn balances(&self) -> Option<&Balances> {
        match self {
            Self::WalletOpened(e) => Some(&e.wallet),
            Self::CreditsPurchased(e) => Some(&e.wallet),
            Self::CreditsGranted(e) => Some(&e.wallet),
            Self::CreditsChecked(e) => Some(&e.wallet),
            Self::CreditsDeducted(e) => Some(&e.wallet),
            Self::DeductionRolledBack(e) => Some(&e.wallet),
            Self::CreditsExpired(e) => Some(&e.wallet),
            Self::CommandRefused(e) => Some(&e.wallet),
            Self::OrganizationRegistered(_)
            | Self::AppRegistered(_)
            | Self::ApiKeyIssued(_)
            | Self::ApiKeyRevoked(_)
            | Self::WriterChanged(_) => None,
        }
    }

    /// Whether the event changed a wallet; checks and refusals do not.
    #[must_use]
    pub const fn changes_wallet(&self) -> bool {
        match self {
            Self::WalletOpened(_)
            | Self::CreditsPurchased(_)
            | Self::CreditsGranted(_)
            | Self::CreditsDeducted(_)
            | Self::DeductionRolledBack(_)
            | Self::CreditsExpired(_) => true,
            Self::CreditsChecked(_)
            | Self::CommandRefused(_)
            | Self::OrganizationRegistered(_)
            | Self::AppRegistered(_)
            | Self::ApiKeyIssued(_)
            | Self::ApiKeyRevoked(_)
            | Self::WriterChanged(_) => false,
        }
    }
}
