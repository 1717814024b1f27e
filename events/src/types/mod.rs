//! The event types of today, one file a domain. A published type never changes its meaning: a
//! new version gets a new type name, and [`crate::upcast`] reads the old one.

mod auth;
mod credit;
mod holds;
mod ledger;
mod refusal;
mod rules;
mod spending;
mod wallet;

pub use auth::{
    ApiKeyExpirySet, ApiKeyIssued, ApiKeyRevoked, AppAccessGranted, AppAccessRevoked, AppRegistered,
    ClientSecretIssued, ClientSecretRevoked, ClientSet, GroupMemberAdded, GroupMemberRemoved,
    GroupRegistered, GroupRole, OrganizationRegistered, PasswordChanged, RefreshReused, SessionRevoked,
    SessionVerified, SessionsRevoked, SigningKeyChanged, SigningKeyState, TokenRevoked, UserDisabled,
    UserEnabled, UserLinked, UserRegistered, UserRole, UserRolesSet, UserSignedIn, UserVerified,
};
pub use credit::{
    AdjustmentProposed, CreditsAdjusted, CreditsGranted, CreditsPurchased, ProposedLot, PurchaseRefunded,
    RefundCause,
};
pub use holds::{CreditsHeld, HoldCaptured, HoldExpired, HoldExtended, HoldReleased};
pub use ledger::WriterChanged;
pub use refusal::{CommandRefused, Operation, Refusal};
pub use rules::{CostPolicy, ExpiryPolicy, PolicySet, PriceSet};
pub use spending::{
    BatchItem, CreditsChecked, CreditsDeducted, CreditsExpired, DeductionRolledBack, FormedLot,
};
pub use wallet::{BalanceLow, CapSet, LimitSet, ThresholdSet, WalletFrozen, WalletOpened, WalletUnfrozen};

use serde::de::DeserializeSeed;

use crate::{Asked, Balances, Credits};

/// Amounts of nothing are left out of the stored bytes.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
const fn is_zero(amount: &Credits) -> bool {
    amount.is_zero()
}

/// What an event keeps its data in.
macro_rules! data_of {
    ($name:ident) => { $name };
    ($name:ident $holder:ident) => { $holder<$name> };
}

macro_rules! event_types {
    (
        $($name:ident $(in $holder:ident)? = $type:literal),+ $(,)?;
        auth $($auth:ident $(in $auth_holder:ident)? = $auth_type:literal),+ $(,)?
    ) => {
        /// Something that happened, by type. The large types that are not the everyday ones are boxed, because
        /// every event takes as much room as the largest type that is not.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event {
            $(
                #[doc = concat!("`", $type, "`")]
                $name(data_of!($name $($holder)?)),
            )+
            /// `auth.*`: about who may call.
            Auth(AuthEvent),
        }

        /// Something that happened about who may call: `auth.*`, by type.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum AuthEvent {$(
            #[doc = concat!("`", $auth_type, "`")]
            $auth(data_of!($auth $($auth_holder)?)),
        )+}

        /// The type of an event, version included.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventType {
            $(
                #[doc = concat!("`", $type, "`")]
                $name,
            )+
            $(
                #[doc = concat!("`", $auth_type, "`")]
                $auth,
            )+
        }

        impl EventType {
            /// Every type there is.
            pub const ALL: &[Self] = &[$(Self::$name,)+ $(Self::$auth,)+];

            /// The name in the envelope, such as `credits.deducted.v1`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $type,)+ $(Self::$auth => $auth_type,)+ }
            }

            /// The type with this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($type => Some(Self::$name),)+
                    $($auth_type => Some(Self::$auth),)+
                    _ => None,
                }
            }

            /// The JSON Schema of this type's `data`.
            #[must_use]
            pub fn schema(self) -> schemars::Schema {
                match self {
                    $(Self::$name => schemars::schema_for!($name),)+
                    $(Self::$auth => schemars::schema_for!($auth),)+
                }
            }
        }

        impl Event {
            /// The event's type.
            #[must_use]
            pub const fn event_type(&self) -> EventType {
                match self {
                    $(Self::$name(_) => EventType::$name,)+
                    Self::Auth(event) => event.event_type(),
                }
            }
        }

        impl AuthEvent {
            /// The event's type.
            #[must_use]
            pub const fn event_type(&self) -> EventType {
                match self { $(Self::$auth(_) => EventType::$auth,)+ }
            }
        }

        impl serde::Serialize for Event {
            /// Writes the `data` alone.
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$name(data) => data.serialize(serializer),)+
                    $(Self::Auth(AuthEvent::$auth(data)) => data.serialize(serializer),)+
                }
            }
        }

        impl<'de> DeserializeSeed<'de> for EventType {
            type Value = Event;
            /// Reads the `data` of this type.
            fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Event, D::Error> {
                match self {
                    $(Self::$name => serde::Deserialize::deserialize(deserializer).map(Event::$name),)+
                    $(Self::$auth => {
                        serde::Deserialize::deserialize(deserializer).map(AuthEvent::$auth).map(Event::Auth)
                    })+
                }
            }
        }

        $(impl From<$name> for Event {
            fn from(data: $name) -> Self {
                Self::$name(data.into())
            }
        })+

        $(impl From<$auth> for Event {
            fn from(data: $auth) -> Self {
                Self::Auth(AuthEvent::$auth(data.into()))
            }
        })+
    };
}

