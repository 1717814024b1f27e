//! The built-in benchmark: how fast is this ledger, on this machine, now?
//!
//! - `load`: an HTTP load generator, run as a process of its own
//! - `http`: starts a server, loads it in interleaved rounds and relates every figure to an echo
//!   route in the same server
//!
//! `docs/performance.md` records figures and says how to repeat them.
#![expect(
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    reason = "measuring reads clocks, and rates are no money"
)]

pub mod load;
mod process;
