//! The engine: one writer that decides commands in order and commits them in groups.
//!
//! Its `core` is synchronous and does no I/O; the writer task around it reads cold state, appends to
//! the log and answers. Callers hold an [`Engine`] and wait for a [`Receipt`].

mod alarm;
mod ask;
mod boot;
mod cold;
mod commands;
mod commit;
mod core;
mod draft;
mod earlier;
mod gather;
mod gauges;
mod guard;
mod handle;
mod mailbox;
mod memory;
mod replies;
mod timers;
mod wire;
mod writer;

pub use ask::{Ask, EngineError, Fact, Receipt, command_id, request_hash};
pub use boot::{Parts, Running, ledger_id, start};
pub use cold::{ColdError, ColdState, Loaded, LoadedRules, LoadedTimers, Timer, Wanted};
pub use commands::Commands;
pub use core::Inconsistent;
pub use handle::Engine;
pub use wire::Stored;

use events::LedgerId;

/// Sizes of the engine, and its epoch.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Commands that may wait; more are told to come back.
    pub mailbox: usize,
    /// Commands in one group.
    pub group_max: usize,
    /// Wallets kept in memory, beside those above the checkpoint.
    pub wallet_cache: usize,
    /// Timers of wallets kept in memory: when more expire, the projections are asked again.
    pub timer_cache: usize,
    /// Events that the projections may lag behind before the writer slows down.
    pub tail_max: u64,
    /// The epoch that the writer announces: its lease's. Without one it takes a number above every
    /// earlier one.
    pub epoch: Option<u64>,
    /// The ledger that metrics name; none where the process serves one alone.
    pub label: Option<LedgerId>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mailbox: 8_192,
            group_max: 1_000,
            wallet_cache: 100_000,
            timer_cache: 10_000,
            tail_max: 1_000_000,
            epoch: None,
            label: None,
        }
    }
}

/// Why the writer stopped for good.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Halt {
    /// It could not start.
    #[error("the ledger cannot start: {0}")]
    Start(String),
    /// Another writer has the log.
    #[error("another writer has taken over: {0}")]
    Superseded(String),
    /// An append may or may not have been stored. Restart: the disk knows.
    #[error("it is not known whether the last events were stored; restart to find out: {0}")]
    Unknown(String),
}
