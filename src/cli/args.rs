//! The command line: options that all commands share, and the commands.

use std::path::PathBuf;

use events::LedgerId;

use super::{
    commands::{
        adjust::Adjust, adjust::Approve, app::AppCommand, bench::BenchCommand, broker::BrokerCommand,
        client::ClientCommand, completions::Completions, config::ConfigCommand, credit::Grant,
        credit::Purchase, demo::Demo, entries::Entries, explain::Explain, export::Export, hold::HoldCommand,
        import::Import, key::KeyCommand, keys::KeysCommand, ledger::LedgerCommand, migrate::Migrate,
        openapi::Openapi, policy::PolicyCommand, price::PriceCommand, refund::Chargeback, refund::Refund,
        replay::Replay, report::ReportCommand, serve::Serve, spend::Check, spend::Deduct, spend::Rollback,
        statement::Statement, tail::Tail, user::UserCommand, verify::Verify, wallet::WalletCommand,
    },
    output::Format,
};
use crate::config::{Flags, LogFormat};

/// A credit ledger: prepaid credits that apps spend and auditors can replay and prove.
#[derive(Debug, clap::Parser)]
#[command(
    name = "credit-ledger",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 success, 1 failure, 2 wrong usage, 3 verification failed, 4 insufficient credits, \
                  5 server unreachable, 70 the writer halted, 130 interrupted.\n\n\
                  Commands use the server that runs on the data directory, or the one at --url; when none runs, \
                  they open the ledger themselves: in the database, when database_url is set, else in the data \
                  directory.\n\n\
                  Examples:\n  credit-ledger demo\n  credit-ledger --data-dir ledger serve --listen 127.0.0.1:8080"
)]
pub struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
pub struct Global {
    /// Directory that holds the ledger
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// TOML file with settings
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Output format
    #[arg(short, long, global = true, value_name = "FORMAT", value_enum, default_value = "table")]
    pub(super) output: Format,
    /// What to log, such as `info` or `warn,credit_ledger::http=debug`
    #[arg(long, visible_alias = "log", global = true, value_name = "FILTER")]
    pub(super) log_filter: Option<String>,
    /// How to log: `auto` is text on a terminal and JSON elsewhere
    #[arg(long, global = true, value_name = "FORMAT", value_parser = log_format)]
    pub(super) log_format: Option<LogFormat>,
    /// Speak to the server at this address, such as http://127.0.0.1:8080
    #[arg(long, global = true, value_name = "URL")]
    pub(super) url: Option<String>,
    /// File with the API key or token for --url; CREDIT_LEDGER_TOKEN holds one as well
    #[arg(long, global = true, value_name = "FILE", requires = "url")]
    pub(super) token_file: Option<PathBuf>,
    /// Of several ledgers, work with this one; without it, an operator works with the default one
    #[arg(long, global = true, value_name = "UUID")]
    pub(super) ledger: Option<LedgerId>,
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "auto" => Ok(LogFormat::Auto),
        "json" => Ok(LogFormat::Json),
        "text" => Ok(LogFormat::Text),
        _ => Err("expected auto, json or text".to_owned()),
    }
}

impl Cli {
    /// The settings that are given as options.
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags {
            data_dir: self.global.data_dir.clone(),
            log_filter: self.global.log_filter.clone(),
            log_format: self.global.log_format,
            ..Flags::default()
        };
        if let Command::Serve(serve) = &self.command {
            serve.add_to(&mut flags);
        }
        flags
    }
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Serve(Box<Serve>),
    Demo(Demo),
    #[command(subcommand)]
    App(AppCommand),
    #[command(subcommand)]
    Key(KeyCommand),
    #[command(subcommand)]
    Client(Box<ClientCommand>),
    #[command(subcommand)]
    User(UserCommand),
    #[command(subcommand)]
    Keys(KeysCommand),
    #[command(subcommand)]
    Wallet(WalletCommand),
    Purchase(Purchase),
    Grant(Grant),
    Check(Check),
    Deduct(Deduct),
    Rollback(Rollback),
    #[command(subcommand)]
    Hold(HoldCommand),
    Refund(Refund),
    Chargeback(Chargeback),
    Adjust(Adjust),
    Approve(Approve),
    #[command(subcommand)]
    Price(PriceCommand),
    #[command(subcommand)]
    Policy(PolicyCommand),
    Statement(Statement),
    Entries(Entries),
    Explain(Explain),
    #[command(subcommand)]
    Report(ReportCommand),
    Tail(Tail),
    Replay(Replay),
    Verify(Verify),
    Export(Export),
    Import(Import),
    Migrate(Migrate),
    #[command(subcommand)]
    Ledger(LedgerCommand),
    #[command(subcommand)]
    Bench(BenchCommand),
    #[command(subcommand)]
    Broker(BrokerCommand),
    #[command(subcommand)]
    Config(ConfigCommand),
    Openapi(Openapi),
    Completions(Completions),
}

#[cfg(test)]
mod tests;
