//! Pure decisions of the credit ledger: what a command does to a wallet, and what an event makes of it.
//!
//! [`decide`] looks at a wallet, a command and the time and answers with events or a rejection;
//! [`evolve`] turns a wallet and an event into the next wallet. Neither does I/O, reads a clock or
//! draws randomness, so that a replay always repeats what happened.

mod adjust;
mod canonical;
mod charge;
mod check;
mod command;
mod control;
mod credit;
mod decide;
mod deduct;
mod evolve;
mod expire;
mod facts;
mod hold;
mod lots;
mod moves;
mod open;
pub mod planted;
mod refund;
mod rollback;
mod rules;
mod settle;
mod special;
mod wallet;

pub use command::{
    Adjust, Amount, Approve, Capture, Charge, Check, Command, Deduct, Expiry, Extend, Freeze, Grant, Hold,
    HoldTerms, NewLot, Purchase, Refund, Release, RollBack, SetCap, SetLimit, SetThreshold, Unfreeze,
};
pub use decide::{Decision, Question, Rejection, decide, decide_due};
pub use evolve::{EvolveError, evolve};
pub use facts::{Deduction, Facts, PastHold, PastLot, PastPurchase, Proposal};
pub use lots::{Lot, Lots, MAX_LIVE_LOTS};
pub use rules::{PriceVersion, Rules};
pub use special::{Special, Terms};
pub use wallet::{Cap, MAX_CAPS, MAX_HOLDS, OpenHold, Wallet};
