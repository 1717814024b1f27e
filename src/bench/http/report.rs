//! The result of the HTTP benchmark.

use serde::Serialize;

use super::HttpOptions;
use super::measured::Measured;
use super::rounds::routes;
use super::sql_ledger::SqlRound;
use super::sustained::Sustained;
use crate::bench::load::{Distribution, Route};
use crate::bench::spread::Spread;

/// Everything measured. Serialized, it is the JSON of `bench http -o json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HttpReport {
    /// Version of the measured binary.
    pub version: &'static str,
    /// Keep-alive connections.
    pub connections: usize,
    /// Wallets to spend from.
    pub wallets: u32,
    /// Length of each measurement of the rounds.
    pub seconds: f64,
    /// What the machine can do without the ledger.
    pub yardsticks: Yardsticks,
    /// One row a route and distribution.
    pub rows: Vec<Row>,
    /// Deductions on one hot wallet as a share of those over all wallets, round by round.
    pub hot_vs_uniform: Spread,
    /// Checks as a share of deductions over all wallets, round by round.
    pub check_vs_deduct: Spread,
    /// Deductions in batches as a multiple of single ones over all wallets, round by round.
    pub batch_vs_deduct: Spread,
    /// The ledger written by hand, if it was measured.
    pub sql_ledger: Option<SqlComparison>,
    /// The sustained run, unless it was left out.
    pub sustained: Option<Sustained>,
    /// The most memory that the server held.
    pub resident_bytes_max: u64,
    /// Reasons to doubt the figures; empty when there are none.
    pub warnings: Vec<String>,
}

/// What the machine can do without the ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Yardsticks {
    /// Appends of 4 KiB, each with `fdatasync`, in the ledger's directory.
    pub durable_appends_per_second: f64,
    /// Type of the file system there, where known.
    pub file_system: Option<String>,
    /// Cores that server and generator share.
    pub cores: usize,
}

impl Yardsticks {
    /// A disk that is none makes figures meaningless.
    pub(super) fn warning(&self) -> Option<String> {
        let memory = self.file_system.as_deref().filter(|kind| ["tmpfs", "ramfs"].contains(kind))?;
        Some(format!("the ledger is on {memory}: nothing was durable (set TMPDIR to a disk)"))
    }
}

/// The rounds of one route, distribution and pace.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it; Spread has the rounds' median and range")]
pub struct Row {
    pub route: Route,
    pub distribution: Distribution,
    /// At half of full load, in an open loop.
    pub half_load: bool,
    /// Requests a second; of batches, their items.
    pub throughput: Spread,
    /// Throughput as a share of the same round's echo.
    pub vs_echo: Option<Spread>,
    pub latency_ms_p50: Spread,
    pub latency_ms_p99: Spread,
    pub latency_ms_p99_9: Spread,
    pub latency_ms_max: Spread,
    pub server_cores: Spread,
    pub generator_cores: Spread,
    /// Mean number of events committed together.
    pub group_size: Spread,
    /// Written while the load ran, without what is written back later.
    pub write_bytes_per_request: Spread,
}

impl HttpReport {
    /// Sums up the rounds; memory, sustained run and warnings are added when they are known.
    pub(super) fn new(options: &HttpOptions, yardsticks: Yardsticks, rounds: &[Measured]) -> Self {
        use Distribution::{Hot, Uniform};
        let deduct = (Route::Deduct, Uniform);
        let mut rows = Vec::new();
        for distribution in [Uniform, Hot] {
            for route in routes(distribution) {
                rows.extend(Row::new(rounds, *route, distribution, false));
            }
        }
        rows.extend(Row::new(rounds, Route::Deduct, Uniform, true));
        Self {
            version: env!("CARGO_PKG_VERSION"),
            connections: options.connections,
            wallets: options.wallets,
            seconds: options.seconds,
            yardsticks,
            rows,
            hot_vs_uniform: ratios(rounds, (Route::Deduct, Hot), deduct),
            check_vs_deduct: ratios(rounds, (Route::Check, Uniform), deduct),
            batch_vs_deduct: ratios(rounds, (Route::DeductBatch, Uniform), deduct),
            sql_ledger: None,
            sustained: None,
            resident_bytes_max: 0,
            warnings: Vec::new(),
        }
    }
}

