//! What a user may rely on, tried on the release binary from outside: processes, sockets, signals,
//! disks. `./check` runs these tests after `cargo build --release`; a plain `cargo test` leaves
//! them out. `CREDIT_LEDGER_BIN` names another binary.

mod auditors;
mod canaries;
mod commands;
mod demo;
mod disconnects;
mod full_disk;
mod help;
mod keys;
mod kills;
mod million;
mod older_clients;
mod overdraw;
mod proofs;
mod read_only;
mod shutdown;
mod support;
mod two_processes;
