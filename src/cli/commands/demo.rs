//! `demo`: a whole story on a fresh ledger.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use tokio::net::TcpListener;

use super::verify;
use crate::{
    cli::{
        context::Context,
        failure::{Failure, Outcome},
        place::Place,
        progress,
        server::Server,
        signals::asked_to_end,
        told::Told,
    },
    config::{Config, ServerUrl},
    demo::{self, Source},
};

/// Start a fresh ledger, play a story of AI traffic through its HTTP API, and keep serving
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The story: apps buy AI completions for their users. Wallets are funded by purchases and promotional \
                  grants; every 4th wallet gets less than it needs, so that some requests are refused. Every 3rd \
                  request checks first, every 11th is sent twice under one key, and of every 47 one is given back \
                  whole and one by half. A scene follows in a wallet of its own: a price for usage, a hold \
                  captured in parts, and a refund. Beside a trace it is left out.\n\n\
                  A trace is a CSV file with the columns TIMESTAMP, ContextTokens and GeneratedTokens; request n \
                  belongs to wallet n mod 97 and to app n mod 5, and costs 0.003 * ContextTokens + 0.015 * \
                  GeneratedTokens credits.\n\n\
                  Examples:\n  credit-ledger demo\n  credit-ledger demo --trace llm-requests.csv --exit -o json"
)]
pub(in crate::cli) struct Demo {
    /// Play this trace of real traffic instead of made-up requests
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// At most so many requests; 2000 when they are made up, else all
    #[arg(long, value_name = "N")]
    requests: Option<usize>,
    /// Another seed makes up other requests
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// End after the story instead of serving on
    #[arg(long)]
    exit: bool,
    /// Address and port; a free port is taken when this one is not free
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

impl Demo {
    pub(in crate::cli) async fn run(self, context: &mut Context<'_>) -> Outcome {
        let source = Source { trace: self.trace.clone(), requests: self.requests, seed: self.seed };
        let script = source.script()?;
        let home = Home::fresh(context)?;
        // Whatever database is set, a demo never plays in it.
        let none = ServerUrl::default;
        let config = Config {
            data_dir: home.path.clone(),
            database_url: none(),
            event_store_url: none(),
            broker_url: none(),
            ..context.settings.config.clone()
        };
        let listener = listener(self.listen.unwrap_or(config.listen)).await?;
        let server = Server::start(&config, &context.machine, listener, false).await?;
        eprintln!("listening on {}; the ledger is in {}", server.url, home.path.display());
        let bar = progress::requests(script.requests.len());
        let played = tokio::select! {
            played = demo::run(script, &server.url, server.operator()?, bar.clone()) => played,
            () = asked_to_end() => Err(Failure::Interrupted),
        };
        bar.finish_and_clear();
        let told = match played {
            Ok((stage, summary)) => self.tell(context, &server, &home, &stage, &summary).await,
            Err(failure) => Err(failure),
        };
        if self.exit || told.is_err() {
            let stopped = server.stop().await;
            return told.and(stopped);
        }
        eprintln!("serving on until Ctrl-C");
        server.run_to_the_end().await
    }

    async fn tell(
        &self,
        context: &mut Context<'_>,
        server: &Server,
        home: &Home,
        stage: &demo::story::Stage,
        summary: &demo::summary::Summary,
    ) -> Outcome {
        let verification = verify::verified(&Place::Directory(home.path.clone())).await?;
        let told = Told { summary, verification, url: &server.url, data_dir: &home.path, apps: &stage.apps };
        told.print(&mut context.out, !self.exit)
    }
}

/// The address, or a free port of it when somebody else has it.
async fn listener(address: SocketAddr) -> Outcome<TcpListener> {
    match TcpListener::bind(address).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            eprintln!("note: {address} is taken; using a free port");
            Ok(TcpListener::bind(SocketAddr::new(address.ip(), 0)).await?)
        }
        bound => {
            bound.map_err(|error| Failure::Other(anyhow::anyhow!("cannot listen on {address}: {error}")))
        }
    }
}

/// The data directory of a demo: the given one, or a temporary one that is removed in the end.
struct Home {
    path: PathBuf,
    temporary: bool,
}

impl Home {
    fn fresh(context: &Context<'_>) -> Outcome<Self> {
        match &context.global.data_dir {
            Some(path) if is_used(path)? => {
                let path = path.display();
                Err(Failure::Usage(format!("{path} is not empty: a demo needs a data directory of its own")))
            }
            Some(path) => Ok(Self { path: path.clone(), temporary: false }),
            None => {
                let name = format!("credit-ledger-demo-{}", context.random_id().simple());
                Ok(Self { path: std::env::temp_dir().join(name), temporary: true })
            }
        }
    }
}

fn is_used(path: &Path) -> io::Result<bool> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = fs::remove_dir_all(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            eprintln!("note: cannot remove {}: {error}", self.path.display());
        }
    }
}
