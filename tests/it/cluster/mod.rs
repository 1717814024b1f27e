//! Several processes on one ledger.

mod answers;
mod facts;
mod lease;
mod ledgers;
mod nodes;
mod postgres;
mod processes;
mod strangers;
mod take_over;
