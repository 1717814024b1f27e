//! What the relay measures.
#![expect(clippy::disallowed_types, reason = "metrics are floats, amounts never are")]

use events::LedgerId;
use metrics::{Counter, Gauge, Unit, describe_counter, describe_gauge};

use super::health::{RelayHealth, RelayPhase};
use crate::telemetry;

const LAG_EVENTS: &str = "credit_ledger_relay_lag_events";
const LAG_SECONDS: &str = "credit_ledger_relay_lag_seconds";
const UNCONFIRMED: &str = "credit_ledger_relay_unconfirmed_messages";
const PUBLISHED_TOTAL: &str = "credit_ledger_relay_published_total";
const REWINDS_TOTAL: &str = "credit_ledger_relay_rewinds_total";
const QUARANTINED_TOTAL: &str = "credit_ledger_relay_quarantined_total";
const BLOCKED: &str = "credit_ledger_relay_blocked";
const CONNECTED: &str = "credit_ledger_relay_connected";

/// The relay's metrics, looked up once.
pub(super) struct Gauges {
    lag_events: Gauge,
    lag_seconds: Gauge,
    unconfirmed: Gauge,
    published: Counter,
    quarantined: Counter,
    blocked: Gauge,
    connected: Gauge,
}

impl Gauges {
    pub(super) fn register(label: Option<LedgerId>) -> Self {
        let labels = telemetry::of_ledger(label);
        describe_gauge!(LAG_EVENTS, "Events that the relay is behind the log");
        describe_gauge!(LAG_SECONDS, Unit::Seconds, "Age of the oldest event not confirmed by the broker");
        describe_gauge!(UNCONFIRMED, "Messages published and not confirmed");
        describe_counter!(PUBLISHED_TOTAL, "Messages confirmed by the broker");
        describe_counter!(REWINDS_TOTAL, "Returns to the last confirmed event, by cause");
        describe_counter!(QUARANTINED_TOTAL, "Events that could not become messages");
        describe_gauge!(BLOCKED, "1 while the broker takes nothing, because it is short of memory or disk");
        describe_gauge!(CONNECTED, "1 while the relay publishes to the broker");
        Self {
            lag_events: metrics::gauge!(LAG_EVENTS, &labels),
            lag_seconds: metrics::gauge!(LAG_SECONDS, &labels),
            unconfirmed: metrics::gauge!(UNCONFIRMED, &labels),
            published: metrics::counter!(PUBLISHED_TOTAL, &labels),
            quarantined: metrics::counter!(QUARANTINED_TOTAL, &labels),
            blocked: metrics::gauge!(BLOCKED, &labels),
            connected: metrics::gauge!(CONNECTED, &labels),
        }
    }

    pub(super) fn show(&self, health: &RelayHealth) {
        self.lag_events.set(health.lag_events as f64);
        self.lag_seconds.set(health.lag_seconds as f64);
        self.unconfirmed.set(health.unconfirmed as f64);
        self.published.absolute(health.published);
        self.quarantined.absolute(health.quarantined);
        let is = |it: bool| if it { 1.0 } else { 0.0 };
        let blocked = matches!(health.phase, RelayPhase::Blocked { .. });
        self.blocked.set(is(blocked));
        self.connected.set(is(blocked || health.phase == RelayPhase::Running));
    }
}

/// The relay went back to its last confirmed event.
pub(super) fn rewound(label: Option<LedgerId>, cause: &'static str) {
    let mut labels = telemetry::of_ledger(label);
    labels.push(("cause", cause.to_owned()));
    metrics::counter!(REWINDS_TOTAL, &labels).increment(1);
}
