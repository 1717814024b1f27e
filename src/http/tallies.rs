//! Commands by operation and outcome.

use std::sync::OnceLock;

use events::{Event, Operation};
use metrics::{Counter, counter};

use crate::telemetry::COMMANDS_TOTAL;

/// How a command ended, for its figures.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    /// It was done.
    Done,
    /// A check found enough credits.
    Sufficient,
    /// A check found too few.
    Insufficient,
    /// The wallet's state refused it.
    Refused,
    /// It got the answer of an earlier request.
    Replayed,
    /// It was only to be told what would happen.
    DryRun,
    /// No event answers it.
    Failed,
}

impl Outcome {
    const ALL: [(Self, &str); 7] = [
        (Self::Done, "done"),
        (Self::Sufficient, "sufficient"),
        (Self::Insufficient, "insufficient"),
        (Self::Refused, "refused"),
        (Self::Replayed, "replayed"),
        (Self::DryRun, "dry_run"),
        (Self::Failed, "failed"),
    ];

    pub(super) fn of(event: &Event, replayed: bool, dry_run: bool) -> Self {
        if dry_run {
            return Self::DryRun;
        }
        if replayed {
            return Self::Replayed;
        }
        match event {
            Event::CreditsChecked(check) if check.sufficient => Self::Sufficient,
            Event::CreditsChecked(_) => Self::Insufficient,
            Event::CommandRefused(_) => Self::Refused,
            Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::CreditsDeducted(_)
            | Event::DeductionRolledBack(_)
            | Event::CreditsExpired(_)
            | Event::CreditsHeld(_)
            | Event::HoldCaptured(_)
            | Event::HoldExtended(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::PurchaseRefunded(_)
            | Event::AdjustmentProposed(_)
            | Event::CreditsAdjusted(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_)
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::Auth(_)
            | Event::WriterChanged(_) => Self::Done,
        }
    }
}

const OPERATIONS: [(Operation, &str); 19] = [
    (Operation::OpenWallet, "open_wallet"),
    (Operation::Purchase, "purchase"),
    (Operation::Grant, "grant"),
    (Operation::Check, "check"),
    (Operation::Deduct, "deduct"),
    (Operation::Rollback, "rollback"),
    (Operation::Hold, "hold"),
    (Operation::Capture, "capture"),
    (Operation::Extend, "extend"),
    (Operation::Release, "release"),
    (Operation::Refund, "refund"),
    (Operation::Adjust, "adjust"),
    (Operation::Approve, "approve"),
    (Operation::Freeze, "freeze"),
    (Operation::Unfreeze, "unfreeze"),
    (Operation::SetLimit, "set_limit"),
    (Operation::SetCap, "set_cap"),
    (Operation::SetThreshold, "set_threshold"),
    (Operation::DeductBatch, "deduct_batch"),
];

/// Commands by operation and outcome. Each counter is made once.
#[derive(Default)]
pub(super) struct CommandTallies([[OnceLock<Counter>; Outcome::ALL.len()]; OPERATIONS.len()]);

impl CommandTallies {
    pub(super) fn count(&self, operation: Operation, outcome: Outcome) {
        let counter = self.0[operation as usize][outcome as usize].get_or_init(|| {
            let (_, operation) = OPERATIONS[operation as usize];
            let (_, outcome) = Outcome::ALL[outcome as usize];
            counter!(COMMANDS_TOTAL, "operation" => operation, "outcome" => outcome)
        });
        counter.increment(1);
    }
}

impl std::fmt::Debug for CommandTallies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandTallies").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_in_the_order_of_the_cases() {
        for (index, (operation, _)) in OPERATIONS.iter().enumerate() {
            assert_eq!(*operation as usize, index);
        }
        for (index, (outcome, _)) in Outcome::ALL.iter().enumerate() {
            assert_eq!(*outcome as usize, index);
        }
    }
}
