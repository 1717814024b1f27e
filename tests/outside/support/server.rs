//! A server: the binary's `serve` on a data directory, on loopback, on a port of its own.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::PathBuf,
    process::{Command, ExitStatus},
    time::Duration,
};

use serde_json::Value;

use super::{
    ALL_SCOPES,
    api::Api,
    cli::Process,
    clock::{Stopwatch, eventually},
    home::Home,
};

/// Nothing here is so large that a start takes longer.
const START_WITHIN: Duration = Duration::from_secs(30);
/// The longest that a server may take to end.
const END_WITHIN: Duration = Duration::from_secs(15);

/// A running server. It ends with the test.
pub(crate) struct Server {
    process: Process,
    pub(crate) url: String,
    /// The operator's token.
    pub(crate) token: String,
    /// From the start of the process until it was ready.
    pub(crate) ready_after: Duration,
    started: Stopwatch,
    log: PathBuf,
}

/// How a server ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) took: Duration,
    /// Everything it wrote to standard output and standard error.
    pub(crate) log: String,
}

impl Server {
    pub(crate) async fn start(home: &Home) -> Self {
        Self::start_with(home, &[]).await
    }

    /// Starts with further options of `serve`.
    pub(crate) async fn start_with(home: &Home, options: &[&str]) -> Self {
        let started = Stopwatch::start();
        let (process, log) = spawn(home, options);
        let mut server = Self {
            process,
            url: String::new(),
            token: String::new(),
            ready_after: Duration::ZERO,
            started,
            log,
        };
        eventually("the server is ready", START_WITHIN, async || server.look(home).await).await;
        server.ready_after = server.started.elapsed();
        server
    }

    /// Starts one whose tokens name the address where it is reached.
    pub(crate) async fn start_as_issuer(home: &Home) -> Self {
        Self::start_as_issuer_with(home, &[]).await
    }

    /// The same with further options of `serve`.
    pub(crate) async fn start_as_issuer_with(home: &Home, options: &[&str]) -> Self {
        let address = free_address();
        let url = format!("http://{address}");
        let own = ["--listen", &address, "--public-url", &url];
        Self::start_with(home, &[&own, options].concat()).await
    }

    /// Starts one and kills it so much later, ready or not.
    pub(crate) async fn kill_9_while_starting(home: &Home, after: Duration) {
        let (process, _) = spawn(home, &[]);
        tokio::time::sleep(after).await;
        drop(process);
    }

    /// Whether it is ready now.
    async fn look(&mut self, home: &Home) -> Option<()> {
        if let Some(status) = self.process.ended() {
            panic!("the server ended with {status}:\n{}", self.log());
        }
        // A killed server leaves its file behind, so it counts only with the right process in it.
        let file = fs::read_to_string(home.data().join("server.json")).ok()?;
        let file: Value = serde_json::from_str(&file).ok()?;
        if file["pid"].as_u64() != Some(self.pid().into()) {
            return None;
        }
        let member = |name: &str| file[name].as_str().map(str::to_owned).expect("url and admin_token");
        (self.url, self.token) = (member("url"), member("admin_token"));
        let answer = self.operator().try_get("/readyz").await.ok()?;
        (answer.status == 200).then_some(())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Since the process was started.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Everything that servers of this data directory have written so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("a log file")
    }

    /// The API, called by the operator.
    pub(crate) fn operator(&self) -> Api {
        Api::new(&self.url, &self.token)
    }

    /// The API, called with this key.
    pub(crate) fn api(&self, key: &str) -> Api {
        Api::new(&self.url, key)
    }

    /// Registers an app that may do everything with credits; gives its key.
    pub(crate) async fn app(&self, name: &str) -> String {
        let scopes: Vec<&str> = ALL_SCOPES.split(',').collect();
        let body = serde_json::json!({ "name": name, "scopes": scopes });
        self.operator().post("/v1/apps", None, &body).await.expect(201).text("/api_key")
    }

    /// As a loss of power would end the process, though not the machine.
    pub(crate) fn kill_9(mut self) {
        self.process.0.kill().expect("a running process");
        self.process.0.wait().expect("an ended process");
    }

    /// Asks it to end.
    pub(crate) fn ask_to_end(&self) {
        self.signal("-TERM");
    }

    /// Sends it this signal, such as `-STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(name).arg(self.pid().to_string()).status();
        assert!(status.expect("kill runs").success());
    }

    /// Asks it to end and waits until it has.
    pub(crate) async fn end(mut self) -> Ended {
        let asked = Stopwatch::start();
        self.ask_to_end();
        self.ended_since(&asked).await
    }

    /// Waits until it has ended.
    pub(crate) async fn ended_since(&mut self, asked: &Stopwatch) -> Ended {
        let status = eventually("the server has ended", END_WITHIN, async || self.process.ended()).await;
        Ended { status, took: asked.elapsed(), log: self.log() }
    }
}

/// An address that was free a moment ago; nobody else asks for its port by number.
pub(crate) fn free_address() -> String {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    free.expect("a port").to_string()
}

/// The process, and the file that it writes standard output and standard error to.
fn spawn(home: &Home, options: &[&str]) -> (Process, PathBuf) {
    let log = home.file("server.log");
    let open = || File::options().create(true).append(true).open(&log).expect("a log file");
    let mut command = home.command();
    command.arg("serve");
    if !options.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.args(options).stdout(open()).stderr(open());
    (Process(command.spawn().expect("a process")), log)
}
