//! What is computed from the events, and nothing else: balances and lots, audit entries, the
//! answers to commands, identity, and an auditor that believes nothing it can recompute.
//!
//! Everything here is pure: an event and a row in, the next row out. It is an independent second
//! computation beside the one that decides commands, so that a mistake in either shows as a
//! difference.

mod audience;
mod auditor;
mod basis;
mod commands;
mod entries;
mod identity;
mod liability;
mod packed;
mod people;
mod poison;
mod returned;
mod rules;
mod usage;
mod varint;
mod wallets;

#[cfg(test)]
mod samples;

pub use audience::{Audience, Occurrence, Whose};
pub use auditor::{Account, Auditor, Finding, Summary};
pub use basis::{Bases, Basis};
pub use commands::{answer, fingerprint};
pub use entries::{EntryKind, EntryRow, reference};
pub use identity::{AppRow, Changed, Identity, KeyRow, OrgRow};
pub use liability::{Flow, Held, Line, RollForward, Standing, Totals, ValueLine};
pub use packed::{pack_entries, pack_positions, unpack_entries, unpack_positions};
pub use people::{
    AccessRow, ClientRow, DENIALS_KEPT_MICROS, GroupRow, MemberRow, People, PersonRow, RowKey, SecretRow,
    SessionRow, SigningKeyRow, TokenRow, UserRow,
};
pub use poison::{Fault, Poison};
pub use returned::ReturnedRow;
pub use rules::{PolicyRow, PriceRow, RuleChanged, Rules};
pub use usage::{UsageCounts, UsageKey, usage};
pub use wallets::{CapRow, HoldRow, LotRow, Parts, Value, WalletRow};

/// Names and versions of the projections. A new version of one is built from the first event, beside
/// the old one: bump it whenever rows of the same events come out differently.
pub const VERSIONS: &[(&str, u32)] = &[
    ("bases", basis::VERSION),
    ("commands", commands::VERSION),
    ("entries", entries::VERSION),
    ("identity", identity::VERSION),
    ("liability", liability::VERSION),
    ("returned", returned::VERSION),
    ("rules", rules::VERSION),
    ("usage", usage::VERSION),
    ("wallets", wallets::VERSION),
];
