//! The result for people.

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::report::{HttpReport, Row, SqlComparison};
use super::sustained::Sustained;
use crate::bench::load::Route;
use crate::bench::spread::Spread;

const HEADER: [&str; 10] = [
    "",
    "per second",
    "range",
    "of echo",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "server cores",
    "load cores",
    "group",
];

impl HttpReport {
    /// The report as a table, with what else was measured below it.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(HEADER);
        for row in &self.rows {
            let mut cells = cells(row).into_iter();
            let name = cells.next().map(Cell::new);
            let figures = cells.map(|cell| Cell::new(cell).set_alignment(CellAlignment::Right));
            table.add_row(name.into_iter().chain(figures));
        }
        let mut lines = vec![table.to_string(), String::new()];
        lines.push(format!("one hot wallet / uniform: {}", ratio(self.hot_vs_uniform)));
        lines.push(format!("checks / deductions: {}", ratio(self.check_vs_deduct)));
        lines.push(format!(
            "deductions in batches of {} / single ones: {}",
            Route::DeductBatch.items(),
            ratio(self.batch_vs_deduct)
        ));
        lines.extend(self.sql_ledger.iter().flat_map(sql_lines));
        lines.extend(self.sustained.iter().flat_map(sustained_lines));
        lines.push(format!("server memory: at most {} MB", self.resident_bytes_max / 1_000_000));
        lines.push(format!(
            "{} connections, {} wallets, {} cores shared; {:.0} durable appends of 4 KiB/s on {}",
            self.connections,
            self.wallets,
            self.yardsticks.cores,
            self.yardsticks.durable_appends_per_second,
            self.yardsticks.file_system.as_deref().unwrap_or("an unknown file system"),
        ));
        lines.extend(self.warnings.iter().map(|warning| format!("warning: {warning}")));
        lines.join("\n")
    }
}

fn cells(row: &Row) -> [String; HEADER.len()] {
    let pace = if row.half_load { ", half load" } else { "" };
    let number = |spread: Spread, digits: usize| {
        if spread.median.is_nan() { String::new() } else { format!("{:.digits$}", spread.median) }
    };
    [
        format!("{}, {}{pace}", row.route.name(), row.distribution.name()),
        number(row.throughput, 0),
        format!("{:.0}–{:.0}", row.throughput.min, row.throughput.max),
        row.vs_echo.map(|share| number(share, 2)).unwrap_or_default(),
        number(row.latency_ms_p50, 2),
        number(row.latency_ms_p99, 2),
        number(row.latency_ms_p99_9, 2),
        number(row.server_cores, 2),
        number(row.generator_cores, 2),
        number(row.group_size, 1),
    ]
}

fn ratio(spread: Spread) -> String {
    format!("{:.2} ({:.2}–{:.2})", spread.median, spread.min, spread.max)
}

fn sql_lines(sql: &SqlComparison) -> [String; 2] {
    let line = |what, theirs: Spread, times| {
        format!(
            "a ledger in SQL, {what}: {:.0} deductions/s; ours {} times that",
            theirs.median,
            ratio(times)
        )
    };
    [line("uniform", sql.uniform, sql.ours_vs_uniform), line("hot", sql.hot, sql.ours_vs_hot)]
}

fn sustained_lines(run: &Sustained) -> [String; 3] {
    let or_unknown = |figure: Option<f64>, unit: &str| {
        figure.map_or("unknown".to_owned(), |figure| format!("{figure:.1} {unit}"))
    };
    [
        format!(
            "sustained {:.0} s: {:.0} deductions/s, {:.2} of echo; p50 {:.2} ms, p99 {:.2} ms",
            run.seconds, run.throughput, run.vs_echo, run.latency_ms.p50, run.latency_ms.p99
        ),
        format!(
            "  projections behind: {} and {} at the end, at most {}",
            or_unknown(run.lag_events_end, "events"),
            or_unknown(run.lag_seconds_end, "s"),
            or_unknown(run.lag_seconds_max, "s"),
        ),
        format!(
            "  written: {:.0} bytes a deduction, all written back; groups of {}",
            run.write_bytes_per_deduction,
            or_unknown(run.group_size, "events"),
        ),
    ]
}
