//! The published contract of the credit ledger: event types, their envelope and their encoding.
//!
//! An event is stored once, as the bytes of a CloudEvents 1.0 JSON document; those bytes are what
//! the feed delivers and what proofs hash. [`encode`] makes them, [`decode`] reads every form that
//! was ever stored, and nothing re-encodes them.

mod canonical;
mod credits;
mod envelope;
mod ids;
mod parts;
mod time;
mod types;
pub mod upcast;

pub use credits::{Credits, CreditsError};
pub use envelope::{DecodeError, EncodeError, Envelope, MAX_EVENT_BYTES, Recorded, Subject, decode, encode};
pub use ids::{AppId, CommandId, EventId, KeyId, LedgerId, OrgId, Position, PublicId, PublicKind, WalletId};
pub use parts::{
    Asked, Balances, Class, Currency, HexError, LotTerms, Metadata, MetadataError, Price, RequestHash,
    ReturnedSlice, Salt, Slice, Slices, Verifier,
};
pub use time::{Time, TimeError};
pub use types::{
    ApiKeyIssued, ApiKeyRevoked, AppRegistered, CommandRefused, CreditsChecked, CreditsDeducted,
    CreditsExpired, CreditsGranted, CreditsPurchased, DeductionRolledBack, Event, EventType, Operation,
    OrganizationRegistered, Refusal, WalletOpened, WriterChanged,
};
