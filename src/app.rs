//! The composition root: puts a ledger together from its parts and takes it apart again.

mod background;
pub mod migrations;

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use events::{LedgerId, OrgId, Position, Recorded};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::{Clock, Entropy, sixteen},
    config::Config,
    engine::{self, Engine, Halt, Parts, Running},
    feed::Feed,
    http::{self, HttpOptions, Readiness},
    identity::{Identity, OperatorToken, Pepper},
    log::{Log, Recent, sqlite::SqliteLog},
    read::{Reads, sqlite::SqliteReads},
    telemetry::Metrics,
};

/// Events that the engine may have to take in when it starts.
const TAIL_AT_START_MAX: u64 = 200_000;
/// Committed events that wait for the projections in memory, some 0.6 KB each.
const HANDED_OVER_MAX: usize = 24_000;
/// How long to wait for the projections before looking whether they halted.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Clocks and randomness, which only `main` takes from the system.
#[derive(Clone)]
pub struct Machine {
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// Makes a new source of randomness.
    pub entropy: fn() -> Box<dyn Entropy>,
}

/// An open ledger on the embedded profile: SQLite files in one directory, which no other process
/// can write meanwhile.
pub struct Ledger {
    /// Its id.
    pub id: LedgerId,
    /// Takes commands.
    pub engine: Engine,
    /// Every event.
    pub log: Arc<dyn Log>,
    /// Answers queries.
    pub reads: Arc<dyn Reads>,
    /// Knows who calls.
    pub identity: Identity,
    /// The organization that is there from the start.
    pub default_org: OrgId,
    machine: Machine,
    operator: OperatorToken,
    health: Arc<Health>,
    sqlite: Arc<SqliteLog>,
    stop_engine: CancellationToken,
    stop_projections: CancellationToken,
    writer: JoinHandle<()>,
    projections: background::Ended,
}

/// Whether the writer and the projections work.
#[derive(Debug)]
struct Health {
    reads: SqliteReads,
    writer: watch::Sender<Option<Arc<Halt>>>,
}

impl Readiness for Health {
    fn obstacle(&self) -> Option<String> {
        let writer = self.writer.borrow().as_ref().map(ToString::to_string);
        writer.or_else(|| self.reads.halted())
    }
}

impl Ledger {
    /// Opens the ledger in `config.data_dir`, or makes one there.
    ///
    /// # Errors
    /// When the directory is in use or cannot be used, or when its files are not a ledger's.
    pub async fn open(config: &Config, machine: &Machine) -> Result<Self> {
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
        let (stop_engine, stop_projections) = (CancellationToken::new(), CancellationToken::new());
        let recent = Arc::new(Recent::new(HANDED_OVER_MAX));
        let (reads, projections) = background::start(background::Work {
            directory: dir.clone(),
            ledger: id,
            log: Arc::clone(&log),
            recent: Arc::clone(&recent),
            clock: Arc::clone(&machine.clock),
            stop: stop_projections.clone(),
        })
        .await?;
        nearly_caught_up(&*log, &reads).await?;
        let parts = Parts {
            log: Arc::clone(&log),
            recent,
            cold: Arc::new(reads.clone()),
            clock: Arc::clone(&machine.clock),
            entropy,
            options: engine::Options {
                mailbox: config.mailbox,
                group_max: config.group_max,
                wallet_cache: config.wallet_cache,
                tail_max: config.tail_max,
                ..engine::Options::default()
            },
        };
        let mut tail: Vec<Recorded> = Vec::new();
        let observe =
            |recorded: &Recorded| tail.extend(Identity::concerns(recorded).then(|| recorded.clone()));
        let Running { engine, writer } = engine::start(id, parts, stop_engine.clone(), observe).await?;
        let rows = reads.identity().await?;
        let identity = Identity::new(pepper, rows, engine.clone(), (machine.entropy)());
        identity.apply_all(&tail);
        let default_org = identity.ensure_default_organization().await?.id;
        let operator = identity.issue_operator_token();
        let health = Arc::new(Health { reads: reads.clone(), writer: watch::Sender::new(None) });
        let writer = tokio::spawn(watched(writer, Arc::clone(&health)));
        Ok(Self {
            id,
            engine,
            log,
            reads: Arc::new(reads),
            identity,
            default_org,
            machine: machine.clone(),
            operator,
            health,
            sqlite,
            stop_engine,
            stop_projections,
            writer,
            projections,
        })
    }

    /// The HTTP API of this ledger. `stopping` ends long polls and streams.
    pub fn api(
        &self,
        options: HttpOptions,
        metrics: Option<Metrics>,
        stopping: CancellationToken,
    ) -> http::Api {
        http::api(http::App {
            engine: self.engine.clone(),
            log: Arc::clone(&self.log),
            reads: Arc::clone(&self.reads),
            identity: self.identity.clone(),
            feed: Feed::new(Arc::clone(&self.log)),
            ledger: self.id,
            clock: Arc::clone(&self.machine.clock),
            entropy: Mutex::new((self.machine.entropy)()),
            options,
            readiness: self.health.clone(),
            metrics: Arc::new(move || metrics.as_ref().map(Metrics::render).unwrap_or_default()),
            stopping,
        })
    }

    /// The token that makes its bearer the operator of this ledger, until it is closed.
    #[must_use]
    pub const fn operator_token(&self) -> &OperatorToken {
        &self.operator
    }

    /// The projections' checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> Position {
        *self.reads.checkpoint().borrow()
    }

    /// Waits until the projections have everything that is stored now, or have halted.
    pub async fn caught_up(&self) {
        let head = self.engine.head();
        self.reads.hurry(head);
        let mut checkpoint = self.reads.checkpoint();
        while *checkpoint.borrow_and_update() < head && self.health.reads.halted().is_none() {
            // A time-out only makes us look again.
            let _ = tokio::time::timeout(LOOK_AGAIN, checkpoint.changed()).await;
        }
    }

    /// Resolves when the writer has halted: nothing more can be written by this process.
    pub async fn halted(&self) -> Arc<Halt> {
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
    ///
    /// # Errors
    /// Why the writer or the projections had halted before.
    pub async fn close(self) -> Result<()> {
        self.stop_engine.cancel();
        let writer = self.writer.await;
        let halt = self.health.writer.borrow().clone();
        self.stop_projections.cancel();
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

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Waits until the projections are so near to the log's head that the engine starts with little.
async fn nearly_caught_up(log: &dyn Log, reads: &SqliteReads) -> Result<()> {
    let mut checkpoint = reads.checkpoint();
    let head = log.head().await?;
    reads.hurry(head);
    while checkpoint.borrow_and_update().get() + TAIL_AT_START_MAX < head.get() {
        if let Some(reason) = reads.halted() {
            return Err(anyhow!("the projections halted: {reason}"));
        }
        // A time-out only makes us look again.
        let _ = tokio::time::timeout(LOOK_AGAIN, checkpoint.changed()).await;
    }
    Ok(())
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

/// Makes a directory that only its owner can read.
fn create_private(dir: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).with_context(|| format!("cannot create the data directory {}", dir.display()))
}
