//! Commands that run to their end.

use std::{
    fs::File,
    io::{Read, Seek},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::{clock::eventually, home::Home};

/// The longest that a command of a test takes.
const WITHIN: Duration = Duration::from_secs(60);

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Fails unless the command ended with this code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// Runs the binary on the data directory.
pub(crate) async fn run(home: &Home, words: &[&str]) -> Ran {
    let mut command = home.command();
    command.args(words);
    finish(command, WITHIN).await
}

/// Runs a command to its end, and ends it when it takes too long.
pub(crate) async fn finish(mut command: Command, within: Duration) -> Ran {
    let (mut stdout, mut stderr) =
        (tempfile::tempfile().expect("a file"), tempfile::tempfile().expect("a file"));
    command.stdout(copy(&stdout)).stderr(copy(&stderr));
    let what = format!("{command:?} has ended");
    let mut process = Process(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")));
    let status = eventually(&what, within, async || process.ended()).await;
    // No code means that a signal ended it.
    let code = status.code().unwrap_or(-1);
    Ran { code, stdout: text(&mut stdout), stderr: text(&mut stderr) }
}

/// A process that doesn't outlive its test.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("a process that can be waited for")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn copy(file: &File) -> Stdio {
    file.try_clone().expect("another handle").into()
}

fn text(file: &mut File) -> String {
    let mut text = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut text)).expect("what the command wrote");
    String::from_utf8_lossy(&text).into_owned()
}
