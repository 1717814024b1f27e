//! `serve`: the ledger as a server.

use std::{net::SocketAddr, path::PathBuf};

use tokio::net::TcpListener;

use crate::{
    cli::{
        context::Context,
        failure::{Failure, Outcome},
        server::Server,
    },
    config::{Flags, ServerUrl},
};

/// Run the ledger as a server until Ctrl-C or SIGTERM
#[derive(Debug, clap::Args)]
#[command(after_help = "Each option is a setting as well: see `credit-ledger config show --sources`.\n\n\
                  Example:\n  credit-ledger --data-dir ledger serve --listen 127.0.0.1:8080")]
pub(in crate::cli) struct Serve {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// PostgreSQL database that holds the ledger, such as postgres://user@host/database
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// KurrentDB or EventStoreDB that holds the event log, such as esdb://host:2113
    #[arg(long, value_name = "URL")]
    event_store_url: Option<String>,
    /// RabbitMQ that events are sent to, such as amqp://user@host/vhost
    #[arg(long, value_name = "URL")]
    broker_url: Option<String>,
    /// File with the key of all API keys' hashes, the same for all replicas
    #[arg(long, value_name = "FILE")]
    pepper_file: Option<PathBuf>,
    /// Address and port for the other replicas
    #[arg(long, value_name = "ADDR")]
    cluster_listen: Option<String>,
    /// How the other replicas reach that, such as http://ledger-1:8081
    #[arg(long, value_name = "URL")]
    cluster_url: Option<String>,
    /// File with the secret that all replicas share
    #[arg(long, value_name = "FILE")]
    cluster_secret_file: Option<PathBuf>,
    /// Web origins that browsers may call from, between commas; `*` for all
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',')]
    cors_origins: Option<Vec<String>>,
    /// Address of this service as browsers know it, such as https://credits.example; issuer of tokens
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Audience of access tokens for this service's own API; the public URL, when absent
    #[arg(long, value_name = "TEXT")]
    api_audience: Option<String>,
    /// How long access tokens live
    #[arg(long, value_name = "N")]
    access_token_seconds: Option<u64>,
    /// Proxies whose X-Forwarded-For is believed, between commas: addresses, or ranges such as 10.0.0.0/8
    #[arg(long, value_name = "ADDRS", value_delimiter = ',')]
    trusted_proxies: Option<Vec<String>>,
    /// Client id at Google, for people to sign in with Google
    #[arg(long, value_name = "TEXT")]
    google_client_id: Option<String>,
    /// File with the client secret of that
    #[arg(long, value_name = "FILE")]
    google_client_secret_file: Option<PathBuf>,
    /// OpenID provider that plays Google's part
    #[arg(long, value_name = "URL")]
    google_issuer: Option<String>,
    /// Where Google sends browsers back to
    #[arg(long, value_name = "URL")]
    google_callback_url: Option<String>,
    /// Page that gets the one-time code of a sign-in with Google
    #[arg(long, value_name = "URL")]
    frontend_url: Option<String>,
    /// What sends mail: smtps://user@host, smtp://host, https://host/path or file:///folder
    #[arg(long, value_name = "URL")]
    mail_url: Option<String>,
    /// Who mail is from
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// How many days sign-ins, failures and the like are kept
    #[arg(long, value_name = "N")]
    activity_days: Option<u64>,
    /// Commands that may wait for the writer; more are told to come back
    #[arg(long, value_name = "N")]
    mailbox: Option<usize>,
    /// Commands in one commit
    #[arg(long, value_name = "N")]
    group_max: Option<usize>,
    /// Wallets kept in memory
    #[arg(long, value_name = "N")]
    wallet_cache: Option<usize>,
    /// Events that the projections may lag behind before the writer slows down
    #[arg(long, value_name = "N")]
    tail_max: Option<u64>,
    /// Connections served at once
    #[arg(long, value_name = "N")]
    max_connections: Option<usize>,
    /// Requests a second that one API key may make; 0 for no limit
    #[arg(long, value_name = "N")]
    rate_limit_per_key: Option<u32>,
    /// Tokens a second that one OAuth client may ask for; 0 for no limit
    #[arg(long, value_name = "N")]
    token_rate_per_client: Option<u32>,
    /// Tokens a second that one OAuth client may ask for with one scope; 0 for no limit
    #[arg(long, value_name = "N")]
    token_rate_per_scope: Option<u32>,
    /// Answer `POST /bench/echo/{wallet}`, which `bench http` measures against
    #[arg(long, hide = true)]
    bench_echo: bool,
}

impl Serve {
    /// The settings among the options.
    pub(in crate::cli) fn add_to(&self, flags: &mut Flags) {
        flags.listen = self.listen;
        let url = |url: &Option<String>| url.as_deref().map(ServerUrl::from);
        flags.database_url = url(&self.database_url);
        flags.event_store_url = url(&self.event_store_url);
        flags.broker_url = url(&self.broker_url);
        flags.pepper_file.clone_from(&self.pepper_file);
        flags.cluster_listen.clone_from(&self.cluster_listen);
        flags.cluster_url.clone_from(&self.cluster_url);
        flags.cluster_secret_file.clone_from(&self.cluster_secret_file);
        flags.cors_origins.clone_from(&self.cors_origins);
        flags.public_url.clone_from(&self.public_url);
        flags.api_audience.clone_from(&self.api_audience);
        flags.access_token_seconds = self.access_token_seconds;
        flags.trusted_proxies.clone_from(&self.trusted_proxies);
        flags.google_client_id.clone_from(&self.google_client_id);
        flags.google_client_secret_file.clone_from(&self.google_client_secret_file);
        flags.google_issuer.clone_from(&self.google_issuer);
        flags.google_callback_url.clone_from(&self.google_callback_url);
        flags.frontend_url.clone_from(&self.frontend_url);
        flags.mail_url = url(&self.mail_url);
        flags.mail_from.clone_from(&self.mail_from);
        flags.activity_days = self.activity_days;
        flags.mailbox = self.mailbox;
        flags.group_max = self.group_max;
        flags.wallet_cache = self.wallet_cache;
        flags.tail_max = self.tail_max;
        flags.max_connections = self.max_connections;
        flags.rate_limit_per_key = self.rate_limit_per_key;
        flags.token_rate_per_client = self.token_rate_per_client;
        flags.token_rate_per_scope = self.token_rate_per_scope;
    }

    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        for (variable, reason) in context.settings.ignored() {
            tracing::info!(variable, reason, "a variable is ignored");
        }
        let address = context.settings.config.listen;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| Failure::Other(anyhow::anyhow!("cannot listen on {address}: {error}")))?;
        let server =
            Server::start(&context.settings.config, &context.machine, listener, self.bench_echo).await?;
        eprintln!("listening on {}", server.url);
        server.run_to_the_end().await
    }
}
