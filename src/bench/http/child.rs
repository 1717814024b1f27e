//! Child processes that never outlive the bench.

use std::io::Read;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::HttpBenchError;
use super::interrupt::Interrupt;

/// How often a child is looked at while it is waited for.
const GLANCE: Duration = Duration::from_millis(10);

/// A child that is killed when dropped before it ended.
#[derive(Debug)]
pub(super) struct OwnChild(Child);

impl OwnChild {
    pub(super) fn spawn(command: &mut Command) -> Result<Self, HttpBenchError> {
        let doing = format!("start {}", command.get_program().display());
        command.spawn().map(Self).map_err(HttpBenchError::io(doing))
    }

    pub(super) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Its exit status, if it has ended.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>, HttpBenchError> {
        self.0.try_wait().map_err(HttpBenchError::io("wait for a child"))
    }

    /// Waits for its end until `deadline`; `None` when it has not ended by then.
    pub(super) fn wait_until(
        &mut self,
        deadline: Instant,
        interrupt: &Interrupt,
    ) -> Result<Option<ExitStatus>, HttpBenchError> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            pause(interrupt)?;
        }
    }

    /// What an ended child wrote to its standard output and error, as far as they are piped.
    pub(super) fn output(&mut self) -> (String, String) {
        (read_all(self.0.stdout.take()), read_all(self.0.stderr.take()))
    }

    /// Asks it to end in good order: SIGTERM, through the `kill` command, since the standard
    /// library only knows SIGKILL.
    pub(super) fn terminate(&self) -> Result<(), HttpBenchError> {
        Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status()
            .map(drop)
            .map_err(HttpBenchError::io("run `kill`"))
    }
}

impl Drop for OwnChild {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn read_all(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What was read before an error is still worth showing.
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits a moment before the next look at something that takes time.
pub(super) fn pause(interrupt: &Interrupt) -> Result<(), HttpBenchError> {
    thread::sleep(GLANCE);
    interrupt.check()
}
