//! The published contract, held against the code: schemas, golden files, and laws of the encoding.
//!
//! `UPDATE=1 cargo test -p credit-ledger-events` rewrites the schemas and adds golden files that
//! are missing. It never touches a golden file that is there: stored events are read for ever.

mod files;
mod golden;
mod laws;
mod limits;
mod privacy;
mod samples;
mod schema;
mod schemas;
