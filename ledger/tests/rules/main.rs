//! The rules of the ledger, one file a rule group, through the crate's public interface: given a
//! history, when a command comes, then these events follow.

mod burn_down;
mod canonical;
mod checks;
mod credits_in;
mod debts;
mod evolving;
mod expiry;
mod history;
mod holds;
mod laws;
mod random;
mod rollback;
mod ruled;
mod spending;
mod stored;
mod words;
