//! One ledger of a PostgreSQL database, as a replica serves it.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, anyhow, bail};
use events::{LedgerId, OrgId};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    BeingImported, Ledger, Machine, Opened, auth, followed::Followed, relaying, replica::Replica,
    stored_elsewhere, writing::Writing,
};
use crate::{
    cluster::{self, Claimant, Lease, Node, PeerToken, Role, Router, Spread, postgres::PostgresLease},
    config::Config,
    engine::{Commands, EngineError},
    http::{Readiness, peer::PeerLedger},
    identity::{
        DEFAULT_ORGANIZATION, Identity, IdentityError, Pepper, Service, vault::postgres::PostgresVault,
    },
    log::{Log, postgres::PostgresLog},
    read::{IdentityRows, PeopleQuery, Reads, postgres},
};

/// How soon a replica asks who may call, after the projections moved: they take half a second themselves
/// to gather what is not hurried.
const RELOAD: Duration = Duration::from_millis(250);
/// The least time between two looks, however many wait for one.
const RELOAD_LEAST: Duration = Duration::from_millis(20);
/// The writer's own directory is always up to date; its memory of recent changes is emptied so often.
const RELOAD_OF_WRITER: Duration = Duration::from_secs(60);
/// How often a process that doesn't write, nor gets ready to, looks whether another one has written the
/// first organization.
const FIRST_ORGANIZATION_LOOKS: u32 = 200;
const FIRST_ORGANIZATION_LOOK: Duration = Duration::from_millis(100);

/// What all ledgers of a process are given.
pub(super) struct Common {
    pub(super) config: Config,
    pub(super) machine: Machine,
    pub(super) pepper: Pepper,
    pub(super) token: PeerToken,
    pub(super) claimant: Claimant,
    pub(super) spread: Arc<Spread>,
    pub(super) options: cluster::Options,
    /// Whether there are several ledgers.
    pub(super) several: bool,
}

impl Common {
    /// The ledger that metrics name; none where there is one alone.
    fn label(&self, ledger: LedgerId) -> Option<LedgerId> {
        self.several.then_some(ledger)
    }
}

/// A ledger that can be read, before anything is done for it.
pub(super) struct Served {
    id: LedgerId,
    database: Arc<PostgresLog>,
    lease: PostgresLease,
    log: Arc<dyn Log>,
    router: Arc<Router>,
    reads: Arc<Followed>,
    identity: Identity,
    stop_following: CancellationToken,
}

/// Everything of a served ledger that has to be closed in order.
pub(super) struct Serving {
    database: Arc<PostgresLog>,
    reads: Arc<Followed>,
    stop_node: CancellationToken,
    stop_following: CancellationToken,
    node: JoinHandle<()>,
    following: Vec<JoinHandle<()>>,
}

impl Served {
    pub(super) async fn new(common: &Common, database: Arc<PostgresLog>) -> Result<Self> {
        let url = common.config.database_url.get().unwrap_or_default();
        let id = database.ledger();
        let lease = PostgresLease::new(url, id)?;
        // First, because the first pepper that a ledger is shown is its pepper for ever.
        if lease.look().await?.is_some_and(|tenure| tenure.is_import()) {
            database.close().await;
            return Err(BeingImported { ledger: id }.into());
        }
        if !lease.has_pepper(common.pepper.fingerprint()).await? {
            bail!(
                "the pepper is not the one that the ledger's API keys were made with: all replicas need the same pepper_file"
            );
        }
        let elsewhere = stored_elsewhere(&common.config.event_store_url, id).await?;
        let log = elsewhere.unwrap_or_else(|| database.clone());
        let stop_following = CancellationToken::new();
        let options = cluster::Options { label: common.label(id), ..common.options };
        let router = Arc::new(Router::new(id, Arc::clone(&log), common.token.clone(), options));
        let followed = postgres::follow(url, id, Arc::clone(&log), stop_following.clone()).await?;
        let reads = Followed::new(followed.reads);
        let (pepper, entropy) = (common.pepper.clone(), (common.machine.entropy)());
        let identity = Identity::new(pepper, IdentityRows::default(), router.clone(), entropy);
        identity.reload(reads.identity(PeopleQuery::ALL).await.unwrap_or_default());
        let hurried = Arc::clone(&reads);
        identity.hurry_with(move |position| hurried.hurry(position));
        Ok(Self { id, database, lease, log, router, reads, identity, stop_following })
    }

    pub(super) const fn id(&self) -> LedgerId {
        self.id
    }

    /// What the other replicas ask when this one writes the ledger.
    pub(super) fn for_peers(&self) -> PeerLedger {
        PeerLedger { ledger: self.id, router: Arc::clone(&self.router), identity: self.identity.clone() }
    }