event_types! {
    WalletOpened = "wallet.opened.v1",
    CreditsPurchased in Box = "credits.purchased.v1",
    CreditsGranted = "credits.granted.v1",
    CreditsChecked = "credits.checked.v1",
    CreditsDeducted = "credits.deducted.v1",
    DeductionRolledBack in Box = "credits.deduction_rolled_back.v1",
    CreditsExpired = "credits.expired.v1",
    CommandRefused = "credits.command_refused.v1",
    CreditsHeld in Box = "credits.held.v1",
    HoldCaptured in Box = "credits.hold_captured.v1",
    HoldExtended = "credits.hold_extended.v1",
    HoldReleased = "credits.hold_released.v1",
    HoldExpired = "credits.hold_expired.v1",
    PurchaseRefunded in Box = "credits.purchase_refunded.v1",
    AdjustmentProposed = "credits.adjustment_proposed.v1",
    CreditsAdjusted in Box = "credits.adjusted.v1",
    WalletFrozen = "wallet.frozen.v1",
    WalletUnfrozen = "wallet.unfrozen.v1",
    LimitSet = "wallet.limit_set.v1",
    CapSet = "wallet.cap_set.v1",
    ThresholdSet = "wallet.threshold_set.v1",
    BalanceLow = "wallet.balance_low.v1",
    PriceSet = "price.set.v1",
    PolicySet = "organization.policy_set.v1",
    WriterChanged = "ledger.writer_changed.v1";
    auth
    OrganizationRegistered = "auth.organization_registered.v1",
    AppRegistered = "auth.app_registered.v1",
    ApiKeyIssued = "auth.api_key_issued.v1",
    ApiKeyExpirySet = "auth.api_key_expiry_set.v1",
    ApiKeyRevoked = "auth.api_key_revoked.v1",
    ClientSet in Box = "auth.client_set.v1",
    ClientSecretIssued = "auth.client_secret_issued.v1",
    ClientSecretRevoked = "auth.client_secret_revoked.v1",
    UserRegistered = "auth.user_registered.v1",
    UserVerified = "auth.user_verified.v1",
    UserRolesSet = "auth.user_roles_set.v1",
    UserDisabled = "auth.user_disabled.v1",
    UserEnabled = "auth.user_enabled.v1",
    UserLinked = "auth.user_linked.v1",
    PasswordChanged = "auth.password_changed.v1",
    UserSignedIn = "auth.user_signed_in.v1",
    SessionVerified = "auth.session_verified.v1",
    SessionRevoked = "auth.session_revoked.v1",
    SessionsRevoked = "auth.sessions_revoked.v1",
    AppAccessGranted = "auth.app_access_granted.v1",
    AppAccessRevoked = "auth.app_access_revoked.v1",
    TokenRevoked = "auth.token_revoked.v1",
    RefreshReused = "auth.refresh_reused.v1",
    GroupRegistered = "auth.group_registered.v1",
    GroupMemberAdded = "auth.group_member_added.v1",
    GroupMemberRemoved = "auth.group_member_removed.v1",
    SigningKeyChanged = "auth.signing_key_changed.v1",
}

