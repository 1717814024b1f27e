//! Starting the engine: the last checkpoint, then the tail, then the first append.

use std::{collections::HashSet, sync::Arc};

use events::{
    CommandId, Event, LedgerId, Position, Recorded, Subject, Time, WalletId, WriterChanged, decode,
};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    ColdState, Engine, Fact, Halt, Options, Wanted,
    alarm::Alarm,
    core::Core,
    earlier::read_one,
    gauges::Gauges,
    mailbox::{Mail, Packet, mailbox},
    writer::Writer,
};
use crate::{
    clock::{Clock, Entropy, sixteen},
    log::{Log, Recent},
};

/// Events read at once while the tail is replayed.
const PAGE: usize = 4_000;

/// What an engine needs.
pub struct Parts {
    /// The ledger's log.
    pub log: Arc<dyn Log>,
    /// Where committed events are handed to the projections.
    pub recent: Arc<Recent>,
    /// The projections' engine state.
    pub cold: Arc<dyn ColdState>,
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// Randomness for salts and ids.
    pub entropy: Box<dyn Entropy>,
    /// Sizes.
    pub options: Options,
}

/// A started engine and its writer task.
pub struct Running {
    /// The handle.
    pub engine: Engine,
    /// Ends after a stop, or with the reason why the writer halted.
    pub writer: JoinHandle<Result<(), Halt>>,
}

/// The id of the ledger in `log`, or `None` when the log is empty.
///
/// # Errors
/// When the first event cannot be read.
pub async fn ledger_id(log: &dyn Log) -> Result<Option<LedgerId>, Halt> {
    let first = read_one(log, Position(0)).await.map_err(Halt::Start)?;
    Ok(first.map(|recorded| recorded.envelope.ledger))
}

/// Starts the engine for `ledger`: replays the tail above the projections' checkpoint (telling
/// `observe` of each event) and announces the new writer in the log.
///
/// # Errors
/// When the log or the projections cannot be read, or do not agree.
pub async fn start(
    ledger: LedgerId,
    parts: Parts,
    stop: CancellationToken,
    mut observe: impl FnMut(&Recorded) + Send,
) -> Result<Running, Halt> {
    let Parts { log, recent, cold, clock, mut entropy, options } = parts;
    let core = replay_tail(ledger, &*log, &*cold, &options, &mut observe).await?;
    let (mailbox, received) = mailbox(options.mailbox);
    let (head, head_seen) = watch::channel(core.head());
    let announcement = announcement(ledger, options.epoch, core.head(), &mut *entropy);
    let (answer, announced) = oneshot::channel();
    let engine = Engine { mailbox, head: head_seen };
    // The mailbox is new and has room.
    let _ = engine.mailbox.send(Packet::One(Mail::Fact(Box::new(announcement), answer)));
    let writer = Writer {
        core,
        log,
        recent,
        cold,
        clock,
        entropy,
        mailbox: received,
        head,
        options,
        gauges: Gauges::register(options.label),
        alarm: Alarm::default(),
        full: false,
    };
    let writer = tokio::spawn(writer.run(stop));
    match announced.await {
        Ok(Ok(_)) => Ok(Running { engine, writer }),
        Ok(Err(error)) => Err(Halt::Start(error.to_string())),
        Err(_) => Err(writer.await.map_or_else(
            |e| Halt::Start(e.to_string()),
            |ended| ended.err().unwrap_or_else(|| Halt::Start("the writer stopped at once".into())),
        )),
    }
}

/// The first event of a new writer. Without a lease, its epoch is above every earlier one because heads
/// only grow.
fn announcement(ledger: LedgerId, epoch: Option<u64>, head: Position, entropy: &mut dyn Entropy) -> Fact {
    let id = CommandId(uuid::Builder::from_random_bytes(sixteen(entropy)).into_uuid());
    let event = Event::WriterChanged(WriterChanged { epoch: epoch.unwrap_or(head.get() + 1) });
    Fact { id, subject: Subject::Ledger(ledger), org: None, app: None, actor: None, event }
}

async fn replay_tail(
    ledger: LedgerId,
    log: &dyn Log,
    cold: &dyn ColdState,
    options: &Options,
    observe: &mut (dyn FnMut(&Recorded) + Send),
) -> Result<Core, Halt> {
    let checkpoint = *cold.checkpoint().borrow();
    let head = log.head().await.map_err(|error| Halt::Start(error.to_string()))?;
    if checkpoint > head {
        return Err(Halt::Start(format!(
            "the projections are at {checkpoint}, ahead of the log at {head}: the log lost events or is another one"
        )));
    }
    let before = checkpoint.get().checked_sub(1).map(Position);
    let last = match before {
        Some(position) => read_one(log, position).await.map_err(Halt::Start)?,
        None => None,
    };
    let last_time = last.map_or(Time::from_micros(0), |recorded| recorded.envelope.time);
    let mut core = Core::new(ledger, checkpoint, last_time, options, log.capabilities().max_append_bytes);
    let rules = cold.rules().await.map_err(|error| Halt::Start(error.to_string()))?;
    let rules_from = rules.checkpoint;
    core.adopt_rules(rules);
    while core.head() < head {
        let page = log.read(core.head(), PAGE).await.map_err(|error| Halt::Start(error.to_string()))?;
        let mut events = Vec::with_capacity(page.bodies.len());
        for (position, body) in page.iter() {
            let recorded = decode(body).map_err(|error| Halt::Start(format!("event {position}: {error}")))?;
            if recorded.envelope.position != position || recorded.envelope.ledger != ledger {
                return Err(Halt::Start(format!("the event stored at {position} is another one's")));
            }
            events.push(recorded);
        }
        adopt_wallets(&mut core, &events, cold).await?;
        for recorded in &events {
            core.replay(recorded, rules_from).map_err(|error| Halt::Start(error.to_string()))?;
            observe(recorded);
        }
    }
    Ok(core)
}

/// Loads the rows of the wallets that these events are the first of in memory.
async fn adopt_wallets(core: &mut Core, events: &[Recorded], cold: &dyn ColdState) -> Result<(), Halt> {
    let wallets: HashSet<WalletId> =
        events.iter().filter_map(Recorded::wallet).filter(|wallet| !core.has_wallet(*wallet)).collect();
    if wallets.is_empty() {
        return Ok(());
    }
    let wanted = Wanted { wallets: wallets.into_iter().collect(), ..Wanted::default() };
    let loaded = cold.load(wanted).await.map_err(|error| Halt::Start(error.to_string()))?;
    core.adopt(loaded);
    Ok(())
}
