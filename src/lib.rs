//! The credit ledger service: an event log with one writer, its projections, and the HTTP API and
//! command line around them. ARCHITECTURE.md has the map.

pub mod bench;
pub mod clock;
pub mod engine;
pub mod feed;
pub mod identity;
pub mod log;
pub mod read;
