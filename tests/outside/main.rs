//! What a user may rely on, tried on the release binary from outside: processes, sockets, signals,
//! disks. `./check` runs these tests after `cargo build --release`; a plain `cargo test` leaves
//! them out. `CREDIT_LEDGER_BIN` names another binary.

mod auditors;
mod broker;
#[path = "../it/broker/table.rs"]
#[expect(dead_code, reason = "shared with the tests inside, which use the rest of it")]
mod broker_table;
mod canaries;
mod careless;
mod chat;
mod commands;
mod demo;
mod disconnects;
mod full_disk;
mod google;
mod guides;
mod help;
mod identity_secrets;
mod keys;
mod kills;
mod million;
mod oauth_clients;
mod older_clients;
mod outages;
mod overdraw;
mod proofs;
mod read_only;
mod readme;
mod replicas;
mod revocations;
mod shutdown;
mod support;
mod two_processes;
mod web_message;
