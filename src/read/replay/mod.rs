//! Folding the whole log again: to compare the projections with it, and to verify it.

mod compare;
mod differences;
mod footing;
mod lists;
mod rows;
mod verify;

pub use self::{
    compare::{Comparison, compare},
    differences::Differences,
    lists::{EntryList, ListDigest},
    verify::{Verified, VerifyFault, verify},
};

use events::Position;
use projections::Poison;

use super::{PageFault, StoreFault};

/// Why a replay came to no result.
#[derive(Debug, thiserror::Error)]
pub enum ReplayFault {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] PageFault),
    /// An event cannot follow from what was before it; `verify` says more.
    #[error(transparent)]
    Poison(#[from] Poison),
    /// The live rows cannot be read.
    #[error(transparent)]
    Live(#[from] StoreFault),
    /// The projections went on meanwhile.
    #[error("the projections moved from {before} to {after} while they were compared: stop the server first")]
    Moved {
        /// The checkpoint at the start.
        before: Position,
        /// The checkpoint at the end.
        after: Position,
    },
}

/// A number by which two lists of answers are compared whatever their order: the sums of their
/// digests are equal when the lists are, and hardly ever otherwise.
#[must_use]
pub fn answer_digest(fingerprint: u64, position: u64) -> u128 {
    // Any odd number with irregular bits: these are of the golden ratio.
    let odd = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835_u128;
    let both = (u128::from(fingerprint) << 64 | u128::from(position)).wrapping_mul(odd);
    (both ^ both >> 71).wrapping_mul(odd)
}
