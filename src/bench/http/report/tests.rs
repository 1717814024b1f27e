use std::time::Duration;

use super::*;
use crate::bench::http::metrics::Metrics;
use crate::bench::load::{LatencyReport, LoadReport};
use crate::bench::process::Usage;

fn measured(route: Route, distribution: Distribution, throughput: f64, rate: Option<f64>) -> Measured {
    let latency_ms = LatencyReport { mean: 1.0, p50: 1.0, p90: 1.0, p99: 2.0, p99_9: 3.0, max: 4.0 };
    let load = LoadReport {
        route,
        distribution,
        connections: 64,
        wallets: 10,
        rate,
        seed: 1,
        seconds: 1.0,
        sent: 100,
        answered: 100,
        throughput,
        items: route.items(),
        items_refused: 0,
        latency_ms,
        statuses: [(201, 100)].into(),
        failures: [].into(),
        unanswered: 0,
        unsent: 0,
        cpu_seconds: Some(0.5),
    };
    let used = Usage { cpu: Duration::from_secs(1), write_bytes: 70_000, resident_bytes_max: 0 };
    let usage = [Usage::default(), used];
    Measured::new(load, Duration::from_secs(2), usage, [Metrics::default(); 2])
}

/// Two rounds on a machine that is half as fast in the second.
fn two_rounds() -> Vec<Measured> {
    use Distribution::{Hot, Uniform};
    [1.0, 0.5]
        .into_iter()
        .flat_map(|speed| {
            [
                measured(Route::Echo, Uniform, 1_000.0 * speed, None),
                measured(Route::Deduct, Uniform, 800.0 * speed, None),
                measured(Route::DeductBatch, Uniform, 2_800.0 * speed, None),
                measured(Route::Check, Uniform, 880.0 * speed, None),
                measured(Route::Deduct, Hot, 760.0 * speed, None),
                measured(Route::Deduct, Uniform, 400.0 * speed, Some(400.0 * speed)),
            ]
        })
        .collect()
}

fn report() -> HttpReport {
    let options = HttpOptions {
        connections: 64,
        wallets: 10,
        seconds: 1.0,
        rounds: 2,
        sustained: 0.0,
        ledger: None,
        sql_ledger: None,
    };
    let yardsticks =
        Yardsticks { durable_appends_per_second: 9_000.0, file_system: Some("tmpfs".to_owned()), cores: 2 };
    HttpReport::new(&options, yardsticks, &two_rounds())
}

fn close(spread: Spread, expected: f64) -> bool {
    [spread.median, spread.min, spread.max].iter().all(|figure| (figure - expected).abs() < 1e-9)
}

#[test]
fn ratios_are_taken_within_a_round() {
    let report = report();
    let deduct = &report.rows[1];
    assert_eq!(deduct.throughput, Spread { median: 600.0, min: 400.0, max: 800.0 });
    assert!(deduct.vs_echo.is_some_and(|share| close(share, 0.8)));
    assert!(close(report.hot_vs_uniform, 0.95));
    assert!(close(report.check_vs_deduct, 1.1));
    assert!(close(report.batch_vs_deduct, 3.5));
}

#[test]
fn half_load_has_a_row_of_its_own_and_no_share() {
    let report = report();
    let half: Vec<&Row> = report.rows.iter().filter(|row| row.half_load).collect();
    assert_eq!(half.len(), 1);
    assert_eq!(half[0].throughput.median, 300.0);
    assert_eq!(half[0].vs_echo, None);
}

#[test]
fn costs_are_related_to_time_and_requests() {
    let row = &report().rows[0];
    assert_eq!(row.server_cores.median, 0.5);
    assert_eq!(row.generator_cores.median, 0.25);
    assert_eq!(row.write_bytes_per_request.median, 700.0);
}

#[test]
fn memory_instead_of_a_disk_is_warned_of() {
    let warning = report().yardsticks.warning();
    assert!(warning.is_some_and(|warning| warning.contains("tmpfs")));
}

#[test]
fn the_table_names_every_row_and_the_json_has_no_invalid_number() {
    let report = report();
    let table = report.table();
    for name in [
        "echo, uniform",
        "deduct, hot",
        "deduct-batch, uniform",
        "check, uniform",
        "deduct, uniform, half load",
    ] {
        assert!(table.contains(name), "{table}");
    }
    assert!(table.contains("one hot wallet / uniform: 0.95 (0.95–0.95)"), "{table}");
    let json = serde_json::to_value(&report).expect("a report is plain data");
    assert_eq!(json["rows"][1]["throughput"]["median"], 600.0);
    assert!(json["rows"][0]["group_size"]["median"].is_null());
}
