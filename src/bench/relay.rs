//! The relay benchmark: `credit-ledger bench relay`. How many messages a second a broker confirms, and
//! how long after its event a message is with a consumer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use events::{AppId, Position};
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::sleep;

use super::drive::{Callers, Until};
use crate::{
    app::{Ledger, Machine},
    broker::{Tap, TapKind},
    config::Config,
};

/// How often it looks how far the relay is.
const LOOK: Duration = Duration::from_millis(20);
/// One tick of the steady load.
const TICK: Duration = Duration::from_millis(10);
/// The load goes to so many wallets.
const WALLETS: u32 = 1_000;

/// How much to relay.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct RelayOptions {
    /// Deductions that wait in the log when the relay starts
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    pub messages: u64,
    /// Deductions a second while latencies are measured
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    pub rate: u32,
    /// How long latencies are measured
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RelayReport {
    /// Messages that the broker confirmed.
    pub confirmed: u64,
    /// How long that took, the connection included.
    pub seconds: f64,
    /// Messages confirmed a second.
    pub per_second: f64,
    /// How often the relay had to go back.
    pub rewinds: u64,
    /// Deductions a second that were asked for while latencies were measured.
    pub rate: u32,
    /// Messages whose latency was measured.
    pub messages: u64,
    /// From the time of the event, which is before its commit, to the consumer: half of them, in
    /// milliseconds.
    pub latency_p50_ms: f64,
    /// 99 of 100.
    pub latency_p99_ms: f64,
    /// The worst.
    pub latency_max_ms: f64,
}

/// A ledger with one app that spends and is told.
#[derive(Debug)]
pub struct Prepared {
    /// The app, whose queue has to be made.
    pub app: AppId,
    /// Events that wait to be relayed.
    messages: u64,
    /// The position after the last of them.
    head: Position,
}

/// Fills the ledger, for one new app.
///
/// # Errors
/// When a command has no answer.
pub async fn prepare(config: &Config, machine: &Machine, options: &RelayOptions) -> Result<Prepared> {
    let ledger = Ledger::open(config, machine).await?;
    let name = format!("bench-{}", ledger.commands.head());
    let app = ledger.identity.register_app(ledger.default_org, &name, None).await?.id;
    let callers = callers(&ledger, app);
    callers.fund().await?;
    callers.deduct(1_024, Until::Count(options.messages)).await?;
    let head = ledger.commands.head();
    ledger.close().await?;
    Ok(Prepared { app, messages: options.messages + u64::from(WALLETS), head })
}

/// Relays what waits to the broker that `config` names, then measures latencies. `consumer` is the URL
/// with which the app reads its queue.
///
/// # Errors
/// When the broker or the ledger cannot be used.
pub async fn run(
    config: &Config,
    machine: &Machine,
    prepared: &Prepared,
    consumer: &str,
    options: &RelayOptions,
) -> Result<RelayReport> {
    let started = Instant::now();
    let ledger = Ledger::open(config, machine).await?;
    let confirmed = relayed(&ledger, prepared.messages).await?;
    let took = started.elapsed();
    let rewinds = told(&ledger, "rewinds");
    let latencies = latencies(&ledger, machine, prepared, consumer, options).await?;
    ledger.close().await?;
    let millis = |nanos: u64| nanos as f64 / 1e6;
    Ok(RelayReport {
        confirmed,
        seconds: took.as_secs_f64(),
        per_second: confirmed as f64 / took.as_secs_f64(),
        rewinds,
        rate: options.rate,
        messages: latencies.len(),
        latency_p50_ms: millis(latencies.value_at_quantile(0.5)),
        latency_p99_ms: millis(latencies.value_at_quantile(0.99)),
        latency_max_ms: millis(latencies.max()),
    })
}

fn callers(ledger: &Ledger, app: AppId) -> Callers {
    let run = ledger.commands.head().get();
    Callers { app, ..Callers::new(Arc::clone(&ledger.commands), ledger.default_org, WALLETS, run) }
}

/// One figure of the relay's own.
fn told(ledger: &Ledger, figure: &str) -> u64 {
    ledger.readiness().details()["relay"][figure].as_u64().unwrap_or_default()
}

/// Waits until so many messages are confirmed; gives how many there are then.
async fn relayed(ledger: &Ledger, messages: u64) -> Result<u64> {
    let mut reported = String::new();
    loop {
        let relay = &ledger.readiness().details()["relay"];
        match relay["phase"].as_str() {
            Some("misconfigured" | "ended") => return Err(anyhow!("the relay does not work: {relay}")),
            Some("retrying") if reported != relay["reason"] => {
                reported = relay["reason"].as_str().unwrap_or_default().to_owned();
                tracing::warn!(reason = reported, "the relay tries again");
            }
            _ => {}
        }
        let confirmed = relay["published"].as_u64().unwrap_or_default();
        if confirmed >= messages {
            return Ok(confirmed);
        }
        sleep(LOOK).await;
    }
}

/// Nanoseconds from each event to its message, at a steady rate.
async fn latencies(
    ledger: &Ledger,
    machine: &Machine,
    prepared: &Prepared,
    consumer: &str,
    options: &RelayOptions,
) -> Result<Histogram<u64>> {
    let mut tap = Tap::open(consumer, prepared.app, TapKind::Take).await?;
    // What waited before is taken first, so that nothing stands in the way.
    while stamp(&tap.next().await?)?.0.next() < prepared.head {}
    let length = Duration::from_secs_f64(options.seconds.max(0.1));
    let ticks = (length.as_micros() / TICK.as_micros()) as u64;
    let each = (u64::from(options.rate) * TICK.as_micros() as u64 / 1_000_000).max(1);
    let callers = callers(ledger, prepared.app);
    let load = tokio::spawn(async move { callers.steadily(each, TICK, ticks).await });
    let mut latencies = Histogram::new_with_bounds(1_000, 60_000_000_000, 3)?;
    while latencies.len() < ticks * each {
        let (_, made) = stamp(&tap.next().await?)?;
        let micros = machine.clock.now().micros().saturating_sub(made).max(1);
        latencies.saturating_record(micros.unsigned_abs() * 1_000);
    }
    load.await??;
    Ok(latencies)
}

/// Position and time of an event, the time in microseconds.
fn stamp(body: &[u8]) -> Result<(Position, i64)> {
    let recorded = events::decode(body)?;
    Ok((recorded.envelope.position, recorded.envelope.time.micros()))
}

impl RelayReport {
    /// The figures for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = comfy_table::Table::new();
        let mut row = |what: &str, figure: String| {
            table.add_row(vec![what.to_owned(), figure]);
        };
        row("confirmed messages", format!("{} in {:.1} s", self.confirmed, self.seconds));
        row("messages a second", format!("{:.0}", self.per_second));
        row("rewinds", self.rewinds.to_string());
        row("latencies at", format!("{} deductions a second, {} messages", self.rate, self.messages));
        row("half within", format!("{:.1} ms", self.latency_p50_ms));
        row("99 of 100 within", format!("{:.1} ms", self.latency_p99_ms));
        row("all within", format!("{:.1} ms", self.latency_max_ms));
        table.to_string()
    }
}
