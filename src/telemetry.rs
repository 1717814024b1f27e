//! Logs and metrics of the process. Nothing logged or counted holds a secret: keys and tokens have
//! no printable form, and requests are logged by route, not by header or body.

use std::{fmt::Display, io::IsTerminal, time::Duration};

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::LogFormat;

/// Commands answered, by `operation` and `outcome`.
pub const COMMANDS_TOTAL: &str = "credit_ledger_commands_total";
/// Requests answered, by route and status.
pub const HTTP_REQUESTS_TOTAL: &str = "credit_ledger_http_requests_total";
/// Requests answered with a problem, by route and code.
pub const HTTP_ERRORS_TOTAL: &str = "credit_ledger_http_errors_total";
/// Seconds from a request's head to its answer, by route.
pub const HTTP_DURATION_SECONDS: &str = "credit_ledger_http_duration_seconds";
/// Commands in one commit.
pub const GROUP_SIZE: &str = "credit_ledger_group_size";
/// Seconds that one append to the log took.
pub const COMMIT_DURATION_SECONDS: &str = "credit_ledger_commit_duration_seconds";
/// Events that a projection is behind the log.
pub const PROJECTION_LAG_EVENTS: &str = "credit_ledger_projection_lag_events";
/// Age of the oldest event that a projection has not applied.
pub const PROJECTION_LAG_SECONDS: &str = "credit_ledger_projection_lag_seconds";
/// Number of events in the log.
pub const HEAD_POSITION: &str = "credit_ledger_head_position";
/// Commands waiting for the writer.
pub const MAILBOX_DEPTH: &str = "credit_ledger_mailbox_depth";
/// Wallets that the writer has in memory.
pub const CACHED_WALLETS: &str = "credit_ledger_cached_wallets";
/// Wallets in which something expired on time, without a command.
pub const TIMERS_FIRED_TOTAL: &str = "credit_ledger_timers_fired_total";
/// 1 while this process is the one that writes, of several.
pub const WRITER: &str = "credit_ledger_writer";
/// The epoch of the writer, as far as this process knows.
pub const WRITER_EPOCH: &str = "credit_ledger_writer_epoch";
/// Seconds that this process may write without another renewal of its lease.
pub const LEASE_LEFT_SECONDS: &str = "credit_ledger_lease_left_seconds";
/// Commands that were handed to the writer in another process.
pub const FORWARDED_TOTAL: &str = "credit_ledger_forwarded_commands_total";

/// What says of which ledger a figure is; nothing where the process serves one alone.
#[must_use]
pub fn of_ledger(ledger: Option<impl Display>) -> Vec<(&'static str, String)> {
    ledger.into_iter().map(|ledger| ("ledger", ledger.to_string())).collect()
}

/// How often observations are sorted into their buckets, so that they don't pile up unread.
const UPKEEP: Duration = Duration::from_secs(1);

/// Why logs or metrics can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("the log filter {filter:?} can't be read: {detail}")]
    Filter {
        /// The filter as given.
        filter: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Something in this process writes logs already.
    #[error("logs are set up already")]
    LogsTaken,
    /// Something in this process counts already.
    #[error("metrics are set up already")]
    MetricsTaken,
}

/// Sends the process's logs to stderr, filtered by `filter` (such as `info` or
/// `warn,credit_ledger=debug`); by default as JSON unless stderr is a terminal.
///
/// # Errors
/// When the filter can't be read or logs are set up already.
pub fn init_logs(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| TelemetryError::Filter { filter: filter.to_owned(), detail: error.to_string() })?;
    let json = match format {
        LogFormat::Auto => !std::io::stderr().is_terminal(),
        LogFormat::Json => true,
        LogFormat::Text => false,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if json { lines.json().flatten_event(true).boxed() } else { lines.boxed() };
    tracing_subscriber::registry().with(filter).with(lines).try_init().map_err(|_| TelemetryError::LogsTaken)
}

/// The process's metrics. Clones share them.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Counts from now on. To be called before anything takes hold of a counter.
    ///
    /// # Errors
    /// When metrics are set up already.
    pub fn install() -> Result<Self, TelemetryError> {
        let recorder = recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|_| TelemetryError::MetricsTaken)?;
        describe();
        Ok(Self(handle))
    }

    /// All metrics in the text format of Prometheus (`text/plain; version=0.0.4`).
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Tidies up every few seconds until `stop` is cancelled: to be run beside the server.
    pub async fn upkeep(self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(UPKEEP)).await.is_some() {
            self.0.run_upkeep();
        }
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

