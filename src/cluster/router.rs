//! The way to the writer, wherever it is.

use std::{fmt, sync::Arc, time::Duration};

use events::{CommandId, LedgerId, Position, Recorded, decode};
use futures::{FutureExt, future::BoxFuture};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Options, Peer, PeerToken, Role, Status, Term,
    forward::{Forwarder, Sent},
    gauges::Gauges,
    local,
    obstacles::Obstacles,
    pending::Pending,
    wire::{Answered, PostedFact},
};
use crate::{
    engine::{Ask, Commands, Engine, EngineError, Fact, Receipt},
    log::{Log, ReadError},
};

/// How soon a command that nobody took is asked again.
const AGAIN: Duration = Duration::from_millis(50);
/// How soon the head is looked up again while events come in.
const LOOK: Duration = Duration::from_millis(5);
/// Events read at once when a fact is looked for.
const PAGE: usize = 1_000;

/// Takes commands for the writer of the ledger and hands them to the engine here or to the process that
/// writes, until there is a true answer or the deadline has passed.
pub struct Router {
    role: watch::Sender<Role>,
    /// The head of the log as far as this process has seen it.
    head: watch::Sender<Position>,
    log: Arc<dyn Log>,
    forwarder: Forwarder,
    options: Options,
    obstacles: Obstacles,
    /// Somebody found that the writer is none any more.
    doubt: Notify,
    gauges: Gauges,
}

impl Router {
    /// A standby that knows no writer of the ledger yet.
    #[must_use]
    pub fn new(ledger: LedgerId, log: Arc<dyn Log>, token: PeerToken, options: Options) -> Self {
        Self {
            role: watch::Sender::new(Role::Standby(None)),
            head: watch::Sender::new(Position(0)),
            log,
            forwarder: Forwarder::new(ledger, token, options),
            options,
            obstacles: Obstacles::default(),
            doubt: Notify::new(),
            gauges: Gauges::register(options.label),
        }
    }

    /// What this process is, as it changes.
    #[must_use]
    pub fn role(&self) -> watch::Receiver<Role> {
        self.role.subscribe()
    }

