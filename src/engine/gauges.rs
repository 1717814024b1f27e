//! What the writer measures.
#![expect(clippy::disallowed_types, reason = "metrics are floats, amounts never are")]

use std::time::Duration;

use events::{LedgerId, Position};
use metrics::{Counter, Gauge, Histogram};

use crate::telemetry;

/// The writer's metrics, looked up once.
pub(super) struct Gauges {
    group_size: Histogram,
    commit_seconds: Histogram,
    head: Gauge,
    mailbox: Gauge,
    wallets: Gauge,
    timers_fired: Counter,
}

impl Gauges {
    pub(super) fn register(label: Option<LedgerId>) -> Self {
        let labels = telemetry::of_ledger(label);
        Self {
            group_size: metrics::histogram!(telemetry::GROUP_SIZE, &labels),
            commit_seconds: metrics::histogram!(telemetry::COMMIT_DURATION_SECONDS, &labels),
            head: metrics::gauge!(telemetry::HEAD_POSITION, &labels),
            mailbox: metrics::gauge!(telemetry::MAILBOX_DEPTH, &labels),
            wallets: metrics::gauge!(telemetry::CACHED_WALLETS, &labels),
            timers_fired: metrics::counter!(telemetry::TIMERS_FIRED_TOTAL, &labels),
        }
    }

    /// So many commands wait.
    pub(super) fn waiting(&self, commands: usize) {
        self.mailbox.set(commands as f64);
    }

    /// Something expired in an idle wallet.
    pub(super) fn timer_fired(&self) {
        self.timers_fired.increment(1);
    }

    /// A group of so many commands goes to the log.
    pub(super) fn launched(&self, commands: usize) {
        self.group_size.record(commands as f64);
    }

    /// A group was stored.
    pub(super) fn stored(&self, head: Position, wallets: usize, took: Duration) {
        self.head.set(head.get() as f64);
        self.wallets.set(wallets as f64);
        self.commit_seconds.record(took.as_secs_f64());
    }
}
