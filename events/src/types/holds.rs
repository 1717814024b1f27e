//! Credits that are reserved for a cost that is not known yet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Asked, Balances, Budget, Credits, Metadata, Position, Priced, Slices, Time};

/// `credits.held`: credits were reserved; its position is the hold's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditsHeld {
    /// Key and request hash of the command; absent when a check placed the hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// The app's name for what is to be bought.
    pub service: Box<str>,
    /// Credits reserved: the sum of the slices and what is overdrawn.
    pub amount: Credits,
    /// The most that may be captured in all, at least `amount`.
    pub cap: Credits,
    /// When what is left is released by itself.
    pub expires: Time,
    /// Which lots it reserves, in the order in which captures take them.
    pub slices: Slices,
    /// What no lot covers: reserved from the wallet's credit limit.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub overdrawn: Credits,
    /// How the amount came about, when the request named usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Box<Priced>>,
    /// The budget that it counts against, beside the app's own caps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// The app's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `credits.hold_captured`: credits were spent from a hold. A rollback gives a capture back as it
/// does a deduction. A hold is closed when nothing more may be captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldCaptured {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// Position of the hold.
    pub hold: Position,
    /// What was bought.
    pub service: Box<str>,
    /// Credits spent: the sum of both kinds of slices and what was overdrawn.
    pub amount: Credits,
    /// All that was captured of this hold so far, this time included.
    pub captured: Credits,
    /// Slices that the hold had reserved, in order.
    pub slices: Slices,
    /// Slices of other lots, in burn-down order, for what goes beyond the hold.
    #[serde(default, skip_serializing_if = "Slices::is_empty")]
    pub beyond: Slices,
    /// What no lot paid: drawn on the wallet's credit limit.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub overdrawn: Credits,
    /// How the amount came about, when the request named usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Box<Priced>>,
    /// The budget that it counts against, beside the app's own caps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// The app's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `credits.hold_extended`: a hold has a new end, which may be sooner than the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldExtended {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// Position of the hold.
    pub hold: Position,
    /// When what is left is released by itself now.
    pub expires: Time,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `credits.hold_released`: what was left of a hold is free again, and the hold is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldReleased {
    /// Key and request hash of the command; absent when a final capture released the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// Position of the hold.
    pub hold: Position,
    /// Credits no longer reserved, overdrawn ones included.
    pub amount: Credits,
    /// To which lots the rest went back, in the hold's order.
    pub slices: Slices,
    /// What was taken from lots at once to pay the wallet's debt, in burn-down order.
    #[serde(default, skip_serializing_if = "Slices::is_empty")]
    pub settled: Slices,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `credits.hold_expired`: a hold's time was over; what was left of it is free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldExpired {
    /// Position of the hold.
    pub hold: Position,
    /// Credits no longer reserved, overdrawn ones included.
    pub amount: Credits,
    /// To which lots the rest went back, in the hold's order.
    pub slices: Slices,
    /// What was taken from lots at once to pay the wallet's debt, in burn-down order.
    #[serde(default, skip_serializing_if = "Slices::is_empty")]
    pub settled: Slices,
    /// The wallet afterwards.
    pub wallet: Balances,
}