    /// Follows the ledger's lease and projections, and waits until its writer is known.
    pub(super) async fn start(self, common: &Common) -> Result<Ledger> {
        let Self { id, database, lease, log, router, reads, identity, stop_following } = self;
        let relay = relaying::Health::default();
        let writing = Writing {
            config: common.config.clone(),
            machine: common.machine.clone(),
            ledger: id,
            identity: identity.clone(),
            reads: Arc::clone(&reads),
            log: Arc::clone(&log),
            relay: Arc::clone(&relay),
            label: common.label(id),
        };
        let node = Node {
            ledger: id,
            lease: Arc::new(lease),
            claimant: common.claimant.clone(),
            log: Arc::clone(&log),
            clock: Arc::clone(&common.machine.clock),
            duties: Arc::new(writing),
            spread: Arc::clone(&common.spread),
            options: common.options,
        };
        let stop_node = CancellationToken::new();
        let node = tokio::spawn(cluster::run(node, Arc::clone(&router), stop_node.clone()));
        let reloading =
            reloading(identity.clone(), Arc::clone(&reads), router.clone(), stop_following.clone());
        let following = vec![
            tokio::spawn(Arc::clone(&router).follow_head(stop_following.clone())),
            tokio::spawn(reloading),
        ];
        let commands: Arc<dyn Commands> = router.clone();
        let reads_of_all = Arc::clone(&reads);
        let serving = Serving { database, reads, stop_node, stop_following, node, following };
        let default_org = match known(&identity, &router, common.options.lease).await {
            Ok(org) => org,
            Err(error) => {
                serving.close().await;
                return Err(error);
            }
        };
        let auth = match opened_auth(common, id, &identity, Arc::clone(&commands)).await {
            Ok(auth) => auth,
            Err(error) => {
                serving.close().await;
                return Err(error);
            }
        };
        let readiness = Arc::new(Health { router, relay });
        let opened =
            Opened { id, commands, log, reads: reads_of_all, identity, auth, default_org, readiness };
        Ok(Ledger::of(opened, &common.machine, Replica { serving, process: None }))
    }
}

async fn opened_auth(
    common: &Common,
    ledger: LedgerId,
    identity: &Identity,
    commands: Arc<dyn Commands>,
) -> Result<Arc<Service>> {
    let url = common.config.database_url.get().unwrap_or_default();
    let vault = Arc::new(PostgresVault::open(url, ledger).await?);
    let (config, machine, pepper) = (&common.config, &common.machine, common.pepper.clone());
    auth::open(config, machine, ledger, pepper, (identity.clone(), commands), vault).await
}

/// The organization that is there from the start, once the writer is known as well.
async fn known(identity: &Identity, router: &Router, lease: Duration) -> Result<OrgId> {
    let organization = default_organization(identity, router).await?;
    // At once, unless the writer before has just gone.
    let known = |role: &Role| matches!(role, Role::Writer(..) | Role::Standby(Some(_)));
    let _ = timeout(lease, router.role().wait_for(known)).await;
    Ok(organization)
}

/// The organization that is there from the start. Only the writer makes it, for only the writer's own
/// directory is as new as the log: the projections of a ledger that was imported, or of another version,
/// are still to be built. That may take long.
async fn default_organization(identity: &Identity, router: &Router) -> Result<OrgId> {
    let (mut roles, mut looks_left) = (router.role(), FIRST_ORGANIZATION_LOOKS);
    loop {
        if let Some(known) = identity.organization_by_name(DEFAULT_ORGANIZATION) {
            return Ok(known.id);
        }
        let role = roles.borrow_and_update().clone();
        if matches!(role, Role::Writer(..)) {
            match identity.ensure_default_organization().await {
                Ok(organization) => return Ok(organization.id),
                // Another replica writes now, and was faster, or nobody does.
                Err(IdentityError::Engine(EngineError::Contradicted | EngineError::Unavailable(_))) => {}
                Err(error) => return Err(anyhow!(error)),
            }
        }
        if !matches!(role, Role::Starting(_)) {
            looks_left -= 1;
        }
        if looks_left == 0 {
            bail!("no replica has written {DEFAULT_ORGANIZATION:?}, or it still builds the projections");
        }
        // A time-out only makes us look again.
        let _ = timeout(FIRST_ORGANIZATION_LOOK, roles.changed()).await;
    }
}

/// Takes in what other replicas changed, until `stop`.
async fn reloading(identity: Identity, reads: Arc<Followed>, router: Arc<Router>, stop: CancellationToken) {
    let reload = async {
        let mut checkpoint = Reads::checkpoint(&*reads);
        // It may have moved since the directory was loaded first.
        checkpoint.mark_changed();
        while checkpoint.changed().await.is_ok() {
            match reads.identity(PeopleQuery::Since(identity.people_as_of())).await {
                Ok(rows) => identity.reload(rows),
                Err(error) => tracing::debug!(%error, "who may call cannot be read now"),
            }
            let mut role = router.role();
            // Who becomes a standby looks at once.
            let writes = matches!(&*role.borrow_and_update(), Role::Writer(..));
            let pause = if writes { RELOAD_OF_WRITER } else { RELOAD };
            let sooner = async {
                tokio::time::sleep(RELOAD_LEAST).await;
                tokio::select! {
                    _ = role.changed() => {}
                    () = identity.reload_wanted() => {}
                }
            };
            let _ = timeout(pause, sooner).await;
        }
    };
    let _ = stop.run_until_cancelled(reload).await;
}

impl Serving {
    /// Gives the lease back after everything accepted is answered, and closes the connections.
    pub(super) async fn close(self) {
        self.stop_node.cancel();
        let _ = self.node.await;
        self.stop_following.cancel();
        for task in self.following {
            let _ = task.await;
        }
        self.reads.reads.close().await;
        self.database.close().await;
    }
}

/// Whether commands get to a writer.
struct Health {
    router: Arc<Router>,
    relay: relaying::Health,
}

impl Readiness for Health {
    fn obstacle(&self) -> Option<String> {
        self.router.obstacle()
    }

    fn details(&self) -> serde_json::Value {
        let status = self.router.status();
        let left = status.lease_left.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
        let relay = relaying::told(&self.relay);
        serde_json::json!({
            "relay": relay,
            "role": status.role,
            "epoch": status.epoch.map(|epoch| epoch.to_string()),
            "writer": status.writer,
            "lease_left_ms": left,
        })
    }
}
