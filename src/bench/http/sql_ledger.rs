//! The yardstick for the profile on PostgreSQL: a ledger written by hand in SQL, under `pgbench`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::HttpBenchError;
use super::child::OwnChild;
use super::interrupt::Interrupt;
use crate::bench::load::Distribution;

const SCHEMA: &str = include_str!("../../../benches/sql_ledger/schema.sql");
const DEDUCT: &str = include_str!("../../../benches/sql_ledger/deduct.sql");

/// More clients only wait for each other on two cores.
const CLIENTS: &str = "32";
/// For what is not the load itself: connecting, making wallets.
const SPARE: Duration = Duration::from_secs(60);

/// The yardstick's schema in a database, made anew.
#[derive(Debug)]
pub(super) struct SqlLedger {
    url: String,
    script: PathBuf,
    wallets: u32,
}

/// One measurement of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct SqlRound {
    pub(super) distribution: Distribution,
    /// Transactions per second, as pgbench counts them without connecting.
    pub(super) throughput: f64,
}

impl SqlLedger {
    /// Makes the schema `sql_ledger` in the database, or makes it anew.
    pub(super) fn create(
        url: &str,
        wallets: u32,
        work_dir: &Path,
        interrupt: &Interrupt,
    ) -> Result<Self, HttpBenchError> {
        let (schema, script) = (work_dir.join("schema.sql"), work_dir.join("deduct.sql"));
        fs::write(&schema, SCHEMA).map_err(HttpBenchError::io("write the yardstick's schema"))?;
        fs::write(&script, DEDUCT).map_err(HttpBenchError::io("write the yardstick's script"))?;
        let mut psql = Command::new("psql");
        psql.args(["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--set"]);
        psql.arg(format!("wallets={wallets}")).arg("--file").arg(&schema).arg(url);
        output(psql, SPARE, interrupt)?;
        Ok(Self { url: url.to_owned(), script, wallets })
    }

    /// Runs `pgbench` on it for so many seconds.
    pub(super) fn measure(
        &self,
        distribution: Distribution,
        seconds: f64,
        interrupt: &Interrupt,
    ) -> Result<SqlRound, HttpBenchError> {
        let wallets = if distribution == Distribution::Hot { 1 } else { self.wallets };
        let whole = seconds.ceil().max(1.0);
        let mut pgbench = Command::new("pgbench");
        pgbench.args(["--no-vacuum", "--protocol=prepared", "--client", CLIENTS, "--jobs", "2"]);
        pgbench.arg(format!("--time={whole}")).arg(format!("--define=wallets={wallets}"));
        pgbench.arg("--file").arg(&self.script).arg(&self.url);
        let told = output(pgbench, SPARE + Duration::from_secs_f64(whole), interrupt)?;
        let throughput = per_second(&told)
            .ok_or_else(|| HttpBenchError::Generator(format!("pgbench told no speed: {told}")))?;
        Ok(SqlRound { distribution, throughput })
    }
}

/// The speed in what pgbench prints.
fn per_second(told: &str) -> Option<f64> {
    let line = told.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What a program prints until it ends well.
fn output(mut command: Command, within: Duration, interrupt: &Interrupt) -> Result<String, HttpBenchError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = OwnChild::spawn(&mut command)?;
    let status = child.wait_until(Instant::now() + within, interrupt)?;
    let (told, complaint) = child.output();
    match status {
        Some(status) if status.success() => Ok(told),
        Some(status) => Err(HttpBenchError::Generator(format!(
            "{} ended with {status}: {}",
            command.get_program().display(),
            complaint.trim()
        ))),
        None => Err(HttpBenchError::Generator(format!(
            "{} did not end within {within:?}",
            command.get_program().display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_is_found_in_what_pgbench_prints() {
        let told = "latency average = 2.4 ms\ninitial connection time = 40 ms\n\
                    tps = 12999.120000 (without initial connection time)\n";
        assert_eq!(per_second(told), Some(12_999.12));
        assert_eq!(per_second("no figure"), None);
    }
}
