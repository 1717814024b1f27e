//! The engine's view of what it no longer has in memory: a port that the read side fills.

use events::{CommandId, Credits, Position, WalletId};
use futures::future::BoxFuture;
use ledger::Wallet;
use tokio::sync::watch;

/// What a group of commands needs from the projections.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Wallets that are not in memory.
    pub wallets: Vec<WalletId>,
    /// Command ids that [`ColdState::may_know`] could not rule out.
    pub commands: Vec<CommandId>,
    /// Deductions whose returned amounts are not in memory.
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
    /// What was given back of each deduction.
    pub returned: Vec<(Position, Credits)>,
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

    /// The checkpoint (the number of events applied), as it advances. It is published only after
    /// [`Self::may_know`] and [`Self::load`] reflect it.
    fn checkpoint(&self) -> watch::Receiver<Position>;
}
