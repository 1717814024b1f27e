//! `serve`: the ledger as a server.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::{
    cli::{
        context::Context,
        failure::{Failure, Outcome},
        server::Server,
    },
    config::Flags,
};

/// Run the ledger as a server until Ctrl-C or SIGTERM
#[derive(Debug, clap::Args)]
#[command(after_help = "Each option is a setting as well: see `credit-ledger config show --sources`.\n\n\
                  Example:\n  credit-ledger --data-dir ledger serve --listen 127.0.0.1:8080")]
pub(in crate::cli) struct Serve {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Web origins that browsers may call from, between commas; `*` for all
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',')]
    cors_origins: Option<Vec<String>>,
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
    /// Answer `POST /bench/echo/{wallet}`, which `bench http` measures against
    #[arg(long, hide = true)]
    bench_echo: bool,
}

impl Serve {
    /// The settings among the options.
    pub(in crate::cli) fn add_to(&self, flags: &mut Flags) {
        flags.listen = self.listen;
        flags.cors_origins.clone_from(&self.cors_origins);
        flags.mailbox = self.mailbox;
        flags.group_max = self.group_max;
        flags.wallet_cache = self.wallet_cache;
        flags.tail_max = self.tail_max;
        flags.max_connections = self.max_connections;
        flags.rate_limit_per_key = self.rate_limit_per_key;
    }

    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
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
