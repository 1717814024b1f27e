//! The server profile: a ledger in PostgreSQL, served by any number of replicas of which one writes.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use events::OrgId;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    BeingImported, Ledger, Machine, Opened, create_private, followed::Followed, relaying, stored_elsewhere,
    writing::Writing,
};
use crate::{
    clock::{Entropy, sixteen},
    cluster::{self, Claimant, Lease, Node, PeerToken, Role, Router, postgres::PostgresLease},
    config::Config,
    engine::{Commands, EngineError},
    http::{Readiness, peer},
    identity::{DEFAULT_ORGANIZATION, Identity, IdentityError, Pepper},
    log::postgres::PostgresLog,
    read::{IdentityRows, Reads, postgres},
};

/// How soon a replica asks who may call, after the projections moved: they take half a second themselves
/// to gather what is not hurried.
const RELOAD: Duration = Duration::from_millis(250);
/// The writer's own directory is always up to date; its memory of recent changes is emptied so often.
const RELOAD_OF_WRITER: Duration = Duration::from_secs(60);
/// How often a process that doesn't write, nor gets ready to, looks whether another one has written the
/// first organization.
const FIRST_ORGANIZATION_LOOKS: u32 = 200;
const FIRST_ORGANIZATION_LOOK: Duration = Duration::from_millis(100);
/// Requests of other replicas that are being answered get this long at the end.
const DRAIN_MAX: Duration = Duration::from_secs(3);

/// Everything of the profile that has to be closed in order.
pub(super) struct Replica {
    database: Arc<PostgresLog>,
    reads: Arc<Followed>,
    stop_peers: CancellationToken,
    stop_node: CancellationToken,
    stop_following: CancellationToken,
    peers: Option<JoinHandle<()>>,
    node: JoinHandle<()>,
    following: Vec<JoinHandle<()>>,
}

pub(super) async fn open(config: &Config, machine: &Machine) -> Result<Ledger> {
    let url = config.database_url.get().unwrap_or_default();
    let mut entropy = (machine.entropy)();
    create_private(&config.data_dir)?;
    let database = Arc::new(PostgresLog::connect(url, None).await?);
    let id = database.ledger();
    let lease = PostgresLease::new(url, id)?;
    if lease.look().await?.is_some_and(|tenure| tenure.is_import()) {
        database.close().await;
        return Err(BeingImported { ledger: id }.into());
    }
    let pepper = pepper(config, &lease, &mut *entropy).await?;
    let log = stored_elsewhere(&config.event_store_url, id).await?.unwrap_or_else(|| database.clone());
    let stop_following = CancellationToken::new();
    let (token, listener) = channel(config, &mut *entropy).await?;
    let address = address(config, listener.as_ref())?;
    let options = cluster::Options { waiting_max: config.mailbox, ..cluster::Options::default() };
    let router = Arc::new(Router::new(Arc::clone(&log), token.clone(), options));
    let followed = postgres::follow(url, id, Arc::clone(&log), stop_following.clone()).await?;
    let reads = Followed::new(followed.reads);
    let commands: Arc<dyn Commands> = router.clone();
    let identity = Identity::new(pepper, IdentityRows::default(), commands.clone(), (machine.entropy)());
    identity.reload(reads.identity().await.unwrap_or_default());
    let stop_peers = CancellationToken::new();
    let peers = listener.map(|listener| {
        let api = peer::PeerApi::new(Arc::clone(&router), identity.clone(), token);
        tokio::spawn(peer::serve(listener, api, DRAIN_MAX, stop_peers.clone()))
    });
    let id_of_process = uuid::Builder::from_random_bytes(sixteen(&mut *entropy)).into_uuid();
    let claimant = Claimant { id: id_of_process, address, lease: options.lease };
    let relay = relaying::Health::default();
    let writing = Writing {
        config: config.clone(),
        machine: machine.clone(),
        ledger: id,
        identity: identity.clone(),
        reads: Arc::clone(&reads),
        log: Arc::clone(&log),
        relay: Arc::clone(&relay),
    };
    let (clock, duties) = (Arc::clone(&machine.clock), Arc::new(writing));
    let node = Node { lease: Arc::new(lease), claimant, log: Arc::clone(&log), clock, duties, options };
    let stop_node = CancellationToken::new();
    let node = tokio::spawn(cluster::run(node, Arc::clone(&router), stop_node.clone()));
    let following = vec![
        tokio::spawn(Arc::clone(&router).follow_head(stop_following.clone())),
        tokio::spawn(reloading(identity.clone(), Arc::clone(&reads), router.clone(), stop_following.clone())),
    ];
    let reads_of_all = Arc::clone(&reads);
    let profile = Replica { database, reads, stop_peers, stop_node, stop_following, peers, node, following };
    let default_org = match known(&identity, &router, options.lease).await {
        Ok(org) => org,
        Err(error) => {
            profile.close().await;
            return Err(error);
        }
    };
    let readiness = Arc::new(Health { router, relay });
    let opened = Opened { id, commands, log, reads: reads_of_all, identity, default_org, readiness };
    Ok(Ledger::of(opened, machine, profile))
}

