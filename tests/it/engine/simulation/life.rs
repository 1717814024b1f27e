//! The lives of engines on one log: start, load, faults, and a crash or an orderly end.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use credit_ledger::{
    clock::{Clock, ManualClock},
    engine::{Ask, Engine, Fact},
    log::faulty::{Fault, FaultyLog},
};
use events::{Position, Time};
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
    task::{LocalSet, spawn_local},
};

use super::{
    clients,
    history::{History, Ruled},
};
use crate::support::{
    cold::FoldedLog,
    dice::Dice,
    ground::{Ground, Ledger, START_MICROS, idle},
};

/// How long an engine that nothing hinders may take to answer; only ever waited for when it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// What outlives engines.
pub(super) struct World {
    ground: Ground,
    history: Rc<RefCell<History>>,
    suspicious: bool,
}

/// When the faults were over and time had passed: how many events there were, and the time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quiet {
    pub(super) head: u64,
    pub(super) now: i64,
}

/// A process: when it is dropped, whatever ran in it ends at once, as by `kill -9`.
fn process() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

impl World {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let mut ground = Ground::memory();
        ground.options.mailbox = dice.one_of(&[2, 8, 1_000]);
        ground.options.group_max = dice.one_of(&[1, 2, 5, 1_000]);
        ground.options.wallet_cache = dice.one_of(&[0, 2, 1_000]);
        ground.options.timer_cache = dice.one_of(&[2, 3, 1_000]);
        // The year ends in the midst of half of the worlds, and with it every period of a cap.
        let before = dice.one_of(&[0, 60_000_000]);
        ground.clock = Arc::new(ManualClock::at(Time::from_micros(START_MICROS - before)));
        ground.seed = dice.below(u64::MAX);
        Self { ground, history: Rc::default(), suspicious: dice.percent(30) }
    }

    /// One engine from its start to its end, with everything that may go wrong.
    pub(super) fn live(&mut self, dice: &mut Dice) {
        let process = process();
        LocalSet::new().block_on(&process, async {
            let Some(ledger) = self.start(dice).await else { return };
            let rounds = 1 + dice.below(10);
            for _ in 0..rounds {
                self.round(&ledger, dice).await;
            }
            if dice.percent(15) {
                self.fail_over(&ledger, dice).await;
            }
            if dice.percent(30) {
                ledger.stop.cancel();
                self.clients(&ledger.engine, dice, 3);
                idle().await;
            }
        });
    }

    /// Lets time pass and asks everything once more, on a log that no longer fails; whatever is due
    /// runs out, and each question gets an answer.
    pub(super) fn settle(&mut self, dice: &mut Dice) -> Quiet {
        let process = process();
        LocalSet::new().block_on(&process, async {
            self.next_process(Arc::new(FaultyLog::new(Arc::clone(&self.ground.store))));
            self.ground.options.mailbox = 1_000;
            self.ground.cold.advance(Position(dice.below(self.ground.head().await.get() + 1))).await;
            let (running, _stop) = self.ground.try_start().await.expect("a start without faults");
            self.ground.clock.advance(Duration::from_secs(30));
            idle().await;
            let quiet = Quiet { head: self.ground.head().await.get(), now: self.ground.clock.now().micros() };
            let mut asks: Vec<_> =
                self.history.borrow().attempts.iter().map(|attempt| attempt.ask.clone()).collect();
            asks.iter_mut().for_each(|ask| ask.dry_run = false);
            asks.sort_by_key(|ask| (ask.id.0, ask.asked.request.0));
            asks.dedup_by_key(|ask| (ask.id, ask.asked.request));
            for ask in asks {
                let attempt =
                    self.history.borrow_mut().sent(std::slice::from_ref(&ask), running.engine.head().get());
                let answer = tokio::time::timeout(PATIENCE, running.engine.submit(ask)).await;
                let answer = answer.expect("an answer from an engine without faults");
                let mut history = self.history.borrow_mut();
                history.answered(attempt, running.engine.head().get(), answer);
                let last = history.attempts[attempt].outcome_name();
                assert!(["stored", "replayed", "rejected", "key-reused"].contains(&last), "{last}");
            }
            quiet
        })
    }

    pub(super) fn bytes(&self) -> Vec<Vec<u8>> {
        process().block_on(self.ground.bytes())
    }

    pub(super) fn into_history(self) -> History {
        self.history.take()
    }

    /// A new process finds the log, and projections that are somewhere.
    fn next_process(&mut self, log: Arc<FaultyLog>) {
        self.ground.gate = Arc::new(FaultyLog::new(Arc::clone(&log) as _));
        self.ground.log = log;
        self.ground.cold = Arc::new(FoldedLog::new(Arc::clone(&self.ground.store)));
        self.ground.seed = self.ground.seed.wrapping_add(1);
    }

    async fn start(&mut self, dice: &mut Dice) -> Option<Ledger> {
        self.next_process(Arc::clone(&self.ground.log));
        let head = self.ground.head().await.get();
        self.ground.cold.advance(Position(dice.below(head + 1))).await;
        if self.suspicious {
            self.ground.cold.suspect_everything();
        }
        // A start may meet faults too, or a late append of the life before; then it is tried again.
        for _ in 0..20 {
            if let Ok((running, stop)) = self.ground.try_start().await {
                let ground = self.sibling();
                return Some(Ledger { ground, engine: running.engine, writer: running.writer, stop });
            }
        }
        None
    }

    /// The same store, projections and time, for another engine.
    fn sibling(&self) -> Ground {
        let Ground { store, cold, clock, options, seed, .. } = &self.ground;
        let sibling = Ground::on(Arc::clone(store));
        Ground {
            cold: Arc::clone(cold),
            clock: Arc::clone(clock),
            options: *options,
            seed: seed ^ 1,
            ..sibling
        }
    }

    /// Some clients send, some appends fail, some time passes, the projections may move.
    async fn round(&self, ledger: &Ledger, dice: &mut Dice) {
        let faults: Vec<Fault> = (0..dice.below(3)).map(|_| fault(dice)).collect();
        self.ground.log.script(faults);
        let (release, held) = oneshot::channel();
        self.ground.gate.script(dice.percent(40).then_some(Fault::Held(held)));
        let count = 1 + dice.below(8);
        self.clients(&ledger.engine, dice, count);
        for _ in 0..dice.below(20) {
            tokio::task::yield_now().await;
        }
        if dice.percent(50) {
            let head = self.ground.head().await.get();
            self.ground.cold.fold(Position(dice.below(head + 1))).await;
        }
        if dice.percent(70) {
            self.ground.cold.publish();
        }
        drop(release);
        if dice.percent(60) {
            idle().await;
        }
        self.ground.clock.advance(Duration::from_millis(dice.below(8_000)));
    }

    /// A second engine takes the log while the first still runs; both get requests.
    async fn fail_over(&self, first: &Ledger, dice: &mut Dice) {
        let mut rival = self.sibling();
        rival.cold = Arc::new(FoldedLog::new(Arc::clone(&rival.store)));
        rival.cold.advance(Position(dice.below(rival.head().await.get() + 1))).await;
        let Ok((second, _stop)) = rival.try_start().await else { return };
        for _ in 0..4 {
            self.clients(&first.engine, dice, 2);
            self.clients(&second.engine, dice, 3);
            idle().await;
        }
    }

    fn clients(&self, engine: &Engine, dice: &mut Dice, count: u64) {
        for _ in 0..count {
            let asks = clients::next_together(dice, &self.history.borrow());
            send(engine, Rc::clone(&self.history), asks);
        }
        if dice.percent(20) {
            let number = self.history.borrow().rules.len() as u64;
            let fact = clients::rule(dice, self.ground.clock.now(), number);
            rule(engine, Rc::clone(&self.history), fact);
        }
    }
}

