//! Starting and ending a private PostgreSQL server.
//!
//! A shell keeps the server: it starts and stops it as told over its standard input. When that ends,
//! because the test binary dropped it, ended or was killed, the shell ends the server and removes its
//! directory. Should the shell itself be killed, the kernel tells the server to quit.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        atomic::{AtomicU16, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use crate::support::scratch;

const KEEPER: &str = r#"
trap '' INT TERM HUP
directory=$1
shift
server=
end() {
  if [ -n "$server" ]; then kill -"$1" "$server" 2>/dev/null; wait "$server"; server=; fi
}
while read -r order signal; do
  case $order in
  start) env --default-signal=INT,QUIT,TERM,HUP "$@" </dev/null >/dev/null & server=$!; echo started ;;
  stop) end "$signal"; echo stopped ;;
  esac
done
end QUIT
rm -rf "$directory"
"#;

/// Small, and as careful as a server of the service must be: `fsync` stays on.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "shared_buffers=16MB",
    "max_connections=300",
    "max_wal_size=256MB",
    "max_wal_senders=0",
    "wal_level=minimal",
    "log_min_messages=log",
    "log_checkpoints=off",
    "jit=off",
    // Nothing lives long enough for them.
    "autovacuum=off",
    "checkpoint_timeout=1h",
    // In its directory, so that nothing of it stays in /dev/shm when it is killed.
    "dynamic_shared_memory_type=mmap",
];

/// What the server logs when it can be used, and how it begins to say why it can't.
const READY: &str = "database system is ready to accept connections";
const FAILED: &str = "FATAL:  could not";
/// What it says when sessions of a server that was killed have not ended yet.
const NOT_YET: &str = "is still in use";

/// How long a start may take, recovery included.
const PATIENCE: Duration = Duration::from_secs(180);

/// A server in a directory of its own, ended and removed with this value.
pub(crate) struct Server {
    /// On 127.0.0.1.
    pub(crate) port: u16,
    keeper: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    log: mpsc::Receiver<String>,
}

impl Server {
    /// A new server with these settings (`name=value`) beside the usual ones.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let directory = scratch::directory("credit-ledger-pg-");
        let binaries = binaries();
        let user = Unprivileged::find();
        user.own(&directory);
        let data = directory.join("data");
        let made = user
            .command(&binaries.join("initdb"))
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .current_dir(&directory)
            .output()
            .expect("initdb can be run");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let mut server = user.command(&binaries.join("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(&directory).args(["-p", &port.to_string()]);
        for setting in SETTINGS.iter().chain(settings) {
            server.args(["-c", setting]);
        }
        let mut server = Self::keep(&directory, &server, port);
        server.start_again();
        server
    }

    fn keep(directory: &Path, server: &Command, port: u16) -> Self {
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(directory)
            .arg(server.get_program())
            .args(server.get_args())
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        let orders = keeper.stdin.take();
        let answers = BufReader::new(keeper.stdout.take().expect("it is piped"));
        let said = BufReader::new(keeper.stderr.take().expect("it is piped"));
        let (lines, log) = mpsc::channel();
        // Read to its end, so that the server never waits for somebody to read its log.
        thread::spawn(move || said.lines().map_while(Result::ok).for_each(|line| drop(lines.send(line))));
        Self { port, keeper, orders, answers, log }
    }

    /// Starts the server that was stopped, on the same port, and waits until it can be used.
    pub(crate) fn start_again(&mut self) {
        self.order("start");
        let mut said = Vec::new();
        loop {
            let line = self.log.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("PostgreSQL doesn't start: {said:#?}"));
            if line.contains(READY) {
                return;
            }
            if line.contains(NOT_YET) {
                self.order("stop INT");
                self.order("start");
            }
            let failed = line.contains(FAILED);
            said.push(line);
            assert!(!failed, "PostgreSQL doesn't start: {said:#?}");
        }
    }

    /// Ends the server as an operator does: sessions are cut, transactions rolled back.
    pub(crate) fn stop(&mut self) {
        self.order("stop INT");
    }

    /// Ends the server as a crash does: it will recover from its write-ahead log.
    pub(crate) fn crash(&mut self) {
        self.order("stop QUIT");
    }

    /// `kill -9` of its first process: each session finds out by itself.
    pub(crate) fn kill(&mut self) {
        self.order("stop KILL");
    }

    /// Where its superuser reaches it.
    pub(crate) fn superuser_url(&self) -> String {
        format!("postgres://{}@127.0.0.1:{}/postgres", super::SUPERUSER, self.port)
    }

    /// Gives a directory to whoever runs the server.
    pub(crate) fn own(&self, directory: &Path) {
        Unprivileged::find().own(directory);
    }

    fn order(&mut self, order: &str) {
        let orders = self.orders.as_mut().expect("it is not dropped");
        writeln!(orders, "{order}").expect("the keeper listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the keeper answers");
        assert!(matches!(answer.trim(), "started" | "stopped"), "the keeper said {answer:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.orders = None;
        // It removes the directory, so nothing is left behind when this returns.
        let _ = self.keeper.wait();
    }
}

/// Who runs the server: this user, or, as PostgreSQL refuses to run as root, another one.
struct Unprivileged(Option<(u32, u32)>);

impl Unprivileged {
    fn find() -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self(None);
        }
        let users = fs::read_to_string("/etc/passwd").expect("the list of users");
        let ids = |name: &str| {
            let fields: Vec<_> = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).collect();
            let user = fields.into_iter().find(|fields| fields[0] == name)?;
            Some((user.get(2)?.parse().ok()?, user.get(3)?.parse().ok()?))
        };
        let found = ids("postgres").or_else(|| ids("nobody"));
        Self(Some(found.expect("a user `postgres` or `nobody`")))
    }

    fn own(&self, directory: &Path) {
        if let Self(Some((user, group))) = *self {
            chown(directory, Some(user), Some(group)).expect("root may give a directory away");
        }
    }

    /// A command of this user's, told to quit when whoever started it dies.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "QUIT"]);
        if let Self(Some((user, group))) = self {
            let (user, group) = (format!("--reuid={user}"), format!("--regid={group}"));
            command.args([user.as_str(), group.as_str(), "--clear-groups"]);
        }
        command.arg(program);
        command
    }
}

/// Where the newest installed version has its programs.
fn binaries() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        newest.or_else(|| std::env::split_paths(&path).find(|directory| directory.join("initdb").is_file()));
    found
        .expect("these tests need PostgreSQL 14 or newer: `apt-get install postgresql`, or `./check` does it")
}

/// Below the ports that the kernel gives to outgoing connections, which could take it while the
/// server is being restarted.
fn free_port() -> u16 {
    // Two servers that start at once must not find the same one.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).expect("it is small");
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let candidates = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000);
    candidates.take(2_000).find(free).expect("a free port")
}
