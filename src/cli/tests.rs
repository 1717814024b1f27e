//! Commands as they are typed, on ledgers of their own.

mod audit;
mod clients;
mod demo;
mod import;
mod tail;
mod users;
mod wallets;
mod whole;

use std::{path::Path, sync::Arc};

use clap::Parser;
use serde_json::Value;

use super::*;
use crate::{
    clock::{Generator, SystemClock},
    identity::tokens::PrivateKey,
};

/// Runs one command line on the data directory and gives what it printed.
async fn typed(data_dir: &Path, line: &str) -> Outcome<String> {
    let words = line.split(' ').filter(|word| !word.is_empty());
    let cli = Cli::try_parse_from(["credit-ledger"].into_iter().chain(words)).expect(line);
    let cli = Cli { global: args::Global { data_dir: Some(data_dir.to_owned()), ..cli.global }, ..cli };
    // No file and no environment, so that only the command line counts.
    let settings = Settings::load(Inputs { flags: cli.flags(), ..Inputs::default() }).expect("settings");
    let machine = Machine {
        clock: Arc::new(SystemClock::new()),
        entropy: || Box::new(Generator::from_system()),
        signing_key: PrivateKey::generate,
    };
    let mut printed = Vec::new();
    let out = Output::new(cli.global.output, &mut printed);
    let mut context = Context { global: cli.global, settings, machine, out };
    dispatch(cli.command, &mut context).await?;
    Ok(String::from_utf8(printed).expect("UTF-8"))
}

/// Runs one command line that succeeds and gives the JSON that it printed.
async fn json(data_dir: &Path, line: &str) -> Value {
    let printed = typed(data_dir, &format!("{line} -o json")).await.expect(line);
    serde_json::from_str(&printed).expect("JSON")
}
