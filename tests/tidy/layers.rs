//! Who may name whom in `src/`. Change a row only together with ARCHITECTURE.md.

/// What the modules below one name in `src/` may name.
pub(crate) struct Layer {
    pub(crate) module: &'static str,
    /// Other modules of `src/`. A module may always name itself.
    pub(crate) modules: &'static [&'static str],
    /// The workspace's own crates.
    pub(crate) crates: &'static [&'static str],
}

const fn layer(
    module: &'static str,
    modules: &'static [&'static str],
    crates: &'static [&'static str],
) -> Layer {
    Layer { module, modules, crates }
}

pub(crate) const LAYERS: &[Layer] = &[
    // The ground: knows nothing above it.
    layer("clock", &[], &["events"]),
    layer("config", &[], &[]),
    layer("telemetry", &["config"], &[]),
    // Documents of what happened: pure, like the crates.
    layer("report", &[], &["events"]),
    // The log and what is computed from it.
    layer("log", &["telemetry"], &["events"]),
    layer("engine", &["log", "clock", "telemetry"], &["events", "ledger"]),
    // The engine asks the read side for cold state through its own port, `engine::ColdState`.
    layer("read", &["log", "clock", "telemetry", "engine", "report"], &["events", "ledger", "projections"]),
    layer("feed", &["log", "clock", "telemetry"], &["events", "projections"]),
    // What leaves the log as messages.
    layer("broker", &["log", "clock", "telemetry"], &["events", "projections"]),
    // Who writes, when several processes serve one ledger.
    layer("cluster", &["engine", "log", "clock", "telemetry"], &["events", "ledger"]),
    layer("identity", &["engine", "read", "clock", "telemetry"], &["events", "ledger", "projections"]),
    // What users touch.
    layer(
        "http",
        &["engine", "read", "feed", "identity", "log", "report", "config", "telemetry", "clock", "cluster"],
        &["events", "ledger"],
    ),
    layer(
        "bench",
        &["app", "broker", "engine", "log", "read", "config", "telemetry", "clock"],
        &["events", "ledger"],
    ),
];

/// The composition root: it puts the parts together, so it may name them all. `lib` declares them.
pub(crate) const COMPOSITION: &[&str] = &["app", "cli", "demo", "lib", "main"];

/// Concrete adapters, as paths below `crate::`: only the composition root and their own parent
/// module may name them.
pub(crate) const ADAPTERS: &[&str] = &[
    "log::memory",
    "log::sqlite",
    "log::postgres",
    "log::kurrent",
    "read::sqlite",
    "read::postgres",
    "identity::vault::memory",
    "identity::vault::sqlite",
    "identity::vault::postgres",
];

/// Names that have one home: the name, where in `src/` it may stand (starts of paths), and why.
pub(crate) const HOMES: &[(&str, &[&str], &str)] = &[
    (
        "sqlx",
        &[
            "src/log/sqlite",
            "src/log/postgres",
            "src/read/sqlite",
            "src/read/postgres",
            "src/broker/postgres",
            "src/cluster/postgres",
            "src/identity/vault/sqlite",
            "src/identity/vault/postgres",
            // What those two share.
            "src/identity/vault/asked.rs",
        ],
        "SQL stays in the adapters",
    ),
    ("lapin", &["src/broker"], "AMQP stays in src/broker"),
    ("eventstore", &["src/log/kurrent"], "the event store's client stays in its adapter"),
    ("axum", &["src/http"], "HTTP stays in src/http"),
    ("utoipa", &["src/http"], "HTTP stays in src/http"),
    ("maud", &["src/http/pages"], "pages are made in one place"),
    ("lettre", &["src/identity/mail"], "mail is written in one place"),
    ("argon2", &["src/identity/passwords.rs"], "passwords are hashed in one place"),
    ("clap", &["src/cli", "src/bench", "src/main.rs"], "the command line stays in src/cli"),
    ("figment", &["src/config"], "settings are read in one place"),
    ("env::var", &["src/config", "src/cli", "src/main.rs"], "settings are read in one place"),
    (
        "anyhow",
        &["src/cli", "src/app", "src/demo", "src/bench", "src/main.rs"],
        "libraries have typed errors",
    ),
];