    /// What this process is, for operators.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::from(&*self.role.borrow())
    }

    /// Why this process cannot write and knows nobody who does.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        self.obstacles.of(&self.role.borrow())
    }

    /// Follows the head of the log until `stop` is cancelled.
    pub async fn follow_head(self: Arc<Self>, stop: CancellationToken) {
        let follow = async {
            loop {
                self.look_at_head().await;
                self.measure();
                let known = *self.head.borrow();
                self.log.wait_past(known).await;
                // Groups may come by the hundred each second.
                sleep(LOOK).await;
            }
        };
        let _ = stop.run_until_cancelled(follow).await;
    }

    /// The engine of this process, while it writes.
    #[must_use]
    pub fn here(&self) -> Option<Here> {
        match &*self.role.borrow() {
            Role::Writer(term, engine) if term.lasts() => {
                Some(Here { term: Arc::clone(term), engine: engine.clone() })
            }
            Role::Writer(..) | Role::Starting(_) | Role::Standby(_) => None,
        }
    }

    /// The fact of this command, if it was recorded at or above `since`.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn recorded(
        &self,
        command: CommandId,
        mut since: Position,
    ) -> Result<Option<Arc<Recorded>>, EngineError> {
        let id = command.to_string();
        loop {
            let page = self.log.read(since, PAGE).await.map_err(unreadable)?;
            for (_, body) in page.iter() {
                // Few events have the text, so few are taken apart.
                if str::from_utf8(body).is_ok_and(|text| text.contains(&id))
                    && let Ok(recorded) = decode(body)
                    && recorded.envelope.causation == command
                {
                    return Ok(Some(Arc::new(recorded)));
                }
            }
            if page.is_empty() {
                return Ok(None);
            }
            since = since.plus(page.bodies.len() as u64);
        }
    }

    /// Resolves when somebody found that the writer is none any more: who looks at the lease now may
    /// find it free.
    pub(super) async fn doubted(&self) {
        self.doubt.notified().await;
    }

    pub(super) fn trouble(&self, reason: Option<String>) {
        self.obstacles.trouble(reason);
    }

    pub(super) fn stand_by(&self, writer: Option<Peer>) {
        self.role.send_if_modified(|role| {
            if matches!(role, Role::Standby(known) if *known == writer) {
                return false;
            }
            *role = Role::Standby(writer);
            self.gauges.is(role);
            true
        });
    }

    pub(super) fn become_starting(&self, term: &Arc<Term>) {
        self.role.send_replace(Role::Starting(Arc::clone(term)));
        self.measure();
    }

    pub(super) fn become_writer(&self, term: &Arc<Term>, engine: Engine) {
        self.trouble(None);
        self.reached(engine.head());
        self.role.send_replace(Role::Writer(Arc::clone(term), engine));
        self.measure();
    }

    /// Brings the metrics up to date.
    fn measure(&self) {
        self.gauges.is(&self.role.borrow());
    }

    /// The log has events up to `head`.
    fn reached(&self, head: Position) {
        self.head.send_if_modified(|known| {
            let further = head > *known;
            *known = head.max(*known);
            further
        });
    }

    async fn look_at_head(&self) {
        match self.log.head().await {
            Ok(head) => self.reached(head),
            Err(error) => {
                tracing::debug!(%error, "the head of the log cannot be read");
                sleep(AGAIN).await;
            }
        }
    }

    /// Asks until every command has a true answer or the deadline has passed.
    async fn settle(&self, asks: Vec<Ask>) -> Vec<Answered> {
        let mut pending = Pending::new(asks);
        let asking = async {
            let mut roles = self.role.subscribe();
            loop {
                let role = roles.borrow_and_update().clone();
                match role {
                    Role::Writer(term, engine) => match local::ask(&engine, &term, pending.ask()).await {
                        Some(answers) => pending.answered(answers),
                        None => pending.lost(),
                    },
                    Role::Standby(Some(writer)) => self.forward(&writer, &mut roles, &mut pending).await,
                    Role::Standby(None) | Role::Starting(_) => {}
                }
                if pending.is_settled() {
                    return;
                }
                // A time-out only makes us look again.
                let _ = timeout(AGAIN, roles.changed()).await;
            }
        };
        // What is asked when the time is over stays asked.
        let _ = timeout(self.options.deadline, asking).await;
        pending.into_answers(&self.obstacles.at_deadline(&self.role.borrow()))
    }

    async fn forward(&self, writer: &Peer, roles: &mut watch::Receiver<Role>, pending: &mut Pending) {
        let asks = pending.ask();
        self.gauges.forwarded(asks.len());
        let sent = tokio::select! {
            biased;
            sent = self.forwarder.commands(writer, &asks) => sent,
            () = another(roles, writer) => Sent::Lost("another process writes now".to_owned()),
        };
        match sent {
            Sent::Answers(answers) => {
                self.obstacles.taken();
                let seen = answers.iter().filter_map(|answer| Some(end(answer.as_ref().ok()?))).max();
                self.reached(seen.unwrap_or_default());
                pending.answered(answers);
            }
            Sent::NotTaken(_) => {
                self.doubt.notify_one();
                pending.not_taken();
            }
            Sent::Refused(reason) => {
                self.obstacles.refused(writer, &reason);
                let refused = asks.iter().map(|_| Err(EngineError::Unavailable(reason.clone())));
                pending.answered(refused.collect());
            }
            Sent::Lost(_) => pending.lost(),
        }
    }

    /// Records a fact once, wherever the writer is.
    async fn note(&self, fact: Fact) -> Result<Arc<Recorded>, EngineError> {
        let since = self.head();
        let (id, mut asked, mut unknown) = (fact.id, false, false);
        let asking = async {
            let mut roles = self.role.subscribe();
            loop {
                let role = roles.borrow_and_update().clone();
                let noted = match role {
                    Role::Writer(term, engine) => {
                        let again = unknown;
                        asked = true;
                        self.note_here(&engine, &term, fact.clone(), again.then_some(since)).await
                    }
                    Role::Standby(Some(writer)) => {
                        asked = true;
                        let posted = PostedFact { fact: fact.clone(), since };
                        tokio::select! {
                            biased;
                            sent = self.forwarder.fact(&writer, &posted) => match sent {
                                Sent::Answers(noted) => noted.map(|stored| stored.0),
                                Sent::NotTaken(_) => Err(EngineError::Stopping),
                                Sent::Refused(reason) => {
                                    self.obstacles.refused(&writer, &reason);
                                    Err(EngineError::Unavailable(reason))
                                }
                                Sent::Lost(_) => Err(EngineError::OutcomeUnknown(id)),
                            },
                            () = another(&mut roles, &writer) => Err(EngineError::OutcomeUnknown(id)),
                        }
                    }
                    Role::Standby(None) | Role::Starting(_) => Err(EngineError::Stopping),
                };
                asked = false;
                match noted {
                    Err(EngineError::Stopping) => {}
                    Err(EngineError::OutcomeUnknown(_)) => unknown = true,
                    Err(EngineError::Unavailable(_) | EngineError::Overloaded) if unknown => {}
                    noted => return noted,
                }
                let _ = timeout(AGAIN, roles.changed()).await;
            }
        };
        match timeout(self.options.deadline, asking).await {
            Ok(noted) => noted.inspect(|recorded| self.reached(recorded.envelope.position.next())),
            Err(_) if asked || unknown => Err(EngineError::OutcomeUnknown(id)),
            Err(_) => Err(EngineError::Unavailable(self.obstacles.at_deadline(&self.role.borrow()))),
        }
    }

    async fn note_here(
        &self,
        engine: &Engine,
        term: &Term,
        fact: Fact,
        since: Option<Position>,
    ) -> Result<Arc<Recorded>, EngineError> {
        let id = fact.id;
        if let Some(since) = since
            && let Some(earlier) = self.recorded(id, since).await?
        {
            return Ok(earlier);
        }
        local::record(engine, term, fact).await.unwrap_or(Err(EngineError::OutcomeUnknown(id)))
    }
}

