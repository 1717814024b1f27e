//! The HTTP benchmark: `credit-ledger bench http`.
//!
//! One server process, one generator process, a fresh ledger. Rounds of echo, deduct, batches
//! of deductions and check are interleaved, so that a drift of the machine meets them all, and every figure is also given
//! as a ratio to the echo of its own round.

mod admin;
mod child;
mod generator;
mod interrupt;
mod measured;
mod metrics;
mod report;
mod rounds;
mod server;
mod session;
mod sql_ledger;
mod sustained;
mod table;
mod work_dir;

use std::io;
use std::path::{Path, PathBuf};

use super::load::LoadError;
use session::Session;

pub use report::{HttpReport, Row, SqlComparison, Yardsticks};
pub use sustained::Sustained;

/// What to measure, and for how long. The whole run takes about
/// `rounds × 8 × seconds + sustained` seconds.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct HttpOptions {
    /// Keep-alive connections
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// Wallets to spend from
    #[arg(long, default_value_t = 10_000)]
    pub wallets: u32,
    /// Length of each measurement
    #[arg(long, default_value_t = 5.0)]
    pub seconds: f64,
    /// Times that each measurement is repeated; median and range are reported
    #[arg(long, default_value_t = 3)]
    pub rounds: u32,
    /// Length of the sustained run at the end, in seconds; 0 leaves it out
    #[arg(long, default_value_t = 60.0)]
    pub sustained: f64,
    /// Measure this ledger and keep it, instead of a fresh one that is removed afterwards
    #[arg(long, value_name = "DIR")]
    pub ledger: Option<PathBuf>,
    /// Measure a ledger written by hand in SQL as well, with pgbench in the schema `sql_ledger` of this
    /// database, which is made anew
    #[arg(long, value_name = "POSTGRES_URL")]
    pub sql_ledger: Option<String>,
}

/// Why the benchmark could not be finished.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum HttpBenchError {
    #[error("cannot {doing}: {source}")]
    Io { doing: String, source: io::Error },
    #[error("the server did not start; its last words: {log}")]
    ServerSilent { log: String },
    #[error("the server did not end properly: {0}")]
    ServerStop(String),
    #[error("the server does not answer: {0}")]
    Http(#[from] reqwest::Error),
    #[error("{method_and_path} was answered {status}: {body}")]
    Refused { method_and_path: &'static str, status: u16, body: String },
    #[error("the load generator failed: {0}")]
    Generator(String),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("wallets could not be filled: {0} of the purchases failed")]
    Funding(u64),
    #[error("interrupted")]
    Interrupted,
}

impl HttpBenchError {
    fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}

/// Runs the benchmark with `program`, this very binary, as server and generator. Both have ended
/// when it returns, however it returns. Must not be called from inside an async runtime.
pub fn run(options: &HttpOptions, program: &Path) -> Result<HttpReport, HttpBenchError> {
    let mut session = Session::start(options, program)?;
    let measured = rounds::run(&mut session)?;
    let sustained = sustained::run(&mut session)?;
    session.finish(&measured, sustained)
}
