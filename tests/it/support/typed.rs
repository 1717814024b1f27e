//! Command lines as they are typed, run by the binary of this version.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use credit_ledger::log::{Bodies, Log, sqlite::SqliteLog};
use events::Position;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

use super::history::{History, Mix};

/// Settings of a ledger, and files beside it.
pub(crate) struct Home {
    dir: TempDir,
    settings: Vec<(&'static str, String)>,
}

impl Home {
    /// A ledger in the files of a directory of its own.
    pub(crate) fn embedded() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder"), settings: Vec::new() }
    }

    /// The same with `count` events of every kind in it.
    pub(crate) async fn written(seed: u64, count: usize) -> Self {
        let (mut history, mut bodies) = (History::new(seed, 2, 20), Bodies::default());
        history.begin(&mut bodies);
        history.extend(&mut bodies, count, Mix::Everything);
        let home = Self::embedded();
        let log = SqliteLog::open(&home.data_dir()).await.expect("a log");
        log.append(Position(0), &bodies).await.expect("an append");
        log.close().await;
        home
    }

    /// A ledger in this database.
    pub(crate) fn in_database(url: &str) -> Self {
        Self::embedded().with("DATABASE_URL", url)
    }

    /// The same with another setting.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A file beside the data directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_credit-ledger"));
        command.env_clear().current_dir(self.dir.path()).arg("--data-dir").arg(self.data_dir()).args(words);
        command.envs(self.settings.iter().map(|(name, value)| (format!("CREDIT_LEDGER_{name}"), value)));
        command
    }

    /// Runs a command line to its end. Its words are those between spaces.
    pub(crate) async fn run(&self, line: &str) -> Ran {
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        let mut command = self.command(&words);
        let output = tokio::task::spawn_blocking(move || command.output().expect("the binary"));
        Ran { line: line.to_owned(), output: output.await.expect("it has ended") }
    }

    /// What a command line that succeeds prints as JSON.
    pub(crate) async fn json(&self, line: &str) -> Value {
        let ran = self.run(&format!("{line} -o json")).await.ended(0);
        serde_json::from_slice(&ran.output.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }

    /// What a command line says that ends with this code.
    pub(crate) async fn refused(&self, line: &str, code: i32) -> String {
        let ran = self.run(line).await.ended(code);
        assert!(ran.output.stdout.is_empty(), "{ran:?}");
        ran.stderr()
    }

    /// Exports the ledger and gives its lines.
    pub(crate) async fn exported(&self, to: &Path) -> Vec<u8> {
        self.run(&format!("export --out {}", to.display())).await.ended(0);
        std::fs::read(to).expect("an export")
    }

    /// A server that answers.
    pub(crate) async fn serve(&self) -> Served {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut served =
            Served { child: child.expect("the binary"), url: String::new(), token: String::new() };
        loop {
            if let Some(status) = served.child.try_wait().expect("a child") {
                panic!("the server ended with {status}");
            }
            let file = std::fs::read(self.data_dir().join("server.json")).unwrap_or_default();
            if let Ok(file) = serde_json::from_slice::<Value>(&file) {
                let text = |name: &str| file[name].as_str().expect("a text").to_owned();
                (served.url, served.token) = (text("url"), text("admin_token"));
                return served;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    line: String,
    pub(crate) output: Output,
}

impl Ran {
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.output.status.code(), Some(code), "{}: {}", self.line, self.stderr());
        self
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }
}

/// A server, which ends with its test.
pub(crate) struct Served {
    child: Child,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Served {
    /// Ends it in good order.
    pub(crate) async fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
        while self.child.try_wait().expect("a child").is_none() {
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
