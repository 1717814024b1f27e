//! The load generator as a process of its own, as any client would be.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::HttpBenchError;
use super::child::{OwnChild, pause};
use super::interrupt::Interrupt;
use crate::bench::load::{LoadOptions, LoadReport};

/// A generator that takes this much longer than its load is ended.
const SLACK: Duration = Duration::from_secs(30);

/// Sends the load with `program bench load`, and calls `glance` again and again until it is over.
pub(super) fn run(
    program: &Path,
    options: &LoadOptions,
    interrupt: &Interrupt,
    glance: &mut dyn FnMut() -> Result<(), HttpBenchError>,
) -> Result<LoadReport, HttpBenchError> {
    let mut command = Command::new(program);
    command.args(["bench", "load", "-o", "json"]).args(options.to_args());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = OwnChild::spawn(&mut command)?;
    let load = Duration::try_from_secs_f64(options.seconds + options.drain_seconds);
    let deadline = Instant::now() + SLACK + load.unwrap_or_default();
    let status = loop {
        if let Some(status) = child.ended()? {
            break status;
        }
        if Instant::now() >= deadline {
            return Err(HttpBenchError::Generator("it did not end in time".to_owned()));
        }
        glance()?;
        pause(interrupt)?;
    };
    // Read only now: a report fits into the pipe's buffer many times.
    let (json, complaint) = child.output();
    if !status.success() {
        return Err(HttpBenchError::Generator(complaint));
    }
    serde_json::from_str(&json).map_err(|error| HttpBenchError::Generator(error.to_string()))
}
