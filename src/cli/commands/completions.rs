//! `completions`: lets the shell complete commands and options.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, context::Context, failure::Outcome};

/// Print a script that lets your shell complete commands and options
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  credit-ledger completions bash > ~/.local/share/bash-completion/completions/credit-ledger"
)]
pub(in crate::cli) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(in crate::cli) fn run(&self, context: &mut Context<'_>) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "credit-ledger", &mut script);
        context.out.line(String::from_utf8_lossy(&script).trim_end())
    }
}
