//! The binary: clocks, randomness and memory come from the system here, and the exit code goes back.

use std::{process::ExitCode, sync::Arc};

use clap::Parser;
use credit_ledger::{
    app::Machine,
    cli::{self, Cli},
    clock::{Generator, SystemClock},
    identity::tokens::PrivateKey,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let machine = Machine {
        clock: Arc::new(SystemClock::new()),
        entropy: || Box::new(Generator::from_system()),
        signing_key: PrivateKey::generate,
    };
    cli::run(Cli::parse(), machine)
}
