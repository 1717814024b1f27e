//! What goes into a fold, and what comes out of it.

use events::{OrgId, Position, Time, WalletId};
use projections::{
    Basis, Changed, EntryRow, Identity, ReturnedRow, RuleChanged, Rules, Totals, UsageCounts, UsageKey,
    WalletRow,
};

/// A wallet's row, and how many events it has: checks and refusals too, unlike `account_seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The row.
    pub row: WalletRow,
    /// Its events.
    pub events: u64,
}

/// A wallet as it was after one of its events, so that a past state is near one that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletMark {
    /// The wallet.
    pub wallet: WalletId,
    /// The event.
    pub last: Position,
    /// How many events had changed the wallet.
    pub account_seq: u64,
    /// The rest of the row, as [`WalletRow::pack`] says.
    pub state: Vec<u8>,
}

/// All that had flowed through an organization's wallets at some position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiabilityMark {
    /// The organization.
    pub org: OrgId,
    /// Events below it are in the totals, none above.
    pub position: Position,
    /// The sums.
    pub totals: Totals,
}

/// When a wallet changes by itself next, which is another time than before the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerChange {
    /// The wallet.
    pub wallet: WalletId,
    /// When; none when nothing in it expires any more.
    pub due: Option<Time>,
}

/// What a fold that goes on at a checkpoint must know.
#[derive(Debug, Default)]
pub struct Start {
    /// The number of events applied.
    pub checkpoint: Position,
    /// All identity rows.
    pub identity: Identity,
    /// All rules.
    pub rules: Rules,
    /// The last liability mark of each organization.
    pub marks: Vec<LiabilityMark>,
    /// The entries from [`mark_below`](super::mark_below) the checkpoint on.
    pub entries: Vec<EntryRow>,
}

/// Rows that a page of events needs and that are not in memory.
#[derive(Debug, Default)]
pub struct Missing {
    /// Wallets, those that the page opens among them: one that exists already must not open again.
    pub wallets: Vec<WalletId>,
    /// Earlier events that the page undoes.
    pub returned: Vec<Position>,
    /// Lots that rollbacks of the page may bring back to life.
    pub bases: Vec<Position>,
}

/// The rows of [`Missing`] that exist.
#[derive(Debug, Default)]
pub struct Found {
    /// Wallets.
    pub wallets: Vec<Kept>,
    /// What was undone of earlier events.
    pub returned: Vec<ReturnedRow>,
    /// What lots cost.
    pub bases: Vec<(Position, Basis)>,
}

/// What a run of events changed.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The first event of the run.
    pub start: Position,
    /// The position after its last event.
    pub end: Position,
    /// Each wallet that changed, as it is now, in order of id.
    pub wallets: Vec<&'a Kept>,
    /// Timers that changed, in order of their wallets' ids.
    pub timers: Vec<TimerChange>,
    /// Wallets as they were after every 64th of their events.
    pub wallet_marks: &'a [WalletMark],
    /// The entries, in order of position.
    pub entries: &'a [EntryRow],
    /// Fingerprint of each answered command, and where its answer is.
    pub answers: &'a [(u64, Position)],
    /// What was undone of earlier events, as it is now.
    pub returned: Vec<ReturnedRow>,
    /// What purchases cost, in order of position.
    pub bases: &'a [(Position, Basis)],
    /// What is to be added to each counter.
    pub usage: Vec<(&'a UsageKey, &'a UsageCounts)>,
    /// New marks, in order of position.
    pub liability_marks: &'a [LiabilityMark],
    /// The identity rows that changed, by name.
    pub identity_changes: &'a [Changed],
    /// All identity rows.
    pub identity: &'a Identity,
    /// The rules that changed, by name.
    pub rule_changes: &'a [RuleChanged],
    /// All rules.
    pub rules: &'a Rules,
}
