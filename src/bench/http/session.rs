//! One server under measurement, and how a single measurement is taken.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::admin::Admin;
use super::child::pause;
use super::interrupt::Interrupt;
use super::measured::Measured;
use super::report::{HttpReport, SqlComparison, Yardsticks};
use super::server::{self, Server};
use super::sql_ledger::{SqlLedger, SqlRound};
use super::sustained::SustainedRun;
use super::work_dir::WorkDir;
use super::{HttpBenchError, HttpOptions, generator, rounds};
use crate::bench::disk;
use crate::bench::load::{self, Distribution, LoadOptions, Route};
use crate::bench::neighbours::Neighbours;

/// Projections get this long to catch up before a measurement begins.
const SETTLE_WITHIN: Duration = Duration::from_secs(60);
const WARM_UP_SECONDS: f64 = 2.0;
/// Echo, deduct and check on many wallets and on one, batches, then deduct at half load.
const MEASUREMENTS_PER_ROUND: f64 = 8.0;
/// Connections that send batches: as many commands as theirs fit into a server's mailbox.
const BATCH_CONNECTIONS_MAX: usize = 8;
const FUNDING_SECONDS_MAX: f64 = 600.0;

/// Everything a phase needs. Dropping it ends the server and removes the directory.
pub(super) struct Session {
    pub(super) options: HttpOptions,
    pub(super) server: Server,
    admin: Admin,
    sql: Option<SqlLedger>,
    sql_rounds: Vec<SqlRound>,
    progress: ProgressBar,
    warnings: Vec<String>,
    yardsticks: Yardsticks,
    program: PathBuf,
    api_key_file: PathBuf,
    interrupt: Interrupt,
    seed: u64,
    // The last field, so that the directory is removed after the server has ended.
    _work_dir: WorkDir,
}

/// What distinguishes one measurement from another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) route: Route,
    pub(super) distribution: Distribution,
    pub(super) seconds: f64,
    pub(super) rate: Option<f64>,
}

impl Session {
    /// Starts a server, fills the wallets and warms up.
    pub(super) fn start(options: &HttpOptions, program: &Path) -> Result<Self, HttpBenchError> {
        let interrupt = Interrupt::listen()?;
        let seed = load::fresh_seed();
        let work_dir = WorkDir::create(seed)?;
        let (data_dir, log) = server::places(work_dir.path(), options.ledger.as_ref());
        let creating = HttpBenchError::io(format!("create {}", data_dir.display()));
        fs::create_dir_all(&data_dir).map_err(creating)?;
        let yardsticks = Yardsticks {
            durable_appends_per_second: disk::durable_appends_per_second(&data_dir)
                .map_err(HttpBenchError::io("measure the disk"))?,
            file_system: disk::file_system(&data_dir),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
        };
        let server = Server::start(program, &data_dir, &log, &interrupt)?;
        let admin = Admin::of(&server)?;
        let api_key = admin.create_app(&format!("bench-{seed:016x}"))?;
        let sql = options.sql_ledger.as_deref();
        let sql = sql.map(|url| SqlLedger::create(url, options.wallets, work_dir.path(), &interrupt));
        let mut session = Self {
            sql: sql.transpose()?,
            sql_rounds: Vec::new(),
            options: options.clone(),
            api_key_file: work_dir.write_secret("api-key", &api_key)?,
            server,
            admin,
            progress: progress_bar(options),
            warnings: yardsticks.warning().into_iter().collect(),
            yardsticks,
            program: program.to_owned(),
            interrupt,
            seed,
            _work_dir: work_dir,
        };
        session.fund()?;
        let distribution = Distribution::Uniform;
        for route in rounds::routes(distribution) {
            session.show(&format!("warm-up: {}", route.name()));
            let load = Load { route: *route, distribution, seconds: WARM_UP_SECONDS, rate: None };
            let options = session.load_options(load);
            generator::run(program, &options, &session.interrupt, &mut || Ok(()))?;
        }
        Ok(session)
    }

    fn fund(&mut self) -> Result<(), HttpBenchError> {
        self.show(&format!("filling {} wallets", self.options.wallets));
        let load = Load {
            route: Route::Purchase,
            distribution: Distribution::Each,
            seconds: FUNDING_SECONDS_MAX,
            rate: None,
        };
        let requests = Some(u64::from(self.options.wallets));
        let report = load::run(&LoadOptions { requests, ..self.load_options(load) })?;
        self.interrupt.check()?;
        let failed = u64::from(self.options.wallets) - (report.sent - report.unsuccessful());
        if failed > 0 { Err(HttpBenchError::Funding(failed)) } else { Ok(()) }
    }

