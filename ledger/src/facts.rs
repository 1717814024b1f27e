//! What a decision must know beyond the wallet itself.

use events::{AppId, Budget, Credits, LotTerms, Position, ProposedLot, Slices, Time, WalletId};

/// Earlier events that a command refers to. What does not exist is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The deduction or capture that a rollback names.
    pub deduction: Option<Deduction>,
    /// The purchase that a refund names.
    pub purchase: Option<PastPurchase>,
    /// The proposal that an approval names.
    pub proposal: Option<Proposal>,
    /// The hold that a capture, extension or release names, open or closed.
    pub hold: Option<PastHold>,
}

/// A deduction or capture as a rollback must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deduction {
    /// Its wallet.
    pub wallet: WalletId,
    /// What it bought.
    pub service: Box<str>,
    /// The app that spent.
    pub app: Option<AppId>,
    /// When.
    pub time: Time,
    /// The budget that it counted against.
    pub budget: Option<Budget>,
    /// What it spent: the slices and what was overdrawn.
    pub cost: Credits,
    /// From which lots, in the order they were taken.
    pub slices: Slices,
    /// What no lot paid, after the slices.
    pub overdrawn: Credits,
    /// Those lots as they were made, in the order of the slices.
    pub lots: Vec<PastLot>,
    /// What was given back already.
    pub returned: Credits,
}

/// A lot as it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastLot {
    /// When it came in.
    pub made: Time,
    /// Its terms.
    pub terms: LotTerms,
}

/// A purchase as a refund must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastPurchase {
    /// Its wallet.
    pub wallet: WalletId,
    /// Credits bought.
    pub amount: Credits,
    /// When its lot was to expire.
    pub expires: Option<Time>,
    /// What was taken back already.
    pub refunded: Credits,
}

/// A proposed adjustment as its approval must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its wallet.
    pub wallet: WalletId,
    /// Credits to add, or, below zero, to take.
    pub amount: Credits,
    /// The lot that added credits form.
    pub lot: Option<ProposedLot>,
    /// Why.
    pub reason: Box<str>,
    /// Who proposed it.
    pub by: Option<Box<str>>,
    /// Whether it was approved already.
    pub approved: bool,
}

/// A hold that once was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastHold {
    /// Its wallet.
    pub wallet: WalletId,
    /// The app that placed it.
    pub app: Option<AppId>,
    /// Its position.
    pub id: Position,
}
