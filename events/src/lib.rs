//! The published contract of the credit ledger: event types, their envelope and their encoding.
//!
//! An event is stored once, as the bytes of a CloudEvents 1.0 JSON document; those bytes are what
//! the feed delivers and what proofs hash. [`encode`] makes them, [`decode`] reads every form that
//! was ever stored, and nothing re-encodes them.

mod canonical;
mod credits;
mod digits;
mod envelope;
mod id_map;
mod ids;
mod parts;
mod period;
mod price;
mod rounding;
pub mod schema;
mod time;
mod types;
pub mod upcast;

pub use credits::{Credits, CreditsError};
pub use envelope::{DecodeError, EncodeError, Envelope, MAX_EVENT_BYTES, Recorded, Subject, decode, encode};
pub use id_map::{IdHasher, IdMap, IdSet};
pub use ids::{
    AppId, CommandId, EventId, FamilyId, GroupId, KeyId, LedgerId, OrgId, Position, PublicId, PublicKind,
    SecretId, SessionId, TokenId, UserId, WalletId,
};
pub use parts::{
    Asked, Balances, Budget, Class, Currency, HexError, LotTerms, Metadata, MetadataError, Price,
    RequestHash, ReturnedSlice, Salt, Slice, Slices, Verifier,
};
pub use period::Period;
pub use price::{PriceLine, Priced, Quantity, UnitPrice};
pub use rounding::half_even;
pub use time::{Time, TimeError};
pub use types::{
    AdjustmentProposed, ApiKeyExpirySet, ApiKeyIssued, ApiKeyRevoked, AppAccessGranted, AppAccessRevoked,
    AppRegistered, AuthEvent, BalanceLow, BatchItem, CapSet, ClientSecretIssued, ClientSecretRevoked,
    ClientSet, CommandRefused, CostPolicy, CreditsAdjusted, CreditsChecked, CreditsDeducted, CreditsExpired,
    CreditsGranted, CreditsHeld, CreditsPurchased, DeductionRolledBack, Event, EventType, ExpiryPolicy,
    FormedLot, GroupMemberAdded, GroupMemberRemoved, GroupRegistered, GroupRole, HoldCaptured, HoldExpired,
    HoldExtended, HoldReleased, LimitSet, Operation, OrganizationRegistered, PasswordChanged, PolicySet,
    PriceSet, ProposedLot, PurchaseRefunded, RefreshReused, RefundCause, Refusal, SessionRevoked,
    SessionVerified, SessionsRevoked, SigningKeyChanged, SigningKeyState, ThresholdSet, TokenRevoked,
    UserDisabled, UserEnabled, UserLinked, UserRegistered, UserRole, UserRolesSet, UserSignedIn,
    UserVerified, WalletFrozen, WalletOpened, WalletUnfrozen, WriterChanged,
};
