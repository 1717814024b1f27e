//! Events that cannot follow from what was before them.

use events::Position;

/// An event that a projection cannot apply. Nothing may skip it: the projection stops there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event at position {position} cannot be applied: {fault}")]
pub struct Poison {
    /// The event.
    pub position: Position,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A first event that opens nothing, or a second one that opens again.
    #[error("the wallet is not in the state that the event needs")]
    Opening,
    /// `previous` is not the wallet's last event, or `accountseq` is not the number due.
    #[error("it does not follow the wallet's last event")]
    Chain,
    /// A slice takes more than its lot or hold has, gives beyond the range, or is not above zero.
    #[error("a slice does not fit its lot or hold")]
    Slice,
    /// A lot or hold expires before its time, or not as a whole.
    #[error("what expires is not due, or not expired as a whole")]
    Terms,
    /// Debt below zero, or debt beside a free lot that could have paid it.
    #[error("debt is not what it can be")]
    Debt,
    /// The stated amounts are not what the slices make.
    #[error("the stated amounts are not what its slices make")]
    Amounts,
    /// It names another organization than its wallet, or none.
    #[error("it does not belong to the wallet's organization")]
    Organization,
    /// It is about something else than its type says, or about something unknown.
    #[error("it is about something that it cannot be about")]
    Subject,
}

impl Fault {
    pub(crate) const fn at(self, position: Position) -> Poison {
        Poison { position, fault: self }
    }
}
