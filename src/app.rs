//! The composition root: puts a ledger together from its parts and takes it apart again.

mod auth;
mod background;
mod embedded;
mod followed;
pub mod migrations;
mod relaying;
mod replica;
mod served;
mod several;
mod writing;

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use events::{LedgerId, OrgId, Position};
use tokio_util::sync::CancellationToken;

use self::{embedded::Embedded, replica::Replica};
use crate::{
    clock::{Clock, Entropy},
    config::{Config, ServerUrl},
    engine::{self, Commands, Halt},
    feed::Feed,
    http::{self, HttpOptions, Readiness},
    identity::{Identity, OperatorToken, Service, tokens::MakeKey},
    log::Log,
    read::{Database, Reads, StoredReads},
    telemetry::Metrics,
};

#[cfg(feature = "eventstoredb")]
use crate::log::kurrent::KurrentLog;

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
    /// Makes a new key to sign tokens with.
    pub signing_key: MakeKey,
}

/// An open ledger: SQLite files in one directory, which no other process can write meanwhile, or a
/// PostgreSQL database that replicas share. A database may hold several ledgers: this is its default
/// one, or one of the [`others`](Self::others).
pub struct Ledger {
    /// Its id.
    pub id: LedgerId,
    /// Takes commands.
    pub commands: Arc<dyn Commands>,
    /// Every event.
    pub log: Arc<dyn Log>,
    /// Answers queries.
    pub reads: Arc<dyn Reads>,
    /// Knows who calls.
    pub identity: Identity,
    /// Issues and verifies tokens, and keeps what is not in the log.
    pub auth: Arc<Service>,
    /// The organization that is there from the start.
    pub default_org: OrgId,
    machine: Machine,
    operator: OperatorToken,
    readiness: Arc<dyn Readiness>,
    profile: Profile,
}

/// What is different from one profile to the other.
enum Profile {
    Embedded(Box<Embedded>),
    Replica(Box<Replica>),
}

impl From<Embedded> for Profile {
    fn from(embedded: Embedded) -> Self {
        Self::Embedded(Box::new(embedded))
    }
}

impl From<Replica> for Profile {
    fn from(replica: Replica) -> Self {
        Self::Replica(Box::new(replica))
    }
}

/// The parts that every profile has.
struct Opened {
    id: LedgerId,
    commands: Arc<dyn Commands>,
    log: Arc<dyn Log>,
    reads: Arc<dyn Reads>,
    identity: Identity,
    auth: Arc<Service>,
    default_org: OrgId,
    readiness: Arc<dyn Readiness>,
}

impl Ledger {
    /// Opens the ledger that `config` names: in its database when there is one, else in its directory,
    /// where one is made if there is none.
    ///
    /// # Errors
    /// When the directory is in use or cannot be used, when its files are not a ledger's, or when the
    /// database cannot be used.
    pub async fn open(config: &Config, machine: &Machine) -> Result<Self> {
        if config.database_url.get().is_some() {
            replica::open(config, machine).await
        } else if config.event_store_url.get().is_some() {
            Err(anyhow!("event_store_url needs database_url as well: the projections are kept there"))
        } else {
            embedded::open(config, machine).await
        }
    }

    fn of(opened: Opened, machine: &Machine, profile: impl Into<Profile>) -> Self {
        let Opened { id, commands, log, reads, identity, auth, default_org, readiness } = opened;
        let operator = identity.issue_operator_token();
        let (machine, profile) = (machine.clone(), profile.into());
        Self { id, commands, log, reads, identity, auth, default_org, machine, operator, readiness, profile }
    }

    /// The other ledgers of the database that this process serves as well.
    #[must_use]
    pub fn others(&self) -> &[Self] {
        match &self.profile {
            Profile::Embedded(_) => &[],
            Profile::Replica(replica) => replica.process.as_ref().map_or(&[], |process| &process.others),
        }
    }

    /// The HTTP API of this ledger and of the [`others`](Self::others). `stopping` ends long polls and
    /// streams.
    pub fn api(
        &self,
        options: HttpOptions,
        metrics: Option<Metrics>,
        stopping: CancellationToken,
    ) -> http::Api {
        let api = |ledger: &Self| ledger.api_alone(options.clone(), metrics.clone(), stopping.clone());
        api(self).beside(self.others().iter().map(api).collect())
    }

