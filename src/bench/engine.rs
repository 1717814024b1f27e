//! The engine benchmark: `credit-ledger bench engine`. Deductions without HTTP, each durable before
//! its caller goes on, with the projections running beside.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{
    drive::{Callers, Until},
    process::Usage,
};
use crate::{app::Ledger, engine::EngineError};

/// What to measure, and for how long.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct EngineOptions {
    /// Commands that wait at any time
    #[arg(long, default_value_t = 1_024)]
    pub waiting: usize,
    /// Wallets to spend from; 1 is one hot wallet
    #[arg(long, default_value_t = 10_000)]
    pub wallets: u32,
    /// Length of the measurement
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// Store so many deductions before the measurement
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub events: u64,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EngineReport {
    /// Commands that waited at any time.
    pub waiting: usize,
    /// Events stored before the measurement.
    pub events_before: u64,
    /// Durable deductions.
    pub deductions: u64,
    /// How long they took.
    pub seconds: f64,
    /// Durable deductions a second.
    pub per_second: f64,
    /// Events that the projections had not applied when the last deduction was answered.
    pub backlog_events: u64,
    /// How long the projections then took to catch up.
    pub catch_up_seconds: f64,
    /// CPU time for each deduction, projections included, in microseconds.
    pub cpu_microseconds: f64,
    /// Bytes that the process wrote to disk for each deduction, once the projections had caught up.
    pub written_bytes: f64,
    /// Most memory that the process held, in bytes.
    pub resident_bytes_max: u64,
}

/// Runs the benchmark on an open ledger, in which nothing else happens meanwhile.
///
/// # Errors
/// When a deduction has no receipt.
pub async fn run(ledger: &Ledger, options: &EngineOptions) -> Result<EngineReport, EngineError> {
    let run = ledger.commands.head().get();
    let callers = Callers::new(ledger.commands.clone(), ledger.default_org, options.wallets, run);
    callers.fund().await?;
    if options.events > 0 {
        callers.deduct(options.waiting.max(1_024), Until::Count(options.events)).await?;
    }
    ledger.caught_up().await;
    let events_before = ledger.commands.head().get();
    let before = Usage::of_self().unwrap_or_default();
    let length = Duration::from_secs_f64(options.seconds.max(0.1));
    let callers = Callers { run: run + 1, ..callers };
    let (deductions, took) = callers.deduct(options.waiting, Until::Elapsed(length)).await?;
    let backlog = ledger.commands.head().get() - ledger.checkpoint().get();
    let catching_up = Instant::now();
    ledger.caught_up().await;
    let catch_up = catching_up.elapsed();
    let after = Usage::of_self().unwrap_or_default();
    let each = |total: f64| total / deductions.max(1) as f64;
    Ok(EngineReport {
        waiting: options.waiting,
        events_before,
        deductions,
        seconds: took.as_secs_f64(),
        per_second: deductions as f64 / took.as_secs_f64(),
        backlog_events: backlog,
        catch_up_seconds: catch_up.as_secs_f64(),
        cpu_microseconds: each((after.cpu.saturating_sub(before.cpu)).as_secs_f64() * 1e6),
        written_bytes: each(after.write_bytes.saturating_sub(before.write_bytes) as f64),
        resident_bytes_max: after.resident_bytes_max,
    })
}

/// How many events to store.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct FillOptions {
    /// Deductions to store
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    pub events: u64,
    /// Wallets to spend from
    #[arg(long, default_value_t = 10_000)]
    pub wallets: u32,
}

/// Stores deductions in the ledger, so that something can be measured on a full one.
///
/// # Errors
/// When a deduction has no receipt.
pub async fn fill(ledger: &Ledger, options: &FillOptions) -> Result<(), EngineError> {
    let run = ledger.commands.head().get();
    let callers = Callers::new(ledger.commands.clone(), ledger.default_org, options.wallets, run);
    callers.fund().await?;
    callers.deduct(1_024, Until::Count(options.events)).await?;
    ledger.caught_up().await;
    Ok(())
}

impl EngineReport {
    /// The figures for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = comfy_table::Table::new();
        let mut row = |what: &str, figure: String| {
            table.add_row(vec![what.to_owned(), figure]);
        };
        row("events stored before", self.events_before.to_string());
        row("commands waiting", self.waiting.to_string());
        row("durable deductions", format!("{} in {:.1} s", self.deductions, self.seconds));
        row("deductions a second", format!("{:.0}", self.per_second));
        row("backlog of the projections", format!("{} events", self.backlog_events));
        row("caught up after", format!("{:.2} s", self.catch_up_seconds));
        row("CPU for each", format!("{:.1} µs", self.cpu_microseconds));
        row("written for each", format!("{:.0} bytes", self.written_bytes));
        row("most memory", format!("{} MiB", self.resident_bytes_max >> 20));
        table.to_string()
    }
}
