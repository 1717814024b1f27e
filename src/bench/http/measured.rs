//! One measurement: what the generator saw, and what the server used meanwhile.

use std::time::Duration;

use super::metrics::Metrics;
use crate::bench::load::LoadReport;
use crate::bench::process::Usage;

/// The generator's report with the costs of the same time.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) load: LoadReport,
    pub(super) server_cores: f64,
    pub(super) generator_cores: f64,
    /// Mean number of events committed together.
    pub(super) group_size: Option<f64>,
    /// Written while the load ran; what is written back later is not in it.
    pub(super) write_bytes_per_request: f64,
    /// As the server showed them right after the load.
    pub(super) metrics_after: Metrics,
}

impl Measured {
    /// Takes usage and metrics as they were before and after the load.
    pub(super) fn new(load: LoadReport, elapsed: Duration, usage: [Usage; 2], metrics: [Metrics; 2]) -> Self {
        let cpu = usage[1].cpu.saturating_sub(usage[0].cpu);
        let written = usage[1].write_bytes.saturating_sub(usage[0].write_bytes);
        Self {
            server_cores: cpu.as_secs_f64() / elapsed.as_secs_f64(),
            generator_cores: load.cpu_seconds.unwrap_or(f64::NAN) / elapsed.as_secs_f64(),
            group_size: metrics[1].group_size_since(&metrics[0]),
            write_bytes_per_request: written as f64 / load.answered.max(1) as f64,
            metrics_after: metrics[1],
            load,
        }
    }
}
