//! The measured server: a child process of the same binary.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::HttpBenchError;
use super::child::{OwnChild, pause};
use super::interrupt::Interrupt;
use crate::bench::process::{Usage, is_zombie};

/// A ledger of many million events may take a while to be read.
const START_WITHIN: Duration = Duration::from_secs(120);
const STOP_WITHIN: Duration = Duration::from_secs(60);
const LOG_LINES: usize = 5;

/// What a server writes into `server.json` in its data directory once it listens.
#[derive(Debug, Deserialize)]
struct Announcement {
    url: String,
    admin_token: String,
    pid: u32,
}

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    child: OwnChild,
    pub(super) url: String,
    pub(super) admin_token: String,
}

impl Server {
    pub(super) fn start(
        program: &Path,
        data_dir: &Path,
        log: &Path,
        interrupt: &Interrupt,
    ) -> Result<Self, HttpBenchError> {
        let log_file = File::create(log).map_err(HttpBenchError::io("create the server's log"))?;
        let mut command = Command::new(program);
        command.arg("--data-dir").arg(data_dir);
        command.args(["serve", "--listen", "127.0.0.1:0", "--bench-echo"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log_file);
        let mut child = OwnChild::spawn(&mut command)?;
        let deadline = Instant::now() + START_WITHIN;
        let announced_in = data_dir.join("server.json");
        loop {
            // An announcement of another process is left over from an earlier server.
            if let Some(found) = announced(&announced_in).filter(|found| found.pid == child.pid()) {
                return Ok(Self { child, url: found.url, admin_token: found.admin_token });
            }
            if child.ended()?.is_some() || Instant::now() >= deadline {
                return Err(HttpBenchError::ServerSilent { log: last_lines(log) });
            }
            pause(interrupt)?;
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.pid()
    }

    pub(super) fn usage(&self) -> Usage {
        Usage::of(self.pid()).unwrap_or_default()
    }

    /// Ends the server in good order and tells what it had used in the end, including what it
    /// wrote while shutting down: the kernel knows that until the parent takes note of the end.
    pub(super) fn stop(mut self, interrupt: &Interrupt) -> Result<Usage, HttpBenchError> {
        self.child.terminate()?;
        let deadline = Instant::now() + STOP_WITHIN;
        let mut usage = self.usage();
        while !is_zombie(self.pid()) && Instant::now() < deadline && cfg!(target_os = "linux") {
            usage = Usage::of(self.pid()).unwrap_or(usage);
            pause(interrupt)?;
        }
        usage = Usage::of(self.pid()).unwrap_or(usage);
        match self.child.wait_until(deadline, interrupt)? {
            Some(status) if status.success() => Ok(usage),
            Some(status) => Err(HttpBenchError::ServerStop(status.to_string())),
            None => Err(HttpBenchError::ServerStop(format!("still there after {STOP_WITHIN:?}"))),
        }
    }
}

/// Where the server of a run keeps its ledger and its log.
pub(super) fn places(work_dir: &Path, ledger: Option<&PathBuf>) -> (PathBuf, PathBuf) {
    let data_dir = ledger.cloned().unwrap_or_else(|| work_dir.join("ledger"));
    (data_dir, work_dir.join("server.log"))
}

fn announced(path: &Path) -> Option<Announcement> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}
