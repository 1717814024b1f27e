//! The embedded profile: SQLite files in one directory, which no other process can write meanwhile.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use events::{LedgerId, Recorded};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    HANDED_OVER_MAX, Ledger, Machine, Opened, auth, background, create_private, engine_options,
    nearly_caught_up,
    relaying::{self, Relaying, Source},
};
use crate::{
    clock::sixteen,
    config::Config,
    engine::{self, Commands, Halt, Parts, Running},
    http::Readiness,
    identity::{Identity, Pepper, vault::sqlite::SqliteVault},
    log::{Log, Recent, sqlite::SqliteLog},
    read::{PeopleQuery, Reads, sqlite, sqlite::SqliteReads},
};

/// Everything of the profile that has to be closed in order.
pub(super) struct Embedded {
    health: Arc<Health>,
    sqlite: Arc<SqliteLog>,
    // Guards, because a ledger may be dropped without being closed: the projections have a thread of
    // their own, which goes on until it is told.
    stop_engine: DropGuard,
    stop_projections: DropGuard,
    stop_relay: DropGuard,
    writer: JoinHandle<()>,
    projections: background::Ended,
    relay: Option<Relaying>,
}

/// Whether the writer and the projections work.
#[derive(Debug)]
struct Health {
    reads: SqliteReads,
    writer: watch::Sender<Option<Arc<Halt>>>,
    relay: relaying::Health,
}

impl Readiness for Health {
    fn obstacle(&self) -> Option<String> {
        let writer = self.writer.borrow().as_ref().map(ToString::to_string);
        writer.or_else(|| self.reads.halted())
    }

    fn details(&self) -> serde_json::Value {
        let relay = relaying::told(&self.relay);
        if relay.is_null() { serde_json::json!({}) } else { serde_json::json!({ "relay": relay }) }
    }
}

pub(super) async fn open(config: &Config, machine: &Machine) -> Result<Ledger> {
    let dir = &config.data_dir;
    let mut entropy = (machine.entropy)();
    create_private(dir)?;
    let sqlite = Arc::new(SqliteLog::open(dir).await?);
    let log: Arc<dyn Log> = sqlite.clone();
    let pepper = Pepper::load_or_create(dir, &mut *entropy)?;
    let id = match engine::ledger_id(&*log).await? {
        Some(id) => id,
        None => LedgerId(uuid::Builder::from_random_bytes(sixteen(&mut *entropy)).into_uuid()),
    };
    let [stop_engine, stop_projections, stop_relay] = [(); 3].map(|()| CancellationToken::new().drop_guard());
    let recent = Arc::new(Recent::new(HANDED_OVER_MAX));
    let (reads, projections) = {
        let (directory, log, recent) = (dir.clone(), Arc::clone(&log), Arc::clone(&recent));
        let (clock, stop) = (Arc::clone(&machine.clock), token(&stop_projections));
        background::start(async move || {
            Ok(sqlite::start(&directory, id, log, recent, clock, stop, |_, _| {}).await?)
        })
        .await?
    };
    nearly_caught_up(&*log, &reads).await?;
    let parts = Parts {
        log: Arc::clone(&log),
        recent,
        cold: Arc::new(reads.clone()),
        clock: Arc::clone(&machine.clock),
        entropy,
        options: engine_options(config),
    };
    let mut tail: Vec<Recorded> = Vec::new();
    let observe = |recorded: &Recorded| tail.extend(Identity::concerns(recorded).then(|| recorded.clone()));
    let Running { engine, writer } = engine::start(id, parts, token(&stop_engine), observe).await?;
    let commands: Arc<dyn Commands> = Arc::new(engine);
    let rows = reads.identity(PeopleQuery::ALL).await?;
    let epoch = commands.head().get();
    let relayed = Source { ledger: id, label: None, log: Arc::clone(&log), rows: &rows, epoch };
    let relay = relaying::start(config, machine, relayed, token(&stop_relay))?;
    let relay_health = relaying::Health::default();
    relay_health.store(relay.as_ref().map(|relay| Arc::new(relay.health.clone())));
    let identity = Identity::new(pepper.clone(), rows, Arc::clone(&commands), (machine.entropy)());
    identity.apply_all(&tail);
    let default_org = identity.ensure_default_organization().await?.id;
    let vault = Arc::new(SqliteVault::open(dir, id).await?);
    let auth =
        auth::open(config, machine, id, pepper, (identity.clone(), Arc::clone(&commands)), vault).await?;
    let health =
        Arc::new(Health { reads: reads.clone(), writer: watch::Sender::new(None), relay: relay_health });
    let writer = tokio::spawn(watched(writer, Arc::clone(&health)));
    let readiness = health.clone();
    let profile =
        Embedded { health, sqlite, stop_engine, stop_projections, stop_relay, writer, projections, relay };
    let reads: Arc<dyn Reads> = Arc::new(reads);
    Ok(Ledger::of(
        Opened { id, commands, log, reads, identity, auth, default_org, readiness },
        machine,
        profile,
    ))
}

impl Embedded {
    /// Why the projections stopped for good, if they did.
    pub(super) fn projections_halted(&self) -> bool {
        self.health.reads.halted().is_some()
    }

    /// Resolves when the writer has halted: nothing more can be written by this process.
    pub(super) async fn halted(&self) -> Arc<Halt> {
        let mut writer = self.health.writer.subscribe();
        loop {
            if let Some(halt) = writer.borrow_and_update().clone() {
                return halt;
            }
            if writer.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Answers every accepted command, brings the projections up to date and closes the files.
    pub(super) async fn close(self) -> Result<()> {
        drop(self.stop_engine);
        let writer = self.writer.await;
        let halt = self.health.writer.borrow().clone();
        drop(self.stop_relay);
        drop(self.stop_projections);
        if let Some(relay) = self.relay {
            let _ = relay.task.await;
        }
        let projections = self.projections.await;
        self.health.reads.close().await;
        self.sqlite.close().await;
        if let Some(halt) = halt {
            return Err(anyhow!("{halt}"));
        }
        writer.context("the writer ended abnormally")?;
        projections.context("the projections ended abnormally")??;
        Ok(())
    }
}

/// Another handle on what a guard cancels.
fn token(guard: &DropGuard) -> CancellationToken {
    guard.token().clone()
}

/// Tells everyone when the writer halts.
async fn watched(writer: JoinHandle<Result<(), Halt>>, health: Arc<Health>) {
    let halt = match writer.await {
        Ok(Ok(())) => return,
        Ok(Err(halt)) => halt,
        Err(error) => Halt::Unknown(format!("the writer ended abnormally: {error}")),
    };
    tracing::error!(error = %halt, "the writer halted");
    health.writer.send_replace(Some(Arc::new(halt)));
}
