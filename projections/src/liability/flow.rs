//! By which ways credits come into wallets and leave them.

use crate::EntryKind;

/// A line of a roll-forward. New ones come last: stores keep the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flow {
    /// Bought.
    Purchased,
    /// Given.
    Granted,
    /// Given back: what had been consumed is not any more.
    RolledBack,
    /// Spent, by deductions and captures: the revenue is earned.
    Consumed,
    /// Expired: the revenue is earned without a service, which is breakage.
    Expired,
    /// Taken back by the seller.
    Refunded,
    /// Taken back by payers' banks.
    ChargedBack,
    /// Corrected by people.
    Adjusted,
    /// Taken out of lots to pay debt: consumed before it was there.
    Settled,
}

impl Flow {
    /// Every flow, in the order of its number.
    pub const ALL: &[Self] = &[
        Self::Purchased,
        Self::Granted,
        Self::RolledBack,
        Self::Consumed,
        Self::Expired,
        Self::Refunded,
        Self::ChargedBack,
        Self::Adjusted,
        Self::Settled,
    ];

    /// The name, such as `rolled_back`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchased => "purchased",
            Self::Granted => "granted",
            Self::RolledBack => "rolled_back",
            Self::Consumed => "consumed",
            Self::Expired => "expired",
            Self::Refunded => "refunded",
            Self::ChargedBack => "charged_back",
            Self::Adjusted => "adjusted",
            Self::Settled => "settled",
        }
    }

    /// The flow of an entry's own movement; none when its kind moves nothing by itself.
    #[must_use]
    pub const fn of(kind: EntryKind) -> Option<Self> {
        match kind {
            EntryKind::Purchase => Some(Self::Purchased),
            EntryKind::Grant => Some(Self::Granted),
            EntryKind::Rollback => Some(Self::RolledBack),
            EntryKind::Deduction | EntryKind::Capture => Some(Self::Consumed),
            EntryKind::Expiry => Some(Self::Expired),
            EntryKind::Refund => Some(Self::Refunded),
            EntryKind::Chargeback => Some(Self::ChargedBack),
            EntryKind::Adjustment => Some(Self::Adjusted),
            EntryKind::Opened
            | EntryKind::Check
            | EntryKind::Refusal
            | EntryKind::Hold
            | EntryKind::Extension
            | EntryKind::Release
            | EntryKind::HoldExpiry
            | EntryKind::Proposal
            | EntryKind::Freeze
            | EntryKind::Unfreeze
            | EntryKind::Limit
            | EntryKind::Cap
            | EntryKind::Threshold
            | EntryKind::LowBalance => None,
        }
    }
}
