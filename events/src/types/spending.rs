//! Credits that are asked about, spent, given back, and that run out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AppId, Asked, Balances, Budget, Credits, LotTerms, Metadata, Position, Priced, ReturnedSlice, Slices,
    Time,
};

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
    /// How the cost came about, when the request named usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Box<Priced>>,
    /// The budget that would have paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Position of the hold that was placed with the check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Position>,
    /// The wallet as it was.
    pub wallet: Balances,
}

/// `credits.deducted`: credits were spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditsDeducted {
    /// Key and request hash of the command; of an atomic batch, its last item has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// The app's name for what was bought.
    pub service: Box<str>,
    /// Credits spent: the sum of the slices and what was overdrawn.
    pub cost: Credits,
    /// From which lots, in burn-down order.
    pub slices: Slices,
    /// What no lot paid: drawn on the wallet's credit limit.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub overdrawn: Credits,
    /// How the cost came about, when the request named usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Box<Priced>>,
    /// The budget that it counts against, beside the app's own caps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Its place in an atomic batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchItem>,
    /// The app's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// The place of a deduction in an atomic batch; the items stand at contiguous positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BatchItem {
    /// From 0.
    pub index: u16,
    /// Items of the batch.
    pub size: u16,
}

/// `credits.deduction_rolled_back`: a deduction was given back, whole or in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeductionRolledBack {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// Position of the deduction, or of the capture of a hold.
    pub deduction: Position,
    /// What had been bought. The first events of this type do not say it, so it cannot be told what
    /// service they gave credits back for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Box<str>>,
    /// The app that had spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spender: Option<AppId>,
    /// When it had spent. The first events of this type do not say it: those were written before there
    /// were caps, from which such a rollback takes nothing back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Time>,
    /// The budget that it had counted against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Credits given back: the sum of the slices and of what had been overdrawn.
    pub amount: Credits,
    /// All that was given back of this deduction so far, this time included.
    pub returned: Credits,
    /// To which lots, in the reverse of the deduction's order.
    pub slices: Vec<ReturnedSlice>,
    /// The part that no lot had paid: it reduces the wallet's debt.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub overdrawn: Credits,
    /// What of that part found no debt any more: it forms a lot whose id is this event's position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formed: Option<FormedLot>,
    /// What was taken from lots at once to pay the wallet's debt, in burn-down order.
    #[serde(default, skip_serializing_if = "Slices::is_empty")]
    pub settled: Slices,
    /// Why, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// A lot that a rollback formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FormedLot {
    /// How much.
    pub amount: Credits,
    /// Its terms.
    pub terms: LotTerms,
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
