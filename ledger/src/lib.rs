//! Pure decisions of the credit ledger: what a command does to a wallet, and what an event makes of it.
//!
//! [`decide`] looks at a wallet, a command and the time and answers with events or a rejection;
//! [`evolve`] turns a wallet and an event into the next wallet. Neither does I/O, reads a clock or
//! draws randomness, so that a replay always repeats what happened.

mod canonical;
mod check;
mod command;
mod credit;
mod decide;
mod deduct;
mod evolve;
mod expire;
mod lots;
mod open;
mod rollback;
mod wallet;

pub use command::{
    Amount, Check, Command, Deduct, Deduction, Expiry, Facts, Grant, NewLot, Purchase, RollBack,
};
pub use decide::{Decision, Question, Rejection, decide};
pub use evolve::{EvolveError, evolve};
pub use lots::{Lot, Lots, MAX_LIVE_LOTS};
pub use wallet::Wallet;
