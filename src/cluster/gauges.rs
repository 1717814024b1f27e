//! What a process of a cluster measures.
#![expect(clippy::disallowed_types, reason = "metrics are floats, amounts never are")]

use events::LedgerId;
use metrics::{Counter, Gauge};

use super::Role;
use crate::telemetry;

/// The metrics of this process's part, looked up once.
pub(super) struct Gauges {
    writer: Gauge,
    epoch: Gauge,
    lease_left: Gauge,
    forwarded: Counter,
}

impl Gauges {
    pub(super) fn register(label: Option<LedgerId>) -> Self {
        let labels = telemetry::of_ledger(label);
        Self {
            writer: metrics::gauge!(telemetry::WRITER, &labels),
            epoch: metrics::gauge!(telemetry::WRITER_EPOCH, &labels),
            lease_left: metrics::gauge!(telemetry::LEASE_LEFT_SECONDS, &labels),
            forwarded: metrics::counter!(telemetry::FORWARDED_TOTAL, &labels),
        }
    }

    /// This process is that now.
    pub(super) fn is(&self, role: &Role) {
        let (writes, epoch, left) = match role {
            Role::Writer(term, _) => (1.0, Some(term.epoch()), term.left()),
            Role::Starting(term) => (0.0, Some(term.epoch()), term.left()),
            Role::Standby(writer) => (0.0, writer.as_ref().map(|peer| peer.epoch), Default::default()),
        };
        self.writer.set(writes);
        self.lease_left.set(left.as_secs_f64());
        if let Some(epoch) = epoch {
            self.epoch.set(epoch as f64);
        }
    }

    /// So many commands were handed on.
    pub(super) fn forwarded(&self, commands: usize) {
        self.forwarded.increment(commands as u64);
    }
}
