//! Settings, from weakest to strongest: defaults, the TOML file, environment variables, flags. The
//! environment is read here and nowhere else.

mod environment;
mod error;
mod identity;
mod layers;
mod network;
mod secret;
#[cfg(test)]
mod tests;
mod url;

pub use error::ConfigError;
pub use layers::{Flags, Inputs, Origin, Settings};
pub use network::{Network, NotANetwork};
pub use secret::SecretSetting;
pub use url::ServerUrl;

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

/// All settings of the ledger. In the TOML file each is a top-level key of the same name; the
/// environment variable of `data_dir` is `CREDIT_LEDGER_DATA_DIR`, and so on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Where the ledger's files are.
    pub data_dir: PathBuf,
    /// The PostgreSQL database that holds the ledger, such as `postgres://user@host/database`; SQLite
    /// files in `data_dir` do, when empty.
    pub database_url: ServerUrl,
    /// The KurrentDB or EventStoreDB that holds the event log, such as `esdb://host:2113`; none, when
    /// empty.
    pub event_store_url: ServerUrl,
    /// The RabbitMQ that events are sent to, such as `amqp://user@host/vhost`; none, when empty.
    pub broker_url: ServerUrl,
    /// The file with the key of all API keys' hashes, the same for all replicas; `pepper` in `data_dir`,
    /// when empty.
    pub pepper_file: PathBuf,
    /// Where other replicas reach this process, such as `10.0.0.7:8081`; nowhere, when empty.
    pub cluster_listen: String,
    /// The same as they know it, such as `http://ledger-1:8081`; that address itself, when empty.
    pub cluster_url: String,
    /// The file with the secret that all replicas share: at least 32 random bytes.
    pub cluster_secret_file: PathBuf,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Web origins that browsers may call from, such as `https://app.example.com`, or `*` for all.
    pub cors_origins: Vec<String>,
    /// The address of this service as browsers and other services know it, such as
    /// `https://credits.example`, and the issuer of its tokens; `http://` and `listen`, when empty.
    pub public_url: String,
    /// The audience of access tokens for this service's own API; `public_url`, when empty.
    pub api_audience: String,
    /// How long access tokens live.
    pub access_token_seconds: u64,
    /// Proxies whose `X-Forwarded-For` is believed: IP addresses, or ranges such as `10.0.0.0/8`.
    pub trusted_proxies: Vec<String>,
    /// This service's client id at Google; nobody signs in with Google, when empty.
    pub google_client_id: String,
    /// The client secret that belongs to it.
    pub google_client_secret: SecretSetting,
    /// A file with that secret.
    pub google_client_secret_file: PathBuf,
    /// The OpenID provider that plays Google's part.
    pub google_issuer: String,
    /// Where Google sends browsers back to; `/api/auth/google/callback` of `public_url`, when empty.
    pub google_callback_url: String,
    /// The page that gets the one-time code of a sign-in with Google, as `?code=`.
    pub frontend_url: String,
    /// What sends mail: `smtps://user:password@host`, `smtp://host` (with STARTTLS), `https://host/path`
    /// or `file:///folder`; files in the folder `mail` of `data_dir`, when empty.
    pub mail_url: ServerUrl,
    /// Who mail is from.
    pub mail_from: String,
    /// How many days sign-ins, failures and the like are kept.
    pub activity_days: u64,
    /// Commands that may wait for the writer; more are told to come back.
    pub mailbox: usize,
    /// Commands in one commit.
    pub group_max: usize,
    /// Wallets kept in memory.
    pub wallet_cache: usize,
    /// Events that the projections may lag behind before the writer slows down.
    pub tail_max: u64,
    /// Connections served at once.
    pub max_connections: usize,
    /// Requests a second that one API key may make; 0 for no limit.
    pub rate_limit_per_key: u32,
    /// Tokens a second that one OAuth client may ask for; 0 for no limit.
    pub token_rate_per_client: u32,
    /// Tokens a second that one OAuth client may ask for with one scope; 0 for no limit.
    pub token_rate_per_scope: u32,
    /// How logs are written.
    pub log_format: LogFormat,
    /// Which logs are written, such as `info` or `warn,credit_ledger=debug`.
    pub log_filter: String,
}

/// How logs are written to stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// Lines for people.
    Text,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "data".into(),
            database_url: ServerUrl::default(),
            event_store_url: ServerUrl::default(),
            broker_url: ServerUrl::default(),
            pepper_file: PathBuf::new(),
            cluster_listen: String::new(),
            cluster_url: String::new(),
            cluster_secret_file: PathBuf::new(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            cors_origins: Vec::new(),
            public_url: String::new(),
            api_audience: String::new(),
            access_token_seconds: 900,
            trusted_proxies: Vec::new(),
            google_client_id: String::new(),
            google_client_secret: SecretSetting::default(),
            google_client_secret_file: PathBuf::new(),
            google_issuer: "https://accounts.google.com".into(),
            google_callback_url: String::new(),
            frontend_url: String::new(),
            mail_url: ServerUrl::default(),
            mail_from: "credits@localhost".into(),
            activity_days: 90,
            mailbox: 8_192,
            group_max: 1_000,
            wallet_cache: 100_000,
            tail_max: 1_000_000,
            max_connections: 4_096,
            rate_limit_per_key: 0,
            token_rate_per_client: 0,
            token_rate_per_scope: 0,
            log_format: LogFormat::Auto,
            log_filter: "info".into(),
        }
    }
}

impl Config {
    /// The first setting that makes no sense, and why.
    fn complaint(&self) -> Option<(&'static str, &'static str)> {
        let bad_origin = |origin: &String| !is_origin(origin);
        let clustered = !self.cluster_listen.is_empty();
        let complaints = [
            (self.data_dir.as_os_str().is_empty(), "data_dir", "must name a folder"),
            (self.cors_origins.iter().any(bad_origin), "cors_origins", "holds what is no web origin"),
            (self.mailbox == 0, "mailbox", "must be at least 1"),
            (!(1..=10_000).contains(&self.group_max), "group_max", "must be from 1 to 10000"),
            (self.tail_max == 0, "tail_max", "must be at least 1"),
            (self.max_connections == 0, "max_connections", "must be at least 1"),
            (
                self.database_url.is_other_than(&["postgres", "postgresql"]),
                "database_url",
                "must be postgres://user@host/database",
            ),
            (
                self.event_store_url.is_other_than(&[
                    "esdb",
                    "esdb+discover",
                    "kurrentdb",
                    "kurrentdb+discover",
                ]),
                "event_store_url",
                "must be esdb://host:port",
            ),
            (
                self.broker_url.is_other_than(&["amqp", "amqps"]),
                "broker_url",
                "must be amqp://user@host/vhost",
            ),
            (
                clustered && self.cluster_listen.parse::<SocketAddr>().is_err(),
                "cluster_listen",
                "must be an IP address and a port",
            ),
            (
                clustered && self.cluster_secret_file.as_os_str().is_empty(),
                "cluster_listen",
                "needs cluster_secret_file, which names the secret that the replicas share",
            ),
            (
                !self.cluster_url.is_empty() && !self.cluster_url.starts_with("http://"),
                "cluster_url",
                "must be http://host:port",
            ),
        ];
        let complaint = complaints.into_iter().find(|(wrong, ..)| *wrong).map(|(_, key, why)| (key, why));
        complaint.or_else(|| self.complaint_of_identity())
    }
}

/// Whether a text is what browsers send as `Origin`: scheme and host, perhaps a port, no path.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text == "*" || host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', ' ']))
}