/// Buckets fit what is expected: an fsync takes from a fraction of a millisecond to some tens.
fn recorder() -> PrometheusRecorder {
    let seconds = &[
        0.0001, 0.000_25, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0,
        2.5, 5.0, 10.0, 30.0,
    ][..];
    let sizes = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0][..];
    let mut builder = PrometheusBuilder::new();
    for (name, buckets) in
        [(HTTP_DURATION_SECONDS, seconds), (COMMIT_DURATION_SECONDS, seconds), (GROUP_SIZE, sizes)]
    {
        builder = builder
            .set_buckets_for_metric(Matcher::Full(name.to_owned()), buckets)
            .expect("the lists of buckets are not empty");
    }
    builder.build_recorder()
}

fn describe() {
    describe_counter!(COMMANDS_TOTAL, "Commands answered, by operation and outcome");
    describe_counter!(HTTP_REQUESTS_TOTAL, "Requests answered, by route and status");
    describe_counter!(HTTP_ERRORS_TOTAL, "Requests answered with a problem, by route and code");
    describe_histogram!(
        HTTP_DURATION_SECONDS,
        Unit::Seconds,
        "From a request's head to its answer, by route"
    );
    describe_histogram!(GROUP_SIZE, "Commands in one commit");
    describe_histogram!(COMMIT_DURATION_SECONDS, Unit::Seconds, "Time of one append to the log");
    describe_gauge!(PROJECTION_LAG_EVENTS, "Events that a projection is behind the log");
    describe_gauge!(PROJECTION_LAG_SECONDS, Unit::Seconds, "Age of the oldest event not yet in a projection");
    describe_gauge!(HEAD_POSITION, "Number of events in the log");
    describe_gauge!(MAILBOX_DEPTH, "Commands waiting for the writer");
    describe_gauge!(CACHED_WALLETS, "Wallets that the writer has in memory");
    describe_gauge!(WRITER, "1 while this process is the one that writes, of several");
    describe_gauge!(WRITER_EPOCH, "The epoch of the writer, as far as this process knows");
    describe_gauge!(LEASE_LEFT_SECONDS, Unit::Seconds, "Time to write without another renewal of the lease");
    describe_counter!(FORWARDED_TOTAL, "Commands handed to the writer in another process");
    describe_counter!(TIMERS_FIRED_TOTAL, "Wallets in which something expired on time, without a command");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_have_buckets_and_everything_is_described() {
        let recorder = recorder();
        metrics::with_local_recorder(&recorder, || {
            describe();
            for name in
                [COMMANDS_TOTAL, HTTP_REQUESTS_TOTAL, HTTP_ERRORS_TOTAL, TIMERS_FIRED_TOTAL, FORWARDED_TOTAL]
            {
                metrics::counter!(name).increment(1);
            }
            for name in [
                PROJECTION_LAG_EVENTS,
                PROJECTION_LAG_SECONDS,
                HEAD_POSITION,
                MAILBOX_DEPTH,
                CACHED_WALLETS,
                WRITER,
                WRITER_EPOCH,
                LEASE_LEFT_SECONDS,
            ] {
                metrics::gauge!(name).set(1);
            }
            for name in [HTTP_DURATION_SECONDS, COMMIT_DURATION_SECONDS, GROUP_SIZE] {
                metrics::histogram!(name).record(0.003);
            }
        });
        let text = Metrics(recorder.handle()).render();
        for bucket in [
            "http_duration_seconds_bucket{le=\"0.002\"} 0",
            "http_duration_seconds_bucket{le=\"0.004\"} 1",
            "commit_duration_seconds_bucket{le=\"0.004\"} 1",
            "group_size_bucket{le=\"1\"} 1",
            "group_size_bucket{le=\"1024\"} 1",
        ] {
            assert!(text.contains(&format!("credit_ledger_{bucket}\n")), "{bucket} in\n{text}");
        }
        assert_eq!(text.matches("# HELP credit_ledger_").count(), 16, "{text}");
        assert_eq!(text.matches("# TYPE credit_ledger_").count(), 16, "{text}");
    }

    #[test]
    fn a_filter_that_is_none_is_named() {
        let error = init_logs(LogFormat::Json, "credit_ledger=loud").expect_err("no such level");
        assert!(error.to_string().contains("credit_ledger=loud"), "{error}");
    }
}
