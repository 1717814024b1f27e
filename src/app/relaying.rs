//! The relay of whoever writes: it is started with the writer, and nothing waits for it.

use std::sync::Arc;

use anyhow::{Context, Result};
use arc_swap::ArcSwapOption;
use events::LedgerId;
use projections::Audience;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::Machine;
use crate::{
    broker::{Amqp, AmqpOptions, FileState, Options, Relay, RelayHealth, RelayParts, RelayState, postgres},
    config::Config,
    log::Log,
    read::IdentityRows,
};

/// How the relay of this process is, while it has one.
pub(super) type Health = Arc<ArcSwapOption<watch::Receiver<RelayHealth>>>;

/// A relay that runs.
pub(super) struct Relaying {
    pub(super) task: JoinHandle<()>,
    pub(super) health: watch::Receiver<RelayHealth>,
}

/// What is relayed.
pub(super) struct Source<'a> {
    pub(super) ledger: LedgerId,
    /// The ledger that metrics name; none where the process serves one alone.
    pub(super) label: Option<LedgerId>,
    pub(super) log: Arc<dyn Log>,
    /// Who is told of events.
    pub(super) rows: &'a IdentityRows,
    pub(super) epoch: u64,
}

/// Starts to relay to the broker that is set, if one is.
///
/// # Errors
/// When a URL is none.
pub(super) fn start(
    config: &Config,
    machine: &Machine,
    source: Source<'_>,
    stop: CancellationToken,
) -> Result<Option<Relaying>> {
    let Source { ledger, label, log, rows, epoch } = source;
    let Some(url) = config.broker_url.get() else { return Ok(None) };
    let state: Arc<dyn RelayState> = match config.database_url.get() {
        Some(database) => Arc::new(postgres::PostgresState::new(database, ledger)?),
        None => Arc::new(FileState::new(&config.data_dir)),
    };
    let relay = Relay::new(RelayParts {
        log,
        state,
        broker: Arc::new(Amqp::new(url, AmqpOptions::default()).context("broker_url")?),
        audience: Audience::of_rows(&rows.keys, &rows.people),
        audience_from: rows.as_of,
        epoch,
        clock: Arc::clone(&machine.clock),
        entropy: (machine.entropy)(),
        options: Options { label, ..Options::default() },
    });
    let health = relay.health();
    let task = tokio::spawn(async move {
        if let Err(end) = relay.run(stop).await {
            tracing::error!(error = %end, "the relay ended");
        }
    });
    Ok(Some(Relaying { task, health }))
}

/// What operators are told of it: nothing when there is none.
pub(super) fn told(health: &Health) -> serde_json::Value {
    match &*health.load() {
        Some(health) => serde_json::to_value(&*health.borrow()).unwrap_or_default(),
        None => serde_json::Value::Null,
    }
}
