//! The server in this process: `serve` runs one, and so does `demo`.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use anyhow::Context as _;
use hyper::header::HeaderValue;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    client::{Client, Token},
    failure::{Failure, Outcome},
    imported::open_whole,
    signals::asked_to_end,
};
use crate::{
    app::{Ledger, Machine},
    config::Config,
    http::{self, HttpOptions},
    identity::server_file::ServerFile,
    telemetry::Metrics,
};

/// Answers in flight get this long, so that everything is over within ten seconds.
const DRAIN_MAX: Duration = Duration::from_secs(7);

/// A running server.
pub(super) struct Server {
    /// Where it answers.
    pub(super) url: String,
    ledger: Ledger,
    data_dir: PathBuf,
    file: ServerFile,
    stop: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Opens the ledger and serves it; requests are answered when this returns.
    pub(super) async fn start(
        config: &Config,
        machine: &Machine,
        listener: TcpListener,
        bench_echo: bool,
    ) -> Outcome<Self> {
        let address = listener.local_addr()?;
        // Before anything counts.
        let metrics = Metrics::install().context("metrics")?;
        // Tokens name the address where the server answers, whatever port it asked for.
        let bound = Config { listen: reachable(address), ..config.clone() };
        let ledger = open_whole(&bound, machine).await?;
        let stop = CancellationToken::new();
        let options = options(config, address, bench_echo)?;
        let api = ledger.api(options.clone(), Some(metrics.clone()), stop.clone());
        tokio::spawn(metrics.upkeep(stop.clone()));
        let serving = tokio::spawn(http::serve(listener, api, options, stop.clone()));
        let url = format!("http://{}", reachable(address));
        let file = ServerFile::of_this_process(url.clone(), ledger.operator_token());
        let data_dir = config.data_dir.clone();
        file.write(&data_dir)
            .with_context(|| format!("cannot write server.json in {}", data_dir.display()))?;
        Ok(Self { url, ledger, data_dir, file, stop, serving })
    }

    /// The operator's way to this server.
    pub(super) fn operator(&self) -> Outcome<Client> {
        Client::remote(&self.url, Token::new(self.ledger.operator_token().expose()))
    }

    /// Serves until the process is asked to end or the writer halts, then stops.
    pub(super) async fn run_to_the_end(self) -> Outcome {
        let halt = tokio::select! {
            () = asked_to_end() => None,
            halt = self.ledger.halted() => Some(halt),
        };
        let stopped = self.stop().await;
        match halt {
            Some(halt) => Err(Failure::Halted(halt.to_string())),
            None => stopped,
        }
    }

    /// Takes no more requests, answers those in flight, and closes the ledger.
    pub(super) async fn stop(self) -> Outcome {
        let Self { ledger, data_dir, file, stop, serving, .. } = self;
        // Nobody finds the server any more.
        let removed = file.remove(&data_dir);
        stop.cancel();
        let served = serving.await.context("the server broke down")?;
        ledger.close().await?;
        served?;
        removed.context("cannot remove server.json")?;
        Ok(())
    }
}

/// The address by which this machine reaches what listens on all its addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if !ip.is_unspecified() => address,
        IpAddr::V4(_) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(_) => SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), address.port()),
    }
}

fn options(config: &Config, listen: SocketAddr, bench_echo: bool) -> Outcome<HttpOptions> {
    let origins = config.cors_origins.iter().map(|origin| HeaderValue::try_from(origin.as_str()));
    let proxies = config.trusted_proxies.iter().map(|proxy| proxy.parse());
    let rate = config.rate_limit_per_key;
    Ok(HttpOptions {
        listen,
        connections_max: config.max_connections,
        drain_max: DRAIN_MAX,
        requests_per_second_per_key: (rate > 0).then_some(rate),
        cors_origins: origins.collect::<Result<_, _>>().context("cors_origins")?,
        trusted_proxies: proxies.collect::<Result<_, _>>().context("trusted_proxies")?,
        bench_echo,
        ..HttpOptions::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_reached_over_the_loopback() {
        let reached = |text: &str| reachable(text.parse().expect("an address")).to_string();
        assert_eq!(reached("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(reached("[::]:8080"), "[::1]:8080");
        assert_eq!(reached("192.0.2.7:8080"), "192.0.2.7:8080");
    }
}