/// The pepper, which must be that of the ledger's other replicas.
async fn pepper(config: &Config, lease: &PostgresLease, entropy: &mut dyn Entropy) -> Result<Pepper> {
    let pepper = match config.pepper_file.as_os_str().is_empty() {
        true => Pepper::load_or_create(&config.data_dir, entropy)?,
        false => Pepper::read(&config.pepper_file)?,
    };
    if !lease.has_pepper(pepper.fingerprint()).await? {
        bail!(
            "the pepper is not the one that the ledger's API keys were made with: all replicas need the same pepper_file"
        );
    }
    Ok(pepper)
}

/// The organization that is there from the start, once the writer is known as well.
async fn known(identity: &Identity, router: &Router, lease: Duration) -> Result<OrgId> {
    let organization = default_organization(identity, router).await?;
    // At once, unless the writer before has just gone.
    let known = |role: &Role| matches!(role, Role::Writer(..) | Role::Standby(Some(_)));
    let _ = timeout(lease, router.role().wait_for(known)).await;
    Ok(organization)
}

/// The secret of the cluster, and the listener for the other replicas. A replica without either is
/// alone: its own writer, or one that only reads.
async fn channel(config: &Config, entropy: &mut dyn Entropy) -> Result<(PeerToken, Option<TcpListener>)> {
    let token = match config.cluster_secret_file.as_os_str().is_empty() {
        true => PeerToken::derive(&[sixteen(entropy), sixteen(entropy)].concat()),
        false => PeerToken::read(&config.cluster_secret_file)?,
    };
    if config.cluster_listen.is_empty() {
        return Ok((token, None));
    }
    let listen: SocketAddr = config.cluster_listen.parse().context("cluster_listen")?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen} for other replicas"))?;
    Ok((token, Some(listener)))
}

/// How the other replicas reach this one; something that nobody reaches when it does not listen.
fn address(config: &Config, listener: Option<&TcpListener>) -> Result<Box<str>> {
    if !config.cluster_url.is_empty() {
        return Ok(config.cluster_url.trim_end_matches('/').into());
    }
    let Some(listener) = listener else { return Ok(cluster::NOWHERE.into()) };
    let address = listener.local_addr()?;
    if address.ip().is_unspecified() {
        bail!("cluster_url must say how other replicas reach {address}");
    }
    Ok(format!("http://{address}").into())
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
        while checkpoint.changed().await.is_ok() {
            match reads.identity().await {
                Ok(rows) => identity.reload(rows),
                Err(error) => tracing::debug!(%error, "who may call cannot be read now"),
            }
            let mut role = router.role();
            // Who becomes a standby looks at once.
            let writes = matches!(&*role.borrow_and_update(), Role::Writer(..));
            let pause = if writes { RELOAD_OF_WRITER } else { RELOAD };
            let _ = timeout(pause, role.changed()).await;
        }
    };
    let _ = stop.run_until_cancelled(reload).await;
}

impl Replica {
    /// Gives the lease back after everything accepted is answered, and closes the connections.
    pub(super) async fn close(self) {
        self.stop_peers.cancel();
        if let Some(peers) = self.peers {
            let _ = peers.await;
        }
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
