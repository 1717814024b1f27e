//! The broker's processes: Erlang's virtual machine, and epmd, which knows its port.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::scratch;

/// The scripts themselves; those in /usr/sbin switch to another user.
const SCRIPTS: &str = "/usr/lib/rabbitmq/lib";
/// Has every quorum queue elect a leader.
const ELECTIONS: &str = "[ra:trigger_election(amqqueue:get_pid(Q)) || Q <- rabbit_amqqueue:list(), \
     amqqueue:is_quorum(Q)].";
/// What the broker says when it takes connections.
const STARTED: &str = "completed with";
/// Ends everything when its input ends, which is when the test process does.
const GUARD: &str = r#"
cat >/dev/null
for pid in $(cat "$0/node.pid" 2>/dev/null) $1; do
  if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -e "$0" -e "epmd"; then kill -9 "$pid"; fi
done
rm -rf "$0"
"#;

/// A running broker. Never dropped: see [`GUARD`].
pub(crate) struct Rabbit {
    pub(crate) port: u16,
    ports: u16,
    dir: PathBuf,
    scripts: PathBuf,
    _epmd: Child,
    /// Its input is open for as long as the test process lives.
    _guard: Child,
    node: Mutex<Child>,
}

impl Rabbit {
    pub(super) async fn start() -> Self {
        tokio::task::spawn_blocking(Self::start_now).await.expect("a broker")
    }

    fn start_now() -> Self {
        let scripts = scripts();
        let dir = scratch::directory("rabbit-");
        for sub in ["home", "mnesia", "log", "gen"] {
            fs::create_dir(dir.join(sub)).expect("a directory");
        }
        let ports = free_ports();
        let conf = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {}\n\
             vm_memory_high_watermark.absolute = 512MB\ndisk_free_limit.absolute = 50MB\n\
             log.file = node.log\n",
            ports,
            ports + 1
        );
        fs::write(dir.join("rabbitmq.conf"), conf).expect("written");
        fs::write(dir.join("plugins"), "[rabbitmq_management].\n").expect("written");
        fs::write(dir.join("env.conf"), "").expect("written");
        let epmd = Command::new("epmd")
            .args(["-port", &(ports + 2).to_string(), "-address", "127.0.0.1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group_of_its_own()
            .spawn()
            .expect("epmd, of the package erlang-base");
        let guard = Command::new("sh")
            .args(["-c", GUARD])
            .arg(&dir)
            .arg(epmd.id().to_string())
            .stdin(Stdio::piped())
            .process_group_of_its_own()
            .spawn()
            .expect("sh");
        let node = Mutex::new(boot(&scripts, &dir, ports));
        Self { port: ports, ports, dir, scripts, _epmd: epmd, _guard: guard, node }
    }

    /// The address of the management API.
    pub(crate) fn management(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports + 1)
    }

    /// Runs `rabbitmqctl`, which must succeed.
    pub(crate) async fn ctl(&self, arguments: &[&str]) -> String {
        let mut command = self.command("rabbitmqctl");
        command.args(arguments);
        let told = arguments.join(" ");
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
        let output = output.expect("rabbitmqctl");
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "rabbitmqctl {told}: {complaint}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// A command of the broker's with its environment, such as `rabbitmqctl`.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.scripts.join(name));
        environment(&mut command, &self.dir, self.ports);
        command.stdin(Stdio::null());
        command
    }

    /// `kill -9`, and all that follows from it.
    pub(crate) async fn kill(&self) {
        // Which queues there are RabbitMQ keeps in DETS tables, which it writes down a moment late: a queue that
        // was declared just before, and all that was confirmed for it, would be forgotten.
        self.ctl(&["eval", "[dets:sync(Table) || Table <- dets:all()]."]).await;
        self.signal(Signal::KILL);
        self.node.lock().expect("no panic").wait().expect("its end");
    }

