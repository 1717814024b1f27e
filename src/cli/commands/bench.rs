//! `bench`: how fast is this ledger, on this machine, now?

use serde::Serialize;

use super::bench_tokens::TokensBench;
use crate::{
    app::Ledger,
    bench::{engine, http, load, relay},
    broker::topology::{Limits, NewUser, Plan, user},
    cli::{
        broker::{Administration, password},
        context::Context,
        failure::{Failure, Outcome},
        output::Format,
    },
    config::{Config, ServerUrl},
    engine::EngineError,
};

/// Measure the ledger on this machine
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum BenchCommand {
    /// Measure a fresh server over HTTP, in ratios to an echo route of the same server
    #[command(after_help = "Examples:\n  credit-ledger bench http\n  \
                            credit-ledger bench http --rounds 1 --seconds 2 --sustained 0 -o json")]
    Http(http::HttpOptions),
    /// Load a running server with requests
    #[command(after_help = "Examples:\n  \
        credit-ledger bench load --url http://127.0.0.1:8080 --api-key-file key --route deduct --seconds 10\n  \
        credit-ledger bench load --url http://127.0.0.1:8080 --api-key-file key --route deduct-batch --connections 8")]
    Load(load::LoadOptions),
    /// Measure the engine without HTTP, on a fresh ledger or the one in the data directory
    #[command(after_help = "Examples:\n  credit-ledger --data-dir /tmp/bench bench engine\n  \
                            credit-ledger --data-dir /tmp/bench bench engine --wallets 1 --waiting 64 -o json")]
    Engine(engine::EngineOptions),
    /// Measure how fast events go to RabbitMQ and on to a consumer, on the ledger in the data directory
    #[command(after_help = "The virtual host, a relay's user and an app's are made there.\n\n\
                            Example:\n  credit-ledger --data-dir /tmp/bench bench relay \
                            --management-url http://guest:guest@127.0.0.1:15672")]
    Relay(RelayBench),
    /// Store many deductions in the data directory, to measure a ledger that is not empty
    #[command(after_help = "Example:\n  credit-ledger --data-dir /tmp/full bench fill --events 5000000")]
    Fill(engine::FillOptions),
    /// Write access tokens of a new user, for `bench load --api-key-file`, which shows them in turn
    #[command(after_help = "They are valid for 15 minutes, at the server of this data directory and this \
                            address.\n\nExample:\n  credit-ledger --data-dir /tmp/bench bench tokens \
                            --count 100000 --file tokens")]
    Tokens(TokensBench),
}

/// Options of `bench relay`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RelayBench {
    #[command(flatten)]
    options: relay::RelayOptions,
    /// The management API, with the user and password of an administrator
    #[arg(long, value_name = "URL", env = "CREDIT_LEDGER_MANAGEMENT_URL", hide_env_values = true)]
    management_url: String,
    /// Host and port of the broker itself
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5672")]
    broker: String,
    /// The virtual host, which is made when it is missing
    #[arg(long, value_name = "NAME", default_value = "credit-ledger-bench")]
    vhost: String,
}

impl RelayBench {
    async fn run(&self, context: &Context<'_>) -> Outcome<relay::RelayReport> {
        let administration = Administration::api(&self.management_url)?;
        let config = Config { broker_url: ServerUrl::default(), ..context.settings.config.clone() };
        let prepared = relay::prepare(&config, &context.machine, &self.options).await?;
        let mut entropy = (context.machine.entropy)();
        let mut new = |name: String| NewUser { name, password: password(&mut *entropy) };
        let users = [new(format!("{}-relay", self.vhost)), new(user(prepared.app))];
        let (vhost, limits) = (self.vhost.as_str(), Limits::default());
        let plan = Plan { vhost, relay: &users[0].name, apps: &[prepared.app], users: &users, limits };
        administration.import(&plan.definitions()).await?;
        let url = |user: &NewUser| format!("amqp://{}:{}@{}/{vhost}", user.name, user.password, self.broker);
        let config = Config { broker_url: ServerUrl::from(url(&users[0]).as_str()), ..config };
        Ok(relay::run(&config, &context.machine, &prepared, &url(&users[1]), &self.options).await?)
    }
}

impl BenchCommand {
    pub(in crate::cli) fn run(self, context: &mut Context<'_>) -> Outcome {
        match self {
            Self::Http(options) => {
                let program = std::env::current_exe()?;
                let report = http::run(&options, &program).map_err(interrupted)?;
                print(context, &report, report.table())
            }
            Self::Load(options) => {
                let report = load::run(&options).map_err(|error| Failure::Other(error.into()))?;
                print(context, &report, report.table())
            }
            Self::Engine(options) => {
                let report = on_ledger(context, async |ledger| engine::run(ledger, &options).await)?;
                print(context, &report, report.table())
            }
            Self::Relay(bench) => {
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
                let report = runtime.block_on(bench.run(context))?;
                print(context, &report, report.table())
            }
            Self::Tokens(bench) => bench.run(context),
            Self::Fill(options) => on_ledger(context, async |ledger| engine::fill(ledger, &options).await),
        }
    }
}

/// Opens the ledger in the data directory for a measurement and closes it again.
fn on_ledger<T>(
    context: &mut Context<'_>,
    work: impl AsyncFnOnce(&Ledger) -> Result<T, EngineError>,
) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let ledger = Ledger::open(&context.settings.config, &context.machine).await?;
        let result = work(&ledger).await;
        ledger.close().await?;
        result.map_err(|error| Failure::Other(error.into()))
    })
}

fn interrupted(error: http::HttpBenchError) -> Failure {
    if matches!(error, http::HttpBenchError::Interrupted) {
        Failure::Interrupted
    } else {
        Failure::Other(error.into())
    }
}

/// Measurements are a table or JSON; they have no shape for CSV.
fn print(context: &mut Context<'_>, report: &impl Serialize, table: String) -> Outcome {
    match context.out.format {
        Format::Table => context.out.line(table.trim_end()),
        Format::Json => context.out.json(report),
        Format::Jsonl => context.out.line(&serde_json::to_string(report)?),
        Format::Csv => Err(Failure::Usage("measurements are printed as table or JSON".into())),
    }
}
