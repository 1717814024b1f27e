//! What one group has decided, until the log has stored it.

use std::sync::Arc;

use events::{CommandId, IdMap, Position, Recorded, Time, WalletId};
use ledger::Wallet;

use super::{
    cold::Timer,
    memory::{Returned, RulesByOrg},
};

/// The changes of one group to the state before it.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The group's events, to be handed over once they are stored.
    pub(super) events: Vec<Arc<Recorded>>,
    /// The last stamp, of the group's events or of those before them.
    pub(super) time: Time,
    /// The wallets that the group changed.
    pub(super) wallets: IdMap<WalletId, Wallet>,
    /// The group's answers, by their index among its events.
    pub(super) answers: IdMap<CommandId, usize>,
    /// The same by position, in order.
    pub(super) order: Vec<(CommandId, Position)>,
    /// What its events made of the amounts undone.
    pub(super) returned: Returned,
    /// What its facts made of organizations' rules.
    pub(super) rules: RulesByOrg,
    /// Wallets whose timers its decisions moved, in order.
    pub(super) moved: Vec<Moved>,
    /// Timers that it was asked to look at.
    pub(super) fired: Vec<Timer>,
}

/// A wallet's timer before and after a decision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moved {
    pub(super) wallet: WalletId,
    pub(super) before: Option<Time>,
    pub(super) after: Option<Time>,
}

impl Draft {
    /// Nothing decided yet; the last stamp was `time`.
    pub(super) fn new(time: Time) -> Self {
        Self { time, ..Self::default() }
    }
}