/// A ledger written by hand in SQL, under pgbench in the same rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SqlComparison {
    /// Its deductions a second over all wallets.
    pub uniform: Spread,
    /// Its deductions a second on one wallet.
    pub hot: Spread,
    /// Ours over all wallets as a multiple of that, round by round.
    pub ours_vs_uniform: Spread,
    /// Ours on one wallet as a multiple of that, round by round.
    pub ours_vs_hot: Spread,
}

impl SqlComparison {
    /// `None` when it was not measured.
    pub(super) fn of(sql: &[SqlRound], ours: &[Measured]) -> Option<Self> {
        let of = |distribution| {
            let rounds = sql.iter().filter(move |round| round.distribution == distribution);
            rounds.map(|round| round.throughput)
        };
        let ratio = |distribution| {
            let ours = throughputs(ours, Route::Deduct, distribution);
            Spread::of(ours.zip(of(distribution)).map(|(ours, theirs)| ours / theirs))
        };
        (!sql.is_empty()).then(|| Self {
            uniform: Spread::of(of(Distribution::Uniform)),
            hot: Spread::of(of(Distribution::Hot)),
            ours_vs_uniform: ratio(Distribution::Uniform),
            ours_vs_hot: ratio(Distribution::Hot),
        })
    }
}

impl Row {
    /// `None` when nothing of the kind was measured.
    fn new(rounds: &[Measured], route: Route, distribution: Distribution, half_load: bool) -> Option<Self> {
        let of_row: Vec<&Measured> = select(rounds, route, distribution, half_load).collect();
        let spread = |figure: fn(&Measured) -> f64| Spread::of(of_row.iter().map(|one| figure(one)));
        let compared = !half_load && route != Route::Echo;
        (!of_row.is_empty()).then(|| Self {
            route,
            distribution,
            half_load,
            throughput: spread(|one| one.load.throughput),
            vs_echo: compared.then(|| ratios(rounds, (route, distribution), (Route::Echo, distribution))),
            latency_ms_p50: spread(|one| one.load.latency_ms.p50),
            latency_ms_p99: spread(|one| one.load.latency_ms.p99),
            latency_ms_p99_9: spread(|one| one.load.latency_ms.p99_9),
            latency_ms_max: spread(|one| one.load.latency_ms.max),
            server_cores: spread(|one| one.server_cores),
            generator_cores: spread(|one| one.generator_cores),
            group_size: Spread::of(of_row.iter().filter_map(|one| one.group_size)),
            write_bytes_per_request: spread(|one| one.write_bytes_per_request),
        })
    }
}

fn select(
    rounds: &[Measured],
    route: Route,
    distribution: Distribution,
    half_load: bool,
) -> impl Iterator<Item = &Measured> {
    rounds.iter().filter(move |one| {
        let load = &one.load;
        (load.route, load.distribution, load.rate.is_some()) == (route, distribution, half_load)
    })
}

/// The closed-loop throughput of each round.
pub(super) fn throughputs(
    rounds: &[Measured],
    route: Route,
    distribution: Distribution,
) -> impl Iterator<Item = f64> {
    select(rounds, route, distribution, false).map(|one| one.load.throughput)
}

/// Compares two measurements of the same round, round by round: what slows down the machine for
/// a while slows down both.
fn ratios(
    rounds: &[Measured],
    (route, distribution): (Route, Distribution),
    (other_route, other_distribution): (Route, Distribution),
) -> Spread {
    let others = throughputs(rounds, other_route, other_distribution);
    Spread::of(throughputs(rounds, route, distribution).zip(others).map(|(one, other)| one / other))
}

#[cfg(test)]
mod tests;
