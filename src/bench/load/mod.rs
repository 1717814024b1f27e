//! The HTTP load generator: `credit-ledger bench load`.
//!
//! It shares the machine with the server it measures, so it must cost little: one thread, raw
//! sockets, requests patched in place, responses counted and discarded.

mod connection;
mod credentials;
mod keys;
mod pace;
mod report;
mod request;
mod response;
mod stats;
mod target;
#[cfg(test)]
mod tests;
mod wallets;

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::runtime::{Builder, LocalOptions};
use tokio::task::JoinSet;

use super::process::Usage;
use connection::{Connection, Shared};
use credentials::Credentials;
use keys::Keys;
use pace::Pace;
use request::Request;
use stats::Stats;
use target::Target;
use wallets::Wallets;

pub use report::{LatencyReport, LoadReport};
pub use target::Route;
pub use wallets::{Distribution, wallet_id};

/// What to send, where, how often.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct LoadOptions {
    /// Server to load, as http://host:port
    #[arg(long)]
    pub url: String,
    /// Operation that every request asks for
    #[arg(long, value_enum, default_value = "deduct")]
    pub route: Route,
    /// File with the API key (it never goes on the command line, where others could read it); with one
    /// access token a line, requests take them in turn
    #[arg(long, value_name = "FILE")]
    pub api_key_file: PathBuf,
    /// Keep-alive connections
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// Wallets to choose from
    #[arg(long, default_value_t = 10_000)]
    pub wallets: u32,
    /// How requests spread over the wallets
    #[arg(long, value_enum, default_value = "uniform")]
    pub distribution: Distribution,
    /// Length of the run
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// End after this many requests, if that is earlier
    #[arg(long)]
    pub requests: Option<u64>,
    /// Open loop: send so many requests a second, whatever the answers do
    #[arg(long)]
    pub rate: Option<f64>,
    /// How long answers are awaited after the end before they count as missing
    #[arg(long, default_value_t = 5.0)]
    pub drain_seconds: f64,
    /// Repeats wallets and keys of an earlier run; by default a fresh one
    #[arg(long)]
    pub seed: Option<u64>,
}

impl LoadOptions {
    /// The options as arguments of `bench load`.
    pub fn to_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["--api-key-file".into(), self.api_key_file.clone().into()];
        let mut add = |flag: &str, value: String| args.extend([flag.into(), value.into()]);
        add("--url", self.url.clone());
        add("--route", self.route.name());
        add("--connections", self.connections.to_string());
        add("--wallets", self.wallets.to_string());
        add("--distribution", self.distribution.name());
        add("--seconds", self.seconds.to_string());
        add("--drain-seconds", self.drain_seconds.to_string());
        if let Some(requests) = self.requests {
            add("--requests", requests.to_string());
        }
        if let Some(rate) = self.rate {
            add("--rate", rate.to_string());
        }
        if let Some(seed) = self.seed {
            add("--seed", seed.to_string());
        }
        args
    }
}

/// Why no load could be run.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum LoadError {
    #[error("{url}: {reason}")]
    Url { url: String, reason: String },
    #[error("cannot connect to {url}: {source}")]
    Connect { url: String, source: io::Error },
    #[error("cannot read the API key from {}: {source}", path.display())]
    ApiKey { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Option(&'static str),
    #[error("cannot start the load generator: {0}")]
    Runtime(io::Error),
}

/// Runs the load on this thread until it is over. Must not be called from inside an async runtime.
pub fn run(options: &LoadOptions) -> Result<LoadReport, LoadError> {
    let path = &options.api_key_file;
    let api_key =
        fs::read_to_string(path).map_err(|source| LoadError::ApiKey { path: path.clone(), source })?;
    let target = Target::parse(&options.url)?;
    let credentials = Credentials::read(&api_key)?;
    let request = Request::new(&target, options.route, credentials.first());
    let before = Usage::of_self();
    let report = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .map_err(LoadError::Runtime)?
        .block_on(drive(options, target, request, credentials))?;
    let cpu = before.zip(Usage::of_self()).map(|(before, after)| after.cpu.saturating_sub(before.cpu));
    Ok(report.with_cpu(cpu))
}

async fn drive(
    options: &LoadOptions,
    target: Target,
    request: Request,
    credentials: Credentials,
) -> Result<LoadReport, LoadError> {
    let schedule = Schedule::new(options)?;
    let seed = options.seed.unwrap_or_else(fresh_seed);
    let mut connections = Vec::with_capacity(options.connections);
    for number in 0..options.connections {
        let opened = Connection::open(&target, request.clone(), Keys::new(seed, number), options.route).await;
        let url = options.url.clone();
        connections.push(opened.map_err(|source| LoadError::Connect { url, source })?);
    }
    let wallets = Wallets::new(options.wallets, options.distribution);
    let start = Instant::now();
    let deadline = start + schedule.length;
    let shared = Rc::new(Shared {
        target,
        pace: schedule.pace(start),
        wallets,
        credentials,
        stats: RefCell::new(Stats::new(start, deadline)),
    });
    let mut running = JoinSet::new();
    for connection in connections {
        running.spawn_local(connection.run(Rc::clone(&shared)));
    }
    let all = async { while running.join_next().await.is_some() {} };
    // Answers that never come must not hang the run: they are counted as unanswered.
    let _ = tokio::time::timeout_at((deadline + schedule.drain).into(), all).await;
    running.shutdown().await;
    let stats = shared.stats.borrow();
    let mut report = LoadReport::new(options, seed, &stats);
    report.unsent = schedule.intended().saturating_sub(stats.sent);
    Ok(report)
}

/// Length and pace of a run.
struct Schedule {
    length: Duration,
    drain: Duration,
    requests_max: u64,
    interval: Option<Duration>,
}

impl Schedule {
    fn new(options: &LoadOptions) -> Result<Self, LoadError> {
        if options.connections == 0 || options.wallets == 0 {
            return Err(LoadError::Option("connections and wallets must be at least 1"));
        }
        let length = duration(options.seconds, "seconds must not be negative")?;
        let drain = duration(options.drain_seconds, "drain-seconds must not be negative")?;
        let mut requests_max = options.requests.unwrap_or(u64::MAX);
        let interval = match options.rate {
            None => None,
            Some(rate) => {
                let interval = duration(1.0 / rate, "rate must be a positive number")?;
                requests_max = requests_max.min((options.seconds * rate) as u64);
                Some(interval)
            }
        };
        Ok(Self { length, drain, requests_max, interval })
    }

    fn pace(&self, start: Instant) -> Pace {
        match self.interval {
            None => Pace::closed(start + self.length, self.requests_max),
            Some(interval) => Pace::open(start, interval, self.requests_max),
        }
    }

    /// Requests that an open loop must have sent by its end.
    fn intended(&self) -> u64 {
        if self.interval.is_some() { self.requests_max } else { 0 }
    }
}

fn duration(seconds: f64, otherwise: &'static str) -> Result<Duration, LoadError> {
    Duration::try_from_secs_f64(seconds).map_err(|_| LoadError::Option(otherwise))
}

/// Differs from run to run, so that keys of an earlier run are not replayed.
pub(super) fn fresh_seed() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    keys::mix(since_epoch.as_nanos() as u64 ^ u64::from(std::process::id()).rotate_left(32))
}
