//! An engine on a log and a folded projection, and what of it survives a crash.

use std::{sync::Arc, time::Duration};

use credit_ledger::{
    clock::{Generator, ManualClock},
    engine::{Ask, Engine, EngineError, Halt, Options, Parts, Receipt, Running, start},
    log::{Log, Recent, faulty::FaultyLog, memory::MemoryLog},
};
use events::{LedgerId, Position, Recorded, Time};
use tokio::task::{JoinHandle, yield_now};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::cold::FoldedLog;

pub(crate) const LEDGER: LedgerId = LedgerId(Uuid::from_u128(0x1ed9e7 << 96));

/// 2026-01-01T00:00:00Z, when every test begins.
pub(crate) const START_MICROS: i64 = 1_767_225_600_000_000;

/// What outlives an engine: the log, the projection beside it, and time.
pub(crate) struct Ground {
    /// The log itself, which never fails.
    pub(crate) store: Arc<dyn Log>,
    /// The same log, which fails on demand.
    pub(crate) log: Arc<FaultyLog>,
    /// The same once more, as the engine sees it: what is held here may fail once it is released.
    pub(crate) gate: Arc<FaultyLog>,
    pub(crate) cold: Arc<FoldedLog>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) options: Options,
    /// Salts and ids are the same for the same seed.
    pub(crate) seed: u64,
}

impl Ground {
    /// A new ledger in memory.
    pub(crate) fn memory() -> Self {
        Self::on(Arc::new(MemoryLog::new()))
    }

    /// The ledger in this log.
    pub(crate) fn on(store: Arc<dyn Log>) -> Self {
        let log = Arc::new(FaultyLog::new(Arc::clone(&store)));
        Self {
            gate: Arc::new(FaultyLog::new(Arc::clone(&log) as _)),
            log,
            cold: Arc::new(FoldedLog::new(Arc::clone(&store))),
            clock: Arc::new(ManualClock::at(Time::from_micros(START_MICROS))),
            options: Options { mailbox: 2_000, ..Options::default() },
            seed: 0,
            store,
        }
    }

    /// A ledger in memory that holds the same events.
    pub(crate) async fn copy(&self) -> Self {
        let copy = Arc::new(MemoryLog::new());
        let all = self.store.read(Position(0), usize::MAX).await.expect("a page");
        copy.append(Position(0), &all.bodies).await.expect("a log in memory");
        Self { seed: self.seed, ..Self::on(copy) }
    }

    /// Starts an engine, which must succeed.
    pub(crate) async fn start(self) -> Ledger {
        match self.try_start().await {
            Ok((running, stop)) => {
                Ledger { ground: self, engine: running.engine, writer: running.writer, stop }
            }
            Err(halt) => panic!("{halt}"),
        }
    }

    pub(crate) async fn try_start(&self) -> Result<(Running, CancellationToken), Halt> {
        let parts = Parts {
            log: Arc::clone(&self.gate) as _,
            recent: Arc::new(Recent::new(0)),
            cold: Arc::clone(&self.cold) as _,
            clock: Arc::clone(&self.clock) as _,
            entropy: Box::new(Generator::from_seed(self.seed)),
            options: self.options,
        };
        let stop = CancellationToken::new();
        Ok((start(LEDGER, parts, stop.clone(), |_| {}).await?, stop))
    }

    pub(crate) async fn head(&self) -> Position {
        self.store.head().await.expect("a head")
    }

    /// All events as they are stored.
    pub(crate) async fn bytes(&self) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let page = self.store.read(Position(all.len() as u64), 1_000).await.expect("a page");
            if page.is_empty() {
                return all;
            }
            all.extend(page.bodies.iter().map(<[u8]>::to_vec));
        }
    }

    /// All events.
    pub(crate) async fn events(&self) -> Vec<Recorded> {
        self.bytes().await.iter().map(|body| events::decode(body).expect("an event")).collect()
    }
}

/// A running engine.
pub(crate) struct Ledger {
    pub(crate) ground: Ground,
    pub(crate) engine: Engine,
    pub(crate) writer: JoinHandle<Result<(), Halt>>,
    pub(crate) stop: CancellationToken,
}

impl Ledger {
    pub(crate) async fn submit(&self, ask: Ask) -> Result<Receipt, EngineError> {
        self.engine.submit(ask).await
    }

    /// Submits, and expects a new answer.
    #[track_caller]
    pub(crate) fn fresh(&self, ask: Ask) -> impl Future<Output = Recorded> {
        let (engine, key) = (self.engine.clone(), ask.asked.key.clone());
        async move {
            let receipt = engine.submit(ask).await.unwrap_or_else(|error| panic!("{key:?}: {error}"));
            assert!(!receipt.replayed, "{key:?} was answered before");
            Arc::unwrap_or_clone(receipt.recorded)
        }
    }

    /// Submits, and expects the earlier answer.
    pub(crate) async fn replayed(&self, ask: Ask) -> Recorded {
        let key = ask.asked.key.clone();
        let receipt = self.engine.submit(ask).await.unwrap_or_else(|error| panic!("{key:?}: {error}"));
        assert!(receipt.replayed, "{key:?} was not answered before");
        Arc::unwrap_or_clone(receipt.recorded)
    }

    /// Submits without waiting: hands over, lets the writer take it, and returns who waits.
    pub(crate) async fn posted(&self, ask: Ask) -> JoinHandle<Result<Receipt, EngineError>> {
        let engine = self.engine.clone();
        let waiting = tokio::spawn(async move { engine.submit(ask).await });
        idle().await;
        waiting
    }

    /// Stops and waits for the end.
    pub(crate) async fn end(self) -> Ground {
        self.stop.cancel();
        self.writer.await.expect("no panic").expect("an orderly end");
        // The next process draws other ids.
        Ground { seed: self.ground.seed + 1, ..self.ground }
    }

    /// The reason why the writer halted.
    pub(crate) async fn halted(self) -> (Halt, Ground) {
        (self.writer.await.expect("no panic").expect_err("a halt"), self.ground)
    }

    /// Ends the engine and starts another one on the same ground.
    pub(crate) async fn restart(self) -> Self {
        self.end().await.start().await
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.ground.clock.advance(time);
    }
}

/// Lets every other task of a single-threaded test go on until none has anything to do.
pub(crate) async fn idle() {
    for _ in 0..100 {
        yield_now().await;
    }
}