    /// Takes one measurement, with settled projections at its start. `glance` is called again and
    /// again while the load runs.
    pub(super) fn measure(
        &mut self,
        load: Load,
        glance: &mut dyn FnMut(&Admin) -> Result<(), HttpBenchError>,
    ) -> Result<Measured, HttpBenchError> {
        self.settle()?;
        let ours = [std::process::id(), self.server.pid()];
        let neighbours = Neighbours::now(&ours);
        let metrics = self.admin.metrics()?;
        let usage = self.server.usage();
        let start = Instant::now();
        let options = self.load_options(load);
        let admin = &self.admin;
        let report = generator::run(&self.program, &options, &self.interrupt, &mut || glance(admin))?;
        let elapsed = start.elapsed();
        let (usage_after, metrics_after) = (self.server.usage(), self.admin.metrics()?);
        let name = format!("{}, {}", load.route.name(), load.distribution.name());
        if let Some(warning) = Neighbours::now(&ours).warning_since(&neighbours, elapsed) {
            self.warnings.push(format!("{name}: {warning}"));
        }
        self.warnings.extend(report.warning().map(|warning| format!("{name}: {warning}")));
        self.progress.inc(load.seconds.round() as u64);
        Ok(Measured::new(report, elapsed, [usage, usage_after], [metrics, metrics_after]))
    }

    /// Measures the ledger written by hand, where one is to be compared with.
    pub(super) fn measure_sql(&mut self, distribution: Distribution) -> Result<(), HttpBenchError> {
        self.settle()?;
        let Some(sql) = &self.sql else { return Ok(()) };
        self.progress.set_message(format!("a ledger in SQL, {}", distribution.name()));
        let round = sql.measure(distribution, self.options.seconds, &self.interrupt)?;
        self.sql_rounds.push(round);
        Ok(())
    }

    /// Says on the progress bar what is going on.
    pub(super) fn show(&self, message: &str) {
        self.progress.set_message(message.to_owned());
    }

    /// Waits until the projections have seen every event, so that work left over from one
    /// measurement does not slow down the next.
    pub(super) fn settle(&mut self) -> Result<(), HttpBenchError> {
        let deadline = Instant::now() + SETTLE_WITHIN;
        while self.admin.metrics()?.lag_events.is_some_and(|events| events > 0.0) {
            if Instant::now() >= deadline {
                self.warnings.push(format!("projections still behind after {SETTLE_WITHIN:?}"));
                return Ok(());
            }
            pause(&self.interrupt)?;
        }
        Ok(())
    }

    /// Ends the server and reports. What a sustained run wrote is known only now: views and logs
    /// are written back at the end.
    pub(super) fn finish(
        mut self,
        measured: &[Measured],
        sustained: Option<SustainedRun>,
    ) -> Result<HttpReport, HttpBenchError> {
        self.show("ending the server");
        self.settle()?;
        let resident_bytes_max = self.server.usage().resident_bytes_max;
        let usage = self.server.stop(&self.interrupt)?;
        self.progress.finish_and_clear();
        let mut report = HttpReport::new(&self.options, self.yardsticks, measured);
        report.resident_bytes_max = resident_bytes_max;
        report.sql_ledger = SqlComparison::of(&self.sql_rounds, measured);
        report.sustained = sustained.map(|run| run.report(&usage, measured));
        report.warnings = self.warnings;
        Ok(report)
    }

    /// Options with a seed of their own: repeated keys would be answered as replays.
    fn load_options(&mut self, load: Load) -> LoadOptions {
        self.seed = self.seed.wrapping_add(1);
        LoadOptions {
            url: self.server.url.clone(),
            route: load.route,
            api_key_file: self.api_key_file.clone(),
            connections: match load.route.items() {
                1 => self.options.connections,
                _ => self.options.connections.min(BATCH_CONNECTIONS_MAX),
            },
            wallets: self.options.wallets,
            distribution: load.distribution,
            seconds: load.seconds,
            requests: None,
            rate: load.rate,
            drain_seconds: 5.0,
            seed: Some(self.seed),
        }
    }
}

/// A bar of seconds on standard error.
fn progress_bar(options: &HttpOptions) -> ProgressBar {
    let measuring = f64::from(options.rounds) * MEASUREMENTS_PER_ROUND * options.seconds;
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} s  {msg}");
    let bar = ProgressBar::new((measuring + options.sustained) as u64);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
