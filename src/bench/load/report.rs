//! The result of one load run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::stats::Stats;
use super::{Distribution, LoadOptions, Route};

/// What one load run sent and what came back. Serialized, it is the JSON of `bench load -o json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// What was asked for.
    pub route: Route,
    /// How requests spread over wallets.
    pub distribution: Distribution,
    /// Keep-alive connections.
    pub connections: usize,
    /// Wallets to choose from.
    pub wallets: u32,
    /// Requests per second intended; absent in a closed loop.
    pub rate: Option<f64>,
    /// Repeats the run's wallets and keys.
    pub seed: u64,
    /// From the first request to the last answer in time.
    pub seconds: f64,
    /// Requests sent.
    pub sent: u64,
    /// Responses received, whatever their status.
    pub answered: u64,
    /// Answers per second, of those that came before the run's end; of batches, their items per second.
    pub throughput: f64,
    /// Items of each request: above 1 for a batch.
    pub items: usize,
    /// Items of batches that were not done.
    pub items_refused: u64,
    /// Milliseconds from sending (open loop: from the time it was to be sent) to the last byte.
    pub latency_ms: LatencyReport,
    /// Responses by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by reason: `connect`, `closed`, `broken`, `malformed`.
    pub failures: BTreeMap<String, u64>,
    /// Requests still without answer when the run was cut off.
    pub unanswered: u64,
    /// Open loop: requests whose time came and that no connection was free to send.
    pub unsent: u64,
    /// Processor time of the generator.
    pub cpu_seconds: Option<f64>,
}

/// Quantiles in milliseconds; zero when nothing was answered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the quantiles")]
pub struct LatencyReport {
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p99_9: f64,
    pub max: f64,
}

impl LoadReport {
    pub(super) fn new(options: &LoadOptions, seed: u64, stats: &Stats) -> Self {
        let seconds = stats.elapsed().as_secs_f64();
        let answered_in_time = stats.answered_in_time * options.route.items() as u64;
        Self {
            route: options.route,
            distribution: options.distribution,
            connections: options.connections,
            wallets: options.wallets,
            rate: options.rate,
            seed,
            seconds,
            sent: stats.sent,
            answered: stats.answered,
            throughput: if seconds > 0.0 { answered_in_time as f64 / seconds } else { 0.0 },
            items: options.route.items(),
            items_refused: stats.items_refused,
            latency_ms: LatencyReport::new(stats),
            statuses: stats.statuses().collect(),
            failures: stats.failures().map(|(name, count)| (name.to_owned(), count)).collect(),
            unanswered: stats.unanswered(),
            unsent: 0,
            cpu_seconds: None,
        }
    }

    pub(super) fn with_cpu(mut self, cpu: Option<Duration>) -> Self {
        self.cpu_seconds = cpu.map(|cpu| cpu.as_secs_f64());
        self
    }

    /// Requests sent that did not end in a response with a status of 2xx.
    pub fn unsuccessful(&self) -> u64 {
        self.sent.saturating_sub(self.statuses.range(200..300).map(|(_, count)| count).sum())
    }

    /// Says what did not go as it should: a throughput of refusals measures nothing.
    pub fn warning(&self) -> Option<String> {
        let failed = self.unsuccessful();
        (failed + self.unsent + self.items_refused > 0).then(|| {
            format!(
                "{failed} of {} requests without success, {} never sent, {} items refused (statuses {}; failures {})",
                self.sent,
                self.unsent,
                self.items_refused,
                counts(&self.statuses),
                counts(&self.failures),
            )
        })
    }

    /// The report as a table for people.
    pub fn table(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        let latency = self.latency_ms;
        let rate = self.rate.map_or("closed loop".to_owned(), |rate| format!("open loop, {rate}/s"));
        table.add_row(["load", &format!("{}, {}, {rate}", self.route.name(), self.distribution.name())]);
        table.add_row(["connections / wallets", &format!("{} / {}", self.connections, self.wallets)]);
        table.add_row(["throughput", &format!("{:.0}/s over {:.2} s", self.throughput, self.seconds)]);
        table.add_row([
            "latency p50 / p99 / p99.9 / max, ms",
            &format!("{:.2} / {:.2} / {:.2} / {:.2}", latency.p50, latency.p99, latency.p99_9, latency.max),
        ]);
        table.add_row(["statuses", &counts(&self.statuses)]);
        table.add_row(["failures", &counts(&self.failures)]);
        table.add_row(["unanswered / unsent", &format!("{} / {}", self.unanswered, self.unsent)]);
        if let Some(cpu) = self.cpu_seconds {
            table.add_row(["generator CPU", &format!("{cpu:.2} s")]);
        }
        table.add_row(["seed", &self.seed.to_string()]);
        table.to_string()
    }
}

impl LatencyReport {
    fn new(stats: &Stats) -> Self {
        let kept = &stats.latencies_ns;
        let at = |quantile| milliseconds(kept.value_at_quantile(quantile));
        Self {
            mean: kept.mean() / 1e6,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: milliseconds(kept.max()),
        }
    }
}

fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

fn counts<K: std::fmt::Display>(counts: &BTreeMap<K, u64>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    let each: Vec<_> = counts.iter().map(|(name, count)| format!("{name}: {count}")).collect();
    each.join(", ")
}