/// The engine of this process, in one term.
#[derive(Debug, Clone)]
pub struct Here {
    term: Arc<Term>,
    engine: Engine,
}

impl Here {
    /// Asks the engine for another process, in order.
    pub async fn ask(&self, asks: Vec<Ask>) -> Vec<Answered> {
        let ids: Vec<CommandId> = asks.iter().map(|ask| ask.id).collect();
        let answers = local::ask(&self.engine, &self.term, asks).await;
        answers.unwrap_or_else(|| ids.into_iter().map(|id| Err(EngineError::OutcomeUnknown(id))).collect())
    }

    /// Records a fact for another process.
    ///
    /// # Errors
    /// As [`EngineError`] says.
    pub async fn record(&self, fact: Fact) -> Result<Arc<Recorded>, EngineError> {
        let id = fact.id;
        let recorded = local::record(&self.engine, &self.term, fact).await;
        recorded.unwrap_or(Err(EngineError::OutcomeUnknown(id)))
    }
}

impl Commands for Router {
    fn submit(&self, ask: Ask) -> BoxFuture<'_, Result<Receipt, EngineError>> {
        let id = ask.id;
        async move { self.settle(vec![ask]).await.pop().unwrap_or(Err(EngineError::OutcomeUnknown(id))) }
            .boxed()
    }

    fn submit_all(&self, asks: Vec<Ask>) -> BoxFuture<'_, Vec<Result<Receipt, EngineError>>> {
        self.settle(asks).boxed()
    }

    fn record(&self, fact: Fact) -> BoxFuture<'_, Result<Arc<Recorded>, EngineError>> {
        self.note(fact).boxed()
    }

    fn head(&self) -> Position {
        let seen = *self.head.borrow();
        match &*self.role.borrow() {
            Role::Writer(_, engine) => engine.head().max(seen),
            Role::Starting(_) | Role::Standby(_) => seen,
        }
    }

    fn head_beyond(&self, position: Position) -> BoxFuture<'_, Position> {
        async move {
            if self.head() <= position {
                self.look_at_head().await;
            }
            self.head()
        }
        .boxed()
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("role", &*self.role.borrow()).finish_non_exhaustive()
    }
}

/// Resolves when this process no longer takes `writer` for the one that writes.
async fn another(roles: &mut watch::Receiver<Role>, writer: &Peer) {
    // The sender lives in the router that waits.
    let _ = roles.wait_for(|role| !matches!(role, Role::Standby(Some(now)) if now == writer)).await;
}

/// The position after an answer's last event.
fn end(receipt: &Receipt) -> Position {
    if receipt.dry_run {
        return Position(0);
    }
    let last = receipt.others.last().map(|other| other.envelope.position);
    last.unwrap_or_default().max(receipt.recorded.envelope.position).next()
}

fn unreadable(error: ReadError) -> EngineError {
    EngineError::Unavailable(error.to_string())
}
