//! The built-in benchmark: how fast is this ledger, on this machine, now?
//!
//! - `load`: an HTTP load generator, run as a process of its own
//! - `engine`: the engine without HTTP, in this process
//! - `relay`: the way of events to a broker and from there to a consumer
//! - `http`: starts a server, loads it in interleaved rounds and relates every figure to an echo
//!   route in the same server
//!
//! `docs/performance.md` records figures and says how to repeat them.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "measuring reads clocks, and rates are no money"
)]

mod disk;
mod drive;
pub mod engine;
pub mod http;
pub mod load;
mod neighbours;
mod process;
pub mod relay;
mod spread;

pub use spread::Spread;
