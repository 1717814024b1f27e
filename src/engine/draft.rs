//! What one group has decided, until the log has stored it.

use events::{CommandId, Position, Time, WalletId};
use ledger::Wallet;

use super::{idmap::IdMap, memory::Returned};

/// The changes of one group to the state before it.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The last stamp, of the group's events or of those before them.
    pub(super) time: Time,
    /// The wallets that the group changed.
    pub(super) wallets: IdMap<WalletId, Wallet>,
    /// The group's answers, by their index among its events.
    pub(super) answers: IdMap<CommandId, usize>,
    /// The same by position, in order.
    pub(super) order: Vec<(CommandId, Position)>,
    /// What its rollbacks made of the amounts returned.
    pub(super) returned: Returned,
}

impl Draft {
    /// Nothing decided yet; the last stamp was `time`.
    pub(super) fn new(time: Time) -> Self {
        Self { time, ..Self::default() }
    }
}
