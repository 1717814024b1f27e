//! The command line: parses, reads the settings, runs one command, and tells how it ended.
//!
//! Commands reach a ledger only through its HTTP API; see [`client`].

mod args;
mod audit;
mod broker;
mod change;
pub mod client;
mod commands;
mod context;
mod exported;
pub mod failure;
mod imported;
mod landing;
mod merkle;
pub mod output;
mod place;
mod progress;
mod server;
mod signals;
mod told;

pub use args::Cli;

use std::{io, process::ExitCode};

use self::{
    args::Command,
    context::Context,
    failure::{Failure, Outcome},
    output::Output,
};
use crate::{
    app::Machine,
    config::{Inputs, Settings},
    telemetry,
};

/// Logs of a server; of other commands, only what a person has to know.
const QUIET: &str = "warn";

/// Tasks that a worker runs before it looks at the global queue again.
const GLOBAL_QUEUE: u32 = 4;

/// Runs the command and gives the exit code. Errors are told on standard error.
#[must_use]
pub fn run(cli: Cli, machine: Machine) -> ExitCode {
    let format = cli.global.output;
    match attempt(cli, machine) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(format),
    }
}

fn attempt(cli: Cli, machine: Machine) -> Outcome {
    let Cli { global, command, .. } = &cli;
    let inputs = Inputs::of_this_process(global.config.clone(), cli.flags());
    let settings = Settings::load(inputs).map_err(|error| Failure::Usage(error.to_string()))?;
    start_logs(&settings, matches!(command, Command::Serve(_)))?;
    let mut stdout = io::stdout();
    let out = Output::new(global.output, &mut stdout);
    let mut context = Context { global: global.clone(), settings, machine, out };
    if let Command::Bench(bench) = cli.command {
        // It runs runtimes of its own.
        return bench.run(&mut context);
    }
    runtime()?.block_on(until_interrupted(cli.command, &mut context))
}

/// The runtime of a command. What SQLite's threads have finished comes in over the global queue:
/// looking there seldom would let every commit wait behind requests that are only being parsed.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().global_queue_interval(GLOBAL_QUEUE).build()
}

fn start_logs(settings: &Settings, serving: bool) -> Outcome {
    let chosen =
        settings.sources().iter().any(|origin| origin.key == "log_filter" && origin.source != "default");
    let filter = if serving || chosen { settings.config.log_filter.as_str() } else { QUIET };
    telemetry::init_logs(settings.config.log_format, filter)
        .map_err(|error| Failure::Usage(error.to_string()))
}

/// A server ends in good order when it is asked to; other commands are cut short, which no ledger minds.
async fn until_interrupted(command: Command, context: &mut Context<'_>) -> Outcome {
    if matches!(command, Command::Serve(_) | Command::Demo(_)) {
        return dispatch(command, context).await;
    }
    tokio::select! {
        result = dispatch(command, context) => result,
        () = signals::asked_to_end() => Err(Failure::Interrupted),
    }
}

async fn dispatch(command: Command, context: &mut Context<'_>) -> Outcome {
    match command {
        Command::Serve(serve) => serve.run(context).await,
        Command::Demo(demo) => demo.run(context).await,
        Command::App(app) => app.run(context).await,
        Command::Key(key) => key.run(context).await,
        Command::Client(client) => client.run(context).await,
        Command::User(user) => user.run(context).await,
        Command::Keys(keys) => keys.run(context).await,
        Command::Wallet(wallet) => wallet.run(context).await,
        Command::Purchase(purchase) => purchase.run(context).await,
        Command::Grant(grant) => grant.run(context).await,
        Command::Check(check) => check.run(context).await,
        Command::Deduct(deduct) => deduct.run(context).await,
        Command::Rollback(rollback) => rollback.run(context).await,
        Command::Hold(hold) => hold.run(context).await,
        Command::Refund(refund) => refund.run(context).await,
        Command::Chargeback(chargeback) => chargeback.run(context).await,
        Command::Adjust(adjust) => adjust.run(context).await,
        Command::Approve(approve) => approve.run(context).await,
        Command::Price(price) => price.run(context).await,
        Command::Policy(policy) => policy.run(context).await,
        Command::Statement(statement) => statement.run(context).await,
        Command::Entries(entries) => entries.run(context).await,
        Command::Explain(explain) => explain.run(context).await,
        Command::Report(report) => report.run(context).await,
        Command::Tail(tail) => tail.run(context).await,
        Command::Replay(replay) => replay.run(context).await,
        Command::Verify(verify) => verify.run(context).await,
        Command::Export(export) => export.run(context).await,
        Command::Import(import) => import.run(context).await,
        Command::Migrate(migrate) => migrate.run(context).await,
        Command::Ledger(ledger) => ledger.run(context).await,
        Command::Bench(bench) => bench.run(context),
        Command::Broker(broker) => broker.run(context).await,
        Command::Config(config) => config.run(context),
        Command::Openapi(openapi) => openapi.run(context),
        Command::Completions(completions) => completions.run(context),
    }
}

#[cfg(test)]
mod tests;
