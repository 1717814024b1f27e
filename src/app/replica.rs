//! The server profile: the ledgers of a PostgreSQL database, served by any number of replicas. One of
//! them writes a ledger; with several ledgers, their writers are spread.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use futures::future::{join_all, try_join_all};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    Ledger, Machine, Profile, create_private,
    served::{Common, Served, Serving},
    several::Several,
};
use crate::{
    clock::{Entropy, sixteen},
    cluster::{self, Claimant, PeerToken, Spread, postgres::PostgresProcesses},
    config::Config,
    http::peer,
    identity::Pepper,
    log::postgres::PostgresLog,
};

/// Requests of other replicas that are being answered get this long at the end.
const DRAIN_MAX: Duration = Duration::from_secs(3);

/// One ledger of the database, and what all of them share.
pub(super) struct Replica {
    pub(super) serving: Serving,
    /// Of the default ledger alone.
    pub(super) process: Option<Process>,
}

/// What the ledgers of this process share, and the ledgers beside the default one.
pub(super) struct Process {
    pub(super) others: Vec<Ledger>,
    shared: Shared,
}

struct Shared {
    stop: CancellationToken,
    peers: Option<JoinHandle<()>>,
    spreading: Option<JoinHandle<()>>,
}

/// Opens every ledger that the database has now; a database without one gets one. The oldest is the
/// default ledger, which knows the others.
pub(super) async fn open(config: &Config, machine: &Machine) -> Result<Ledger> {
    let url = config.database_url.get().unwrap_or_default();
    let mut entropy = (machine.entropy)();
    create_private(&config.data_dir)?;
    let databases = databases(url).await?;
    let pepper = pepper(config, &mut *entropy)?;
    let (token, listener) = channel(config, &mut *entropy).await?;
    let options = cluster::Options { waiting_max: config.mailbox, ..cluster::Options::default() };
    let id = uuid::Builder::from_random_bytes(sixteen(&mut *entropy)).into_uuid();
    let claimant = Claimant { id, address: address(config, listener.as_ref())?, lease: options.lease };
    let common = Common {
        config: config.clone(),
        machine: machine.clone(),
        pepper,
        token,
        claimant,
        spread: Arc::new(Spread::new(id)),
        options,
        several: databases.len() > 1,
    };
    let ledgers = try_join_all(databases.into_iter().map(|database| Served::new(&common, database))).await?;
    let shared = Shared::start(&common, listener, &ledgers)?;
    let started = join_all(ledgers.into_iter().map(|ledger| ledger.start(&common))).await;
    let (opened, refused): (Vec<_>, Vec<_>) = started.into_iter().partition(Result::is_ok);
    let mut opened: Vec<Ledger> = opened.into_iter().flatten().collect();
    if let Some(Err(error)) = refused.into_iter().next() {
        shared.stop().await;
        join_all(opened.into_iter().map(Ledger::close)).await;
        return Err(error);
    }
    let others = opened.split_off(1);
    let first = opened.pop().context("the database has no ledger")?;
    Ok(lead(first, others, shared))
}

/// The logs of all ledgers, the default one's first.
async fn databases(url: &str) -> Result<Vec<Arc<PostgresLog>>> {
    let ids = PostgresLog::ledger_ids(url).await?;
    if ids.is_empty() {
        return Ok(vec![Arc::new(PostgresLog::connect(url, None).await?)]);
    }
    let logs = try_join_all(ids.into_iter().map(|id| PostgresLog::connect(url, Some(id)))).await?;
    Ok(logs.into_iter().map(Arc::new).collect())
}

/// Makes the first ledger the one that speaks for all: for requests that name none, for readiness, and
/// for the operator, whose token counts in each.
fn lead(mut first: Ledger, mut others: Vec<Ledger>, shared: Shared) -> Ledger {
    for other in &mut others {
        other.identity.accept_operator_of(&first.identity);
        other.operator = first.operator.clone();
    }
    if !others.is_empty() {
        first.readiness = Arc::new(Several::new(&first, &others));
    }
    if let Profile::Replica(replica) = &mut first.profile {
        replica.process = Some(Process { others, shared });
    }
    first
}

/// The pepper, which must be that of the other replicas.
fn pepper(config: &Config, entropy: &mut dyn Entropy) -> Result<Pepper> {
    Ok(match config.pepper_file.as_os_str().is_empty() {
        true => Pepper::load_or_create(&config.data_dir, entropy)?,
        false => Pepper::read(&config.pepper_file)?,
    })
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

impl Shared {
    /// Answers the other replicas for all ledgers over one listener, and takes part in spreading their
    /// writers: with one ledger there is nothing to spread, and a replica that nobody reaches is
    /// given none.
    fn start(common: &Common, listener: Option<TcpListener>, ledgers: &[Served]) -> Result<Self> {
        let stop = CancellationToken::new();
        let takes_part = listener.is_some() && ledgers.len() > 1;
        let peers = listener.map(|listener| {
            let ledgers = ledgers.iter().map(Served::for_peers).collect();
            let api = peer::PeerApi::new(ledgers, common.token.clone());
            tokio::spawn(peer::serve(listener, api, DRAIN_MAX, stop.clone()))
        });
        let mut spreading = None;
        if takes_part {
            let url = common.config.database_url.get().unwrap_or_default();
            let known = ledgers.iter().map(Served::id).collect();
            let processes = PostgresProcesses::new(url, known, common.options)?;
            let (spread, clock) = (Arc::clone(&common.spread), Arc::clone(&common.machine.clock));
            spreading = Some(tokio::spawn(processes.follow(spread, clock, stop.clone())));
        }
        Ok(Self { stop, peers, spreading })
    }

    /// Says that this process ends, and answers other replicas no more.
    async fn stop(self) {
        self.stop.cancel();
        for task in [self.spreading, self.peers].into_iter().flatten() {
            let _ = task.await;
        }
    }
}

impl Replica {
    /// Gives the leases back after everything accepted is answered, and closes the connections.
    pub(super) async fn close(self) {
        let mut others = Vec::new();
        if let Some(process) = self.process {
            process.shared.stop().await;
            others = process.others;
        }
        // Those have no process of their own.
        let closing = others.into_iter().map(|other| Box::pin(other.close()));
        tokio::join!(self.serving.close(), join_all(closing));
    }
}