    /// Starts it anew on what is on disk.
    pub(crate) async fn start_again(&self) {
        let (scripts, dir, ports) = (self.scripts.clone(), self.dir.clone(), self.ports);
        let booted = tokio::task::spawn_blocking(move || boot(&scripts, &dir, ports)).await;
        *self.node.lock().expect("no panic") = booted.expect("a broker");
        // After a kill, RabbitMQ 3.10 rarely leaves a queue without a leader for ever ("leader not known" in
        // its log), until somebody has one elected; a queue that has one is not disturbed.
        self.ctl(&["eval", ELECTIONS]).await;
    }

    /// Stops it as it stands, with every connection open.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = fs::read_to_string(self.dir.join("node.pid")).expect("the node's pid");
        let pid = Pid::from_raw(pid.trim().parse().expect("a pid")).expect("a pid");
        kill_process(pid, signal).expect("a living broker");
    }
}

trait Grouped {
    fn process_group_of_its_own(&mut self) -> &mut Self;
}

impl Grouped for Command {
    /// Ctrl-C in the terminal is for the tests.
    fn process_group_of_its_own(&mut self) -> &mut Self {
        std::os::unix::process::CommandExt::process_group(self, 0)
    }
}

/// Where the broker is installed.
fn scripts() -> PathBuf {
    let installed = fs::read_dir(SCRIPTS).ok().and_then(|mut entries| entries.next()?.ok());
    let installed = installed.expect("RabbitMQ is needed: apt-get install rabbitmq-server, or run ./check");
    installed.path().join("sbin")
}

/// The first of twelve free ports in a row, below those that the system gives out.
fn free_ports() -> u16 {
    let start = 12_000 + (std::process::id() % 1_500) as u16 * 12;
    let candidates = (start..31_900).step_by(12).chain((12_000..start).step_by(12));
    let free =
        |first: &u16| (*first..first + 12).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    candidates.into_iter().find(free).expect("free ports")
}

fn environment(command: &mut Command, dir: &Path, ports: u16) {
    let scripts = Path::new(command.get_program()).parent().expect("a folder").to_owned();
    command.env_clear();
    command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", scripts.display()));
    let port = |offset: u16| (ports + offset).to_string();
    for (name, value) in [
        ("RABBITMQ_DIST_PORT", port(3)),
        ("RABBITMQ_CTL_DIST_PORT_MIN", port(4)),
        ("RABBITMQ_CTL_DIST_PORT_MAX", port(11)),
        ("ERL_EPMD_PORT", port(2)),
        ("RABBITMQ_NODENAME", format!("test{ports}@localhost")),
    ] {
        command.env(name, value);
    }
    for (name, file) in [
        ("HOME", "home"),
        ("RABBITMQ_CONF_ENV_FILE", "env.conf"),
        ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", "plugins"),
        ("RABBITMQ_MNESIA_BASE", "mnesia"),
        ("RABBITMQ_LOG_BASE", "log"),
        ("RABBITMQ_LOGS", "log/node.log"),
        ("RABBITMQ_GENERATED_CONFIG_DIR", "gen"),
        ("RABBITMQ_PID_FILE", "node.pid"),
    ] {
        command.env(name, dir.join(file));
    }
    command.env("ERL_EPMD_ADDRESS", "127.0.0.1").env("LANG", "C.UTF-8");
    command.env(
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
        "+S 2:2 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
    );
}

/// Starts the broker and waits until it says that it has started.
fn boot(scripts: &Path, dir: &Path, ports: u16) -> Child {
    let mut command = Command::new(scripts.join("rabbitmq-server"));
    environment(&mut command, dir, ports);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group_of_its_own();
    let mut child = command.spawn().expect("rabbitmq-server");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut said = String::new();
    loop {
        let Some(Ok(line)) = lines.next() else { panic!("RabbitMQ did not start:\n{said}") };
        if line.contains(STARTED) {
            break;
        }
        said.push_str(&line);
        said.push('\n');
    }
    // It must never wait for somebody to read what it says.
    thread::spawn(move || lines.for_each(drop));
    child
}
