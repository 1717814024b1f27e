//! The engine's view of what it no longer has in memory: a port that the read side fills.

use events::{CommandId, Credits, OrgId, Position, Time, WalletId};
use futures::future::BoxFuture;
use ledger::{Rules, Wallet};
use tokio::sync::watch;

/// What a group of commands needs from the projections.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Wallets that are not in memory.
    pub wallets: Vec<WalletId>,
    /// Command ids that [`ColdState::may_know`] could not rule out.
    pub commands: Vec<CommandId>,
    /// Deductions, captures, purchases and proposals whose undone amounts are not in memory.
    pub returned: Vec<Position>,
}

impl Wanted {
    /// Whether nothing is wanted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.wallets.is_empty() && self.commands.is_empty() && self.returned.is_empty()
    }
}

/// What the projections hold of it, all read in one snapshot. What does not exist is left out.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// Events below this position are in the rows, none above.
    pub checkpoint: Position,
    /// Wallets by id.
    pub wallets: Vec<(WalletId, Wallet)>,
    /// The position of each known command's answering event.
    pub commands: Vec<(CommandId, Position)>,
    /// What was given back of each deduction or capture, taken back of each purchase, and approved, by
    /// size, of each proposal.
    pub returned: Vec<(Position, Credits)>,
}

/// Every organization that has ruled anything, read in one snapshot.
#[derive(Debug, Clone, Default)]
pub struct LoadedRules {
    /// Rules set below this position are in, none above.
    pub checkpoint: Position,
    /// The rules.
    pub rules: Vec<(OrgId, Rules)>,
}

/// When a wallet changes by itself next ([`Wallet::due`]), and which. Timers are ordered by time, then
/// by wallet, as the bytes of its id.
pub type Timer = (Time, WalletId);

/// A page of timers, read in one snapshot.
#[derive(Debug, Clone, Default)]
pub struct LoadedTimers {
    /// Events below this position are in, none above.
    pub checkpoint: Position,
    /// The timers, in order.
    pub timers: Vec<Timer>,
}

/// Why the projections cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the projections cannot be read: {0}")]
pub struct ColdError(pub String);

/// The engine-state projection at its checkpoint.
pub trait ColdState: Send + Sync + 'static {
    /// Whether the command may be among those below the checkpoint; false is certain.
    fn may_know(&self, command: CommandId) -> bool;

    /// Reads everything wanted in one snapshot.
    fn load(&self, wanted: Wanted) -> BoxFuture<'_, Result<Loaded, ColdError>>;

    /// Reads the rules of all organizations.
    fn rules(&self) -> BoxFuture<'_, Result<LoadedRules, ColdError>>;

    /// Reads the first `limit` timers from `from` on, that one included; fewer only when there are no
    /// more.
    fn timers(&self, from: Timer, limit: usize) -> BoxFuture<'_, Result<LoadedTimers, ColdError>>;

    /// The checkpoint (the number of events applied), as it advances. It is published only after
    /// [`Self::may_know`] and [`Self::load`] reflect it.
    fn checkpoint(&self) -> watch::Receiver<Position>;
}
