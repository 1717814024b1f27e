//! The credit ledger service: an event log with one writer, its projections, and the HTTP API and
//! command line around them. ARCHITECTURE.md has the map.

pub mod app;
pub mod bench;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod demo;
pub mod engine;
pub mod feed;
pub mod http;
pub mod identity;
pub mod log;
pub mod read;
pub mod report;
pub mod telemetry;
