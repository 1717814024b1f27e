//! Credits that come in, are taken back, or are corrected.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Asked, Balances, Class, Credits, LotTerms, Position, Price, Slices};

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
    /// What was taken from lots at once to pay the wallet's debt, in burn-down order.
    #[serde(default, skip_serializing_if = "Slices::is_empty")]
    pub settled: Slices,
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
    /// What was taken from lots at once to pay the wallet's debt, in burn-down order.
    #[serde(default, skip_serializing_if = "Slices::is_empty")]
    pub settled: Slices,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `credits.purchase_refunded`: a purchase was taken back, whole or in part. What is left of its lot
/// goes first; what was spent or is held becomes debt, which other lots pay at once. Expired credits
/// become debt only when whoever refunds names an amount that covers them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PurchaseRefunded {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// Position of the purchase.
    pub purchase: Position,
    /// Whether the seller gave the money back, or the payer's bank took it.
    pub cause: RefundCause,
    /// Credits taken back: the part from the lot and the debt.
    pub amount: Credits,
    /// All that was taken back of this purchase so far, this time included.
    pub refunded: Credits,
    /// The part that was still in the purchase's lot.
    pub taken: Credits,
    /// The part that had left the lot.
    pub debt: Credits,
    /// What was taken from lots at once to pay the wallet's debt, in burn-down order.
    #[serde(default, skip_serializing_if = "Slices::is_empty")]
    pub settled: Slices,
    /// Why, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// The refund's or dispute's id at the payment provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_reference: Option<Box<str>>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// Who took a purchase back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundCause {
    /// The seller.
    Refund,
    /// The payer's bank, on a dispute.
    Chargeback,
}

/// `credits.adjustment_proposed`: a correction that needs a second person's approval; nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AdjustmentProposed {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// Credits to add, or, below zero, to take.
    pub amount: Credits,
    /// The lot that added credits would form, with its expiry counted from the approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<ProposedLot>,
    /// Why.
    pub reason: Box<str>,
    /// The wallet as it was.
    pub wallet: Balances,
}

/// The lot that an adjustment would form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProposedLot {
    /// Bought or given.
    pub class: Class,
    /// 0 burns first, 255 last.
    pub priority: u8,
    /// How long it lives from the approval on, in microseconds; for ever, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after: Option<i64>,
}

/// `credits.adjusted`: a person corrected a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditsAdjusted {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// Credits added, or, below zero, taken.
    pub amount: Credits,
    /// The lot that added credits form; its id is this event's position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotTerms>,
    /// From which lots credits were taken, in burn-down order.
    #[serde(default, skip_serializing_if = "Slices::is_empty")]
    pub slices: Slices,
    /// What was taken from lots at once to pay the wallet's debt, in burn-down order.
    #[serde(default, skip_serializing_if = "Slices::is_empty")]
    pub settled: Slices,
    /// Why.
    pub reason: Box<str>,
    /// Position of the proposal that this approves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Position>,
    /// Who proposed it; who approved it is the event's `actor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<Box<str>>,
    /// The wallet afterwards.
    pub wallet: Balances,
}
