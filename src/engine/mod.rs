//! The engine: one writer that decides commands in order and commits them in groups.
//!
//! [`core`] is synchronous and does no I/O; the writer task around it reads cold state, appends to
//! the log and answers. Callers hold an [`Engine`] and wait for a [`Receipt`].

mod ask;
mod cold;
mod handle;

pub use ask::{Ask, EngineError, Fact, Receipt, command_id, request_hash};
pub use cold::{ColdError, ColdState, Loaded, Wanted};
pub use handle::Engine;
