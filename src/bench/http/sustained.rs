//! The sustained run: do the projections keep up, and what does a deduction write in the end?

use std::time::{Duration, Instant};

use serde::Serialize;

use super::HttpBenchError;
use super::measured::Measured;
use super::report::throughputs;
use super::session::{Load, Session};
use crate::bench::load::{Distribution, LatencyReport, Route};
use crate::bench::process::Usage;
use crate::bench::spread::Spread;

/// The lag is looked at this often.
const GLANCE: Duration = Duration::from_secs(1);

/// Deductions over all wallets for a longer time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sustained {
    /// Length of the run.
    pub seconds: f64,
    /// Deductions made.
    pub deductions: u64,
    /// Deductions per second.
    pub throughput: f64,
    /// Throughput as a share of the median echo of the rounds.
    pub vs_echo: f64,
    /// Latency under full load.
    pub latency_ms: LatencyReport,
    /// Events that the slowest projection was behind when the load ended.
    pub lag_events_end: Option<f64>,
    /// The same as time.
    pub lag_seconds_end: Option<f64>,
    /// The longest lag seen at a look every second.
    pub lag_seconds_max: Option<f64>,
    /// Mean number of events committed together.
    pub group_size: Option<f64>,
    /// Everything the server wrote to disk from the run's begin to its own orderly end, with
    /// projections and write-ahead logs written back, for each deduction.
    pub write_bytes_per_deduction: f64,
    /// Processor time of the server.
    pub server_cores: f64,
    /// Processor time of the generator.
    pub generator_cores: f64,
}

/// A sustained run whose written bytes are not known yet.
#[derive(Debug)]
pub(super) struct SustainedRun {
    measured: Measured,
    lag_events_end: Option<f64>,
    lag_seconds_end: Option<f64>,
    lag_seconds_max: Option<f64>,
    write_bytes_before: u64,
}

/// Runs it, unless the options leave it out.
pub(super) fn run(session: &mut Session) -> Result<Option<SustainedRun>, HttpBenchError> {
    let seconds = session.options.sustained;
    if seconds <= 0.0 {
        return Ok(None);
    }
    session.show("sustained deductions");
    session.settle()?;
    let write_bytes_before = session.server.usage().write_bytes;
    let mut lag_seconds_max = None;
    let mut looked = Instant::now();
    let load = Load { route: Route::Deduct, distribution: Distribution::Uniform, seconds, rate: None };
    let measured = session.measure(load, &mut |admin| {
        if looked.elapsed() >= GLANCE {
            looked = Instant::now();
            lag_seconds_max = larger(lag_seconds_max, admin.metrics()?.lag_seconds);
        }
        Ok(())
    })?;
    let lag_seconds_end = measured.metrics_after.lag_seconds;
    Ok(Some(SustainedRun {
        lag_events_end: measured.metrics_after.lag_events,
        lag_seconds_end,
        lag_seconds_max: larger(lag_seconds_max, lag_seconds_end),
        write_bytes_before,
        measured,
    }))
}

impl SustainedRun {
    /// Completes the run with what the server had used when it ended and the rounds' echo.
    pub(super) fn report(self, usage: &Usage, rounds: &[Measured]) -> Sustained {
        let load = self.measured.load;
        let written = usage.write_bytes.saturating_sub(self.write_bytes_before);
        let echo = Spread::of(throughputs(rounds, Route::Echo, Distribution::Uniform)).median;
        Sustained {
            seconds: load.seconds,
            deductions: load.answered,
            throughput: load.throughput,
            vs_echo: load.throughput / echo,
            latency_ms: load.latency_ms,
            lag_events_end: self.lag_events_end,
            lag_seconds_end: self.lag_seconds_end,
            lag_seconds_max: self.lag_seconds_max,
            group_size: self.measured.group_size,
            write_bytes_per_deduction: written as f64 / load.answered.max(1) as f64,
            server_cores: self.measured.server_cores,
            generator_cores: self.measured.generator_cores,
        }
    }
}

fn larger(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::max)
}
