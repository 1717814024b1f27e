//! Refusals: answers too, kept for ever.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Asked, Balances, Credits, Period};

/// `credits.command_refused`: a command was refused because of the wallet's state; the refusal
/// is the command's answer for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandRefused {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// What was asked for.
    pub operation: Operation,
    /// Why it was refused.
    pub refusal: Refusal,
    /// Which item of an atomic batch it was, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u16>,
    /// The wallet as it was.
    pub wallet: Balances,
}

/// The operations that can be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Open a wallet.
    OpenWallet,
    /// Purchase credits.
    Purchase,
    /// Grant credits.
    Grant,
    /// Check a cost.
    Check,
    /// Deduct credits.
    Deduct,
    /// Roll a deduction back.
    Rollback,
    /// Hold credits.
    Hold,
    /// Capture from a hold.
    Capture,
    /// Give a hold a new end.
    Extend,
    /// Release a hold.
    Release,
    /// Refund a purchase, or record its chargeback.
    Refund,
    /// Adjust a wallet, or propose to.
    Adjust,
    /// Approve a proposed adjustment.
    Approve,
    /// Freeze a wallet.
    Freeze,
    /// Unfreeze a wallet.
    Unfreeze,
    /// Set a wallet's credit limit.
    SetLimit,
    /// Cap an app's spending from a wallet.
    SetCap,
    /// Set when a wallet's credits are low.
    SetThreshold,
    /// Deduct many costs, all or none.
    DeductBatch,
}

/// Why the state of a wallet refused a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    /// The wallet has less available than required.
    InsufficientCredits {
        /// What could be spent.
        available: Credits,
        /// What the command required.
        required: Credits,
    },
    /// The wallet is open already.
    WalletAlreadyExists,
    /// More than the rest of the deduction was to be given back.
    RollbackExceedsDeduction {
        /// What may still be given back.
        remaining: Credits,
        /// What the command asked to give back.
        requested: Credits,
    },
    /// The wallet has as many live lots as a wallet may have.
    TooManyLots,
    /// The balance would leave the range of [`Credits`].
    BalanceOverflow,
    /// The wallet is frozen.
    WalletFrozen,
    /// The wallet is not frozen.
    WalletNotFrozen,
    /// The hold is captured, released or expired already.
    HoldClosed,
    /// More than the hold's cap was to be captured in all.
    CaptureExceedsHold {
        /// What may still be captured.
        remaining: Credits,
        /// What the command asked to capture.
        requested: Credits,
    },
    /// The wallet has as many open holds as a wallet may have.
    TooManyHolds,
    /// More than the rest of the purchase was to be taken back.
    RefundExceedsPurchase {
        /// What may still be taken back.
        remaining: Credits,
        /// What the command asked to take back.
        requested: Credits,
    },
    /// The proposed adjustment was approved before.
    AdjustmentAlreadyApproved,
    /// Who proposed an adjustment cannot approve it.
    ApproverIsProposer,
    /// The app, or the budget it named, would spend more than its cap allows.
    CapExceeded {
        /// The cap's period.
        period: Period,
        /// The cap.
        cap: Credits,
        /// What is spent or held in the period already.
        used: Credits,
        /// What the command required.
        required: Credits,
    },
    /// The app has no budget with this name in this wallet.
    UnknownBudget,
    /// The wallet has as many caps as a wallet may have.
    TooManyCaps,
    /// The service has no price now.
    NoPrice,
    /// The service's price knows no such unit.
    UnknownUnit,
    /// The usage costs nothing, or less than half a micro-credit.
    CostIsZero,
    /// The service has a price, so the organization accepts no other cost.
    CostForbidden,
}

impl Refusal {
    /// The problem code, as in `docs/problems/`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InsufficientCredits { .. } => "insufficient-credits",
            Self::WalletAlreadyExists => "wallet-already-exists",
            Self::RollbackExceedsDeduction { .. } => "rollback-exceeds-deduction",
            Self::TooManyLots => "too-many-lots",
            Self::BalanceOverflow => "balance-overflow",
            Self::WalletFrozen => "wallet-frozen",
            Self::WalletNotFrozen => "wallet-not-frozen",
            Self::HoldClosed => "hold-closed",
            Self::CaptureExceedsHold { .. } => "capture-exceeds-hold",
            Self::TooManyHolds => "too-many-holds",
            Self::RefundExceedsPurchase { .. } => "refund-exceeds-purchase",
            Self::AdjustmentAlreadyApproved => "adjustment-already-approved",
            Self::ApproverIsProposer => "approver-is-proposer",
            Self::CapExceeded { .. } => "cap-exceeded",
            Self::UnknownBudget => "unknown-budget",
            Self::TooManyCaps => "too-many-caps",
            Self::NoPrice => "no-price",
            Self::UnknownUnit => "unknown-unit",
            Self::CostIsZero => "cost-is-zero",
            Self::CostForbidden => "cost-forbidden",
        }
    }
}
