//! Refusals: one for each reason and each operation.

use events::{CommandRefused, Operation, Period, Refusal};

use super::{Sample, asked, bare, credits, full, holding, keyless};

pub(super) fn all() -> Vec<Sample> {
    let refused = |operation, refusal| CommandRefused {
        asked: asked(),
        operation,
        refusal,
        item: None,
        wallet: holding("1"),
    };
    let insufficient = Refusal::InsufficientCredits { available: credits("1"), required: credits("1.5") };
    let (remaining, requested) = (credits("0.5"), credits("1"));
    let capped = Refusal::CapExceeded {
        period: Period::Month,
        cap: credits("5"),
        used: credits("4.25"),
        required: credits("1"),
    };
    let keyless = CommandRefused { asked: keyless(), ..refused(Operation::Check, insufficient) };
    let of_item = CommandRefused { item: Some(7), ..refused(Operation::DeductBatch, insufficient) };
    let rollback = Refusal::RollbackExceedsDeduction { remaining, requested };
    let capture = Refusal::CaptureExceedsHold { remaining, requested };
    let refund = Refusal::RefundExceedsPurchase { remaining, requested };
    let reasons = [
        ("01-insufficient-credits", Operation::Deduct, insufficient),
        ("02-wallet-already-exists", Operation::OpenWallet, Refusal::WalletAlreadyExists),
        ("03-rollback-exceeds-deduction", Operation::Rollback, rollback),
        ("04-too-many-lots", Operation::Purchase, Refusal::TooManyLots),
        ("05-balance-overflow", Operation::Grant, Refusal::BalanceOverflow),
        ("08-wallet-frozen", Operation::Freeze, Refusal::WalletFrozen),
        ("09-wallet-not-frozen", Operation::Unfreeze, Refusal::WalletNotFrozen),
        ("10-hold-closed", Operation::Extend, Refusal::HoldClosed),
        ("11-capture-exceeds-hold", Operation::Capture, capture),
        ("12-too-many-holds", Operation::Hold, Refusal::TooManyHolds),
        ("13-refund-exceeds-purchase", Operation::Refund, refund),
        ("14-adjustment-already-approved", Operation::Approve, Refusal::AdjustmentAlreadyApproved),
        ("15-approver-is-proposer", Operation::Approve, Refusal::ApproverIsProposer),
        ("16-cap-exceeded", Operation::Hold, capped),
        ("17-unknown-budget", Operation::Deduct, Refusal::UnknownBudget),
        ("18-too-many-caps", Operation::SetCap, Refusal::TooManyCaps),
        ("19-no-price", Operation::Check, Refusal::NoPrice),
        ("20-unknown-unit", Operation::Capture, Refusal::UnknownUnit),
        ("21-cost-is-zero", Operation::Adjust, Refusal::CostIsZero),
        ("22-cost-forbidden", Operation::Deduct, Refusal::CostForbidden),
        ("23-a-release", Operation::Release, Refusal::HoldClosed),
        ("24-a-limit", Operation::SetLimit, Refusal::BalanceOverflow),
        ("25-a-threshold", Operation::SetThreshold, Refusal::BalanceOverflow),
    ];
    let reasons = reasons.map(|(name, operation, refusal)| full(name, refused(operation, refusal)));
    let mut samples = Vec::from(reasons);
    samples.extend([bare("06-bare", keyless), full("07-item-of-a-batch", of_item)]);
    samples
}
