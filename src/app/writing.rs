//! What a replica does while it writes: the engine and the projections.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use events::{LedgerId, Recorded};
use futures::{FutureExt, future::BoxFuture};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    HANDED_OVER_MAX, Machine, background, engine_options,
    followed::Followed,
    nearly_caught_up,
    relaying::{self, Source},
};
use crate::{
    cluster::{Duties, Duty, Term},
    config::{Config, ServerUrl},
    engine::{self, Halt, Parts, Running},
    identity::Identity,
    log::{Log, Recent},
    read::{
        PeopleQuery, Reads,
        postgres::{self, PostgresReads},
    },
};

/// Engine and projections of a ledger in PostgreSQL.
pub(super) struct Writing {
    pub(super) config: Config,
    pub(super) machine: Machine,
    pub(super) ledger: LedgerId,
    pub(super) identity: Identity,
    pub(super) reads: Arc<Followed>,
    /// The shared log itself, which the relay only reads.
    pub(super) log: Arc<dyn Log>,
    pub(super) relay: relaying::Health,
    /// The ledger that metrics name; none where the process serves one alone.
    pub(super) label: Option<LedgerId>,
}

impl Duties for Writing {
    fn take_up(
        &self,
        term: Arc<Term>,
        log: Arc<dyn Log>,
        stop: CancellationToken,
    ) -> BoxFuture<'_, Result<Duty, String>> {
        async move { self.start(&term, log, stop).await.map_err(|error| format!("{error:#}")) }.boxed()
    }
}

impl Writing {
    async fn start(&self, term: &Term, log: Arc<dyn Log>, stop: CancellationToken) -> Result<Duty> {
        let recent = Arc::new(Recent::new(HANDED_OVER_MAX));
        // When something fails below, or the work is dropped, nobody needs the projections either.
        let stop_projections = CancellationToken::new().drop_guard();
        let (reads, projected) =
            self.projections(Arc::clone(&log), Arc::clone(&recent), stop_projections.token().clone()).await?;
        nearly_caught_up(&*log, &reads).await?;
        let parts = Parts {
            log: Arc::clone(&log),
            recent,
            cold: Arc::new(reads.clone()),
            clock: Arc::clone(&self.machine.clock),
            entropy: (self.machine.entropy)(),
            options: engine::Options {
                epoch: Some(term.epoch()),
                label: self.label,
                ..engine_options(&self.config)
            },
        };
        let mut tail: Vec<Recorded> = Vec::new();
        let observe =
            |recorded: &Recorded| tail.extend(Identity::concerns(recorded).then(|| recorded.clone()));
        let Running { engine, writer } = engine::start(self.ledger, parts, stop.clone(), observe).await?;
        let rows = Reads::identity(&reads, PeopleQuery::ALL).await?;
        let (ledger, label, epoch) = (self.ledger, self.label, term.epoch());
        let relayed = Source { ledger, label, log: Arc::clone(&self.log), rows: &rows, epoch };
        let stop_relay = stop_projections.token().child_token();
        let relay = relaying::start(&self.config, &self.machine, relayed, stop_relay)?;
        self.identity.reload(rows);
        self.identity.apply_all(&tail);
        self.relay.store(relay.as_ref().map(|relay| Arc::new(relay.health.clone())));
        self.reads.writing.store(Some(Arc::new(reads.clone())));
        let work = Work { reads, projected, writer, stop, stop_projections };
        let (followed, health) = (Arc::clone(&self.reads), Arc::clone(&self.relay));
        let ended = async move {
            let ended = work.ended().await;
            followed.writing.store(None);
            if let Some(relay) = relay {
                let _ = relay.task.await;
            }
            health.store(None);
            ended.map_err(|error| format!("{error:#}"))
        };
        Ok(Duty { engine, ended: ended.boxed() })
    }

    async fn projections(
        &self,
        log: Arc<dyn Log>,
        recent: Arc<Recent>,
        stop: CancellationToken,
    ) -> Result<(PostgresReads, background::Ended)> {
        let (url, ledger, label) = (self.config.database_url.clone(), self.ledger, self.label);
        let clock = Arc::clone(&self.machine.clock);
        background::start(async move || {
            let url = ServerUrl::get(&url).unwrap_or_default();
            let place = postgres::Place { url, ledger, label };
            Ok(postgres::start(place, log, recent, clock, stop, |_, _| {}).await?)
        })
        .await
    }
}

/// What was started in one term.
struct Work {
    reads: PostgresReads,
    projected: background::Ended,
    writer: JoinHandle<Result<(), Halt>>,
    stop: CancellationToken,
    stop_projections: DropGuard,
}

impl Work {
    /// Waits until the engine or the projections end, and ends the other.
    async fn ended(self) -> Result<()> {
        let Self { reads, mut projected, mut writer, stop, stop_projections } = self;
        let mut halted = None;
        let written = tokio::select! {
            written = &mut writer => written,
            projections = &mut projected => {
                halted = Some(projections);
                stop.cancel();
                writer.await
            }
        };
        drop(stop_projections);
        let projections = match halted {
            Some(ended) => ended,
            None => projected.await,
        };
        reads.close().await;
        written.map_err(|error| anyhow!("the writer ended abnormally: {error}"))??;
        match projections {
            Ok(ended) => ended?,
            Err(_) => return Err(anyhow!("the projections ended abnormally")),
        }
        Ok(())
    }
}