/// Something of each event about a wallet; none of the others.
macro_rules! of_wallets {
    ($event:ident, $e:ident => $part:expr) => {
        match $event {
            Self::WalletOpened($e) => Some($part),
            Self::CreditsPurchased($e) => Some($part),
            Self::CreditsGranted($e) => Some($part),
            Self::CreditsChecked($e) => Some($part),
            Self::CreditsDeducted($e) => Some($part),
            Self::DeductionRolledBack($e) => Some($part),
            Self::CreditsExpired($e) => Some($part),
            Self::CommandRefused($e) => Some($part),
            Self::CreditsHeld($e) => Some($part),
            Self::HoldCaptured($e) => Some($part),
            Self::HoldExtended($e) => Some($part),
            Self::HoldReleased($e) => Some($part),
            Self::HoldExpired($e) => Some($part),
            Self::PurchaseRefunded($e) => Some($part),
            Self::AdjustmentProposed($e) => Some($part),
            Self::CreditsAdjusted($e) => Some($part),
            Self::WalletFrozen($e) => Some($part),
            Self::WalletUnfrozen($e) => Some($part),
            Self::LimitSet($e) => Some($part),
            Self::CapSet($e) => Some($part),
            Self::ThresholdSet($e) => Some($part),
            Self::BalanceLow($e) => Some($part),
            Self::PriceSet(_)
            | Self::PolicySet(_)
            | Self::Auth(_)
            | Self::WriterChanged(_) => None,
        }
    };
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
            Self::CreditsDeducted(e) => e.asked.as_ref(),
            Self::DeductionRolledBack(e) => Some(&e.asked),
            Self::CommandRefused(e) => Some(&e.asked),
            Self::CreditsHeld(e) => e.asked.as_ref(),
            Self::HoldCaptured(e) => Some(&e.asked),
            Self::HoldExtended(e) => Some(&e.asked),
            Self::HoldReleased(e) => e.asked.as_ref(),
            Self::PurchaseRefunded(e) => Some(&e.asked),
            Self::AdjustmentProposed(e) => Some(&e.asked),
            Self::CreditsAdjusted(e) => Some(&e.asked),
            Self::WalletFrozen(e) => Some(&e.asked),
            Self::WalletUnfrozen(e) => Some(&e.asked),
            Self::LimitSet(e) => Some(&e.asked),
            Self::CapSet(e) => Some(&e.asked),
            Self::ThresholdSet(e) => Some(&e.asked),
            Self::CreditsExpired(_)
            | Self::HoldExpired(_)
            | Self::BalanceLow(_)
            | Self::PriceSet(_)
            | Self::PolicySet(_)
            | Self::Auth(_)
            | Self::WriterChanged(_) => None,
        }
    }

    /// The wallet's credits that the event states, when it is about a wallet.
    #[must_use]
    pub const fn balances(&self) -> Option<&Balances> {
        of_wallets!(self, e => &e.wallet)
    }

    /// The same, for whoever decides the event.
    #[must_use]
    pub const fn balances_mut(&mut self) -> Option<&mut Balances> {
        of_wallets!(self, e => &mut e.wallet)
    }

    /// Whether time alone may cause the event: what runs out, and the warning that follows from it.
    #[must_use]
    pub const fn is_of_time(&self) -> bool {
        matches!(self, Self::CreditsExpired(_) | Self::HoldExpired(_) | Self::BalanceLow(_))
    }

    /// Whether the event changed a wallet; checks, refusals, proposals and warnings do not.
    #[must_use]
    pub const fn changes_wallet(&self) -> bool {
        match self {
            Self::WalletOpened(_)
            | Self::CreditsPurchased(_)
            | Self::CreditsGranted(_)
            | Self::CreditsDeducted(_)
            | Self::DeductionRolledBack(_)
            | Self::CreditsExpired(_)
            | Self::CreditsHeld(_)
            | Self::HoldCaptured(_)
            | Self::HoldExtended(_)
            | Self::HoldReleased(_)
            | Self::HoldExpired(_)
            | Self::PurchaseRefunded(_)
            | Self::CreditsAdjusted(_)
            | Self::WalletFrozen(_)
            | Self::WalletUnfrozen(_)
            | Self::LimitSet(_)
            | Self::CapSet(_)
            | Self::ThresholdSet(_) => true,
            Self::CreditsChecked(_)
            | Self::CommandRefused(_)
            | Self::AdjustmentProposed(_)
            | Self::BalanceLow(_)
            | Self::PriceSet(_)
            | Self::PolicySet(_)
            | Self::Auth(_)
            | Self::WriterChanged(_) => false,
        }
    }
}

/// Every event takes this much room, in each queue and each state that it passes through: a test in the
/// compiler, so that a new field cannot make all events larger unseen.
const _: () = assert!(size_of::<Event>() <= 152, "box what is rare: every event would grow");