/// Sends at once and notes the answers when they come.
fn send(engine: &Engine, history: Rc<RefCell<History>>, mut asks: Vec<Ask>) {
    let first = history.borrow_mut().sent(&asks, engine.head().get());
    let engine = engine.clone();
    spawn_local(async move {
        let answers = match (asks.len(), asks.pop()) {
            (1, Some(ask)) => vec![engine.submit(ask).await],
            (_, last) => engine.submit_all(asks.into_iter().chain(last).collect()).await,
        };
        for (place, answer) in answers.into_iter().enumerate() {
            history.borrow_mut().answered(first + place, engine.head().get(), answer);
        }
    });
}

fn rule(engine: &Engine, history: Rc<RefCell<History>>, fact: Fact) {
    let number = history.borrow().rules.len();
    history.borrow_mut().rules.push(Ruled { fact: fact.clone(), answer: None });
    let engine = engine.clone();
    spawn_local(async move {
        let answer = engine.record(fact).await;
        history.borrow_mut().rules[number].answer = Some(answer);
    });
}

fn fault(dice: &mut Dice) -> Fault {
    match dice.below(10) {
        0..=2 => Fault::Unavailable,
        3..=4 => Fault::LostAnswer,
        5..=6 => Fault::LostRequest,
        7..=8 => Fault::LateTwin,
        _ => Fault::None,
    }
}
