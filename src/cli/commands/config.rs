//! `config show`: the settings, and where each is from.

use serde_json::{Value, json};

use crate::cli::{context::Context, failure::Outcome, output::Column};

const SETTING: &[Column] = &[Column::new("setting", "/key"), Column::new("value", "/value")];
const SOURCED: &[Column] =
    &[Column::new("setting", "/key"), Column::new("value", "/value"), Column::new("source", "/source")];

/// Show settings
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum ConfigCommand {
    /// Show every setting as it is in force
    #[command(
        after_help = "Settings come from flags, else from environment variables such as CREDIT_LEDGER_DATA_DIR, else \
                      from the file at --config or ./credit-ledger.toml, else from the defaults.\n\n\
                      Example:\n  credit-ledger config show --sources"
    )]
    Show(Show),
}

/// Options of `config show`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Show {
    /// Say where each value is from
    #[arg(long)]
    sources: bool,
}

impl ConfigCommand {
    pub(in crate::cli) fn run(&self, context: &mut Context<'_>) -> Outcome {
        let Self::Show(show) = self;
        let origins = context.settings.sources().iter();
        let settings: Vec<Value> = origins
            .map(|origin| {
                let value: Value = serde_json::from_str(&origin.value).unwrap_or_default();
                match show.sources {
                    true => json!({ "key": origin.key, "value": value, "source": origin.source }),
                    false => json!({ "key": origin.key, "value": value }),
                }
            })
            .collect();
        context.out.many(&settings, if show.sources { SOURCED } else { SETTING })
    }
}
