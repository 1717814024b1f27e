//! What the runner and a replay need of the place where rows are kept.

use events::{CommandId, Position, WalletId};
use projections::{Basis, EntryRow, Identity, ReturnedRow, Rules, UsageCounts, UsageKey};

use super::{
    Batch, Found, Kept, LiabilityMark, Missing, Start, WalletMark,
    replay::{EntryList, ListDigest},
};
use crate::engine::Timer;

/// Why rows could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// Nothing was written; the same may succeed later.
    #[error("the projections can't be read or written: {0}")]
    Unavailable(String),
    /// Somebody else moved the checkpoint, or the rows break the store's own rules.
    #[error("the projections are corrupt: {0}")]
    Corrupt(String),
}

/// Keeps rows and checkpoint. Only one owner writes.
pub trait Store: Send {
    /// The number of events applied.
    fn checkpoint(&self) -> Position;

    /// What a fold needs to go on at the checkpoint.
    fn start(&mut self) -> impl Future<Output = Result<Start, StoreFault>> + Send;

    /// Those of the missing rows that exist.
    fn find(&mut self, missing: &Missing) -> impl Future<Output = Result<Found, StoreFault>> + Send;

    /// Writes the batch and moves the checkpoint from its start to its end, all or nothing; readers
    /// see it when this returns.
    fn write(&mut self, batch: &Batch<'_>) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// Leaves everything in order on disk.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// Reads whole projections, to compare them with a replay. They must stand still meanwhile.
pub trait Live: Send + Sync {
    /// The number of events applied.
    fn applied(&self) -> impl Future<Output = Result<Position, StoreFault>> + Send;

    /// Whether the entries at positions from `from` up to, not including, `to` are exactly
    /// `expected`; quicker than reading them.
    fn entries_are(
        &self,
        from: Position,
        to: Position,
        expected: &[EntryRow],
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// The entries at positions from `from` up to, not including, `to`, in order.
    fn entries_between(
        &self,
        from: Position,
        to: Position,
    ) -> impl Future<Output = Result<Vec<EntryRow>, StoreFault>> + Send;

    /// Every list of entries, with the digest of the positions that it leads to.
    fn list_digests(&self) -> impl Future<Output = Result<Vec<(EntryList, ListDigest)>, StoreFault>> + Send;

    /// The positions from `from` up to, not including, `to` that a list of entries leads to.
    fn listed(
        &self,
        list: EntryList,
        from: Position,
        to: Position,
    ) -> impl Future<Output = Result<Vec<Position>, StoreFault>> + Send;

    /// At most `limit` wallets with ids above `after`, in order of id.
    fn wallets_after(
        &self,
        after: Option<WalletId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Kept>, StoreFault>> + Send;

    /// At most `limit` returned amounts of earlier events from `from` on, in order.
    fn returned_from(
        &self,
        from: Position,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ReturnedRow>, StoreFault>> + Send;

    /// At most `limit` timers above `after`, in order.
    fn timers_after(
        &self,
        after: Option<Timer>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Timer>, StoreFault>> + Send;

    /// At most `limit` marks of wallets above `after`, in order of wallet and event.
    fn wallet_marks_after(
        &self,
        after: Option<(WalletId, Position)>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<WalletMark>, StoreFault>> + Send;

    /// Every mark of every organization's totals.
    fn liability_marks(&self) -> impl Future<Output = Result<Vec<LiabilityMark>, StoreFault>> + Send;

    /// At most `limit` bases of lots from `from` on, in order.
    fn bases_from(
        &self,
        from: Position,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(Position, Basis)>, StoreFault>> + Send;

    /// Every counter of usage.
    fn usage_rows(&self) -> impl Future<Output = Result<Vec<(UsageKey, UsageCounts)>, StoreFault>> + Send;

    /// All rules.
    fn rule_rows(&self) -> impl Future<Output = Result<Rules, StoreFault>> + Send;

    /// All identity rows.
    fn identity_rows(&self) -> impl Future<Output = Result<Identity, StoreFault>> + Send;

    /// How many answers the command index holds, and the sum of [`answer_digest`](super::replay::answer_digest)
    /// over them.
    fn answers_digest(&self) -> impl Future<Output = Result<(u64, u128), StoreFault>> + Send;

    /// Those of these answers that the command index does not lead to.
    fn answers_missing(
        &self,
        answers: &[(CommandId, Position)],
    ) -> impl Future<Output = Result<Vec<(CommandId, Position)>, StoreFault>> + Send;
}
