//! What happened to credits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Asked, Balances, Credits, LotTerms, Metadata, Position, Price, ReturnedSlice, Slices};

/// `credits.purchased`: credits that were paid for came in as one lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditsPurchased {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// Credits bought.
    pub amount: Credits,
    /// The lot they form; its id is this event's position.
    pub lot: LotTerms,
    /// The payment's id at the payment provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_reference: Option<Box<str>>,
    /// What was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_paid: Option<Price>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `credits.granted`: credits that were given for free came in as one lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditsGranted {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// Credits given.
    pub amount: Credits,
    /// The lot they form; its id is this event's position.
    pub lot: LotTerms,
    /// Why, in the granter's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `credits.checked`: an app asked whether a cost could be paid; nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditsChecked {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// The app's name for what it sells.
    pub service: Box<str>,
    /// The cost asked about.
    pub cost: Credits,
    /// Whether it could have been paid at this position.
    pub sufficient: bool,
    /// The wallet as it was.
    pub wallet: Balances,
}

/// `credits.deducted`: credits were spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditsDeducted {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// The app's name for what was bought.
    pub service: Box<str>,
    /// Credits spent: the sum of the slices.
    pub cost: Credits,
    /// From which lots, in burn-down order.
    pub slices: Slices,
    /// The app's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `credits.deduction_rolled_back`: a deduction was given back, whole or in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeductionRolledBack {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// Position of the deduction.
    pub deduction: Position,
    /// Credits given back: the sum of the slices.
    pub amount: Credits,
    /// All that was given back of this deduction so far, this time included.
    pub returned: Credits,
    /// To which lots, in the reverse of the deduction's order.
    pub slices: Vec<ReturnedSlice>,
    /// Why, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `credits.expired`: what was left of a lot expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditsExpired {
    /// Position of the purchase or grant that made the lot.
    pub lot: Position,
    /// Credits that expired.
    pub amount: Credits,
    /// The wallet afterwards.
    pub wallet: Balances,
}

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
        }
    }
}