    fn api_alone(
        &self,
        options: HttpOptions,
        metrics: Option<Metrics>,
        stopping: CancellationToken,
    ) -> http::Api {
        http::api(http::App {
            commands: Arc::clone(&self.commands),
            log: Arc::clone(&self.log),
            reads: Arc::clone(&self.reads),
            identity: self.identity.clone(),
            auth: Arc::clone(&self.auth),
            feed: Feed::new(Arc::clone(&self.log)),
            ledger: self.id,
            clock: Arc::clone(&self.machine.clock),
            entropy: Mutex::new((self.machine.entropy)()),
            options,
            readiness: Arc::clone(&self.readiness),
            metrics: Arc::new(move || metrics.as_ref().map(Metrics::render).unwrap_or_default()),
            stopping,
        })
    }

    /// Whether it works, and how its parts are.
    #[must_use]
    pub fn readiness(&self) -> &dyn Readiness {
        &*self.readiness
    }

    /// The token that makes its bearer the operator of this ledger and of the others, until it is
    /// closed.
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
        let head = self.commands.head();
        self.reads.hurry(head);
        let mut checkpoint = self.reads.checkpoint();
        while *checkpoint.borrow_and_update() < head && !self.projections_halted() {
            // A time-out only makes us look again.
            let _ = tokio::time::timeout(LOOK_AGAIN, checkpoint.changed()).await;
        }
    }

    fn projections_halted(&self) -> bool {
        match &self.profile {
            Profile::Embedded(embedded) => embedded.projections_halted(),
            Profile::Replica(_) => false,
        }
    }

    /// Resolves when the writer has halted: nothing more can be written by this process. A replica
    /// never does; it stands down.
    pub async fn halted(&self) -> Arc<Halt> {
        match &self.profile {
            Profile::Embedded(embedded) => embedded.halted().await,
            Profile::Replica(_) => std::future::pending().await,
        }
    }

    /// Answers every accepted command, brings the projections up to date and closes files and
    /// connections, those of the other ledgers as well.
    ///
    /// # Errors
    /// Why the writer or the projections had halted before.
    pub async fn close(self) -> Result<()> {
        self.auth.close().await;
        match self.profile {
            Profile::Embedded(embedded) => embedded.close().await,
            Profile::Replica(replica) => {
                replica.close().await;
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The ledger is not whole yet.
#[derive(Debug, thiserror::Error)]
#[error(
    "the ledger {ledger} is being imported, or that was broken off: the same `import` goes on with it; to give it up, \
     use another database"
)]
pub struct BeingImported {
    /// The ledger.
    pub ledger: LedgerId,
}

/// The ledger's log in the event store; none when no store is set, and the log is in the database.
///
/// # Errors
/// When the event store cannot be used.
pub async fn stored_elsewhere(event_store: &ServerUrl, ledger: LedgerId) -> Result<Option<Arc<dyn Log>>> {
    let Some(url) = event_store.get() else { return Ok(None) };
    #[cfg(feature = "eventstoredb")]
    return Ok(Some(Arc::new(KurrentLog::connect(url, ledger).await?)));
    #[cfg(not(feature = "eventstoredb"))]
    anyhow::bail!(
        "event_store_url is set to {url:.4}… for {ledger}, and this binary was built without the feature eventstoredb"
    );
}

/// Waits until the projections are so near to the log's head that the engine starts with little.
async fn nearly_caught_up<D: Database>(log: &dyn Log, reads: &StoredReads<D>) -> Result<()> {
    let mut checkpoint = Reads::checkpoint(reads);
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

/// The engine's sizes as they are set.
fn engine_options(config: &Config) -> engine::Options {
    engine::Options {
        mailbox: config.mailbox,
        group_max: config.group_max,
        wallet_cache: config.wallet_cache,
        tail_max: config.tail_max,
        ..engine::Options::default()
    }
}

/// Makes a directory that only its owner can read.
fn create_private(dir: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).with_context(|| format!("cannot create the data directory {}", dir.display()))
}
