//! Engine state folded from the log in memory, up to a checkpoint that the test chooses.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use credit_ledger::{
    engine::{ColdError, ColdState, Loaded, LoadedRules, LoadedTimers, Timer, Wanted},
    log::Log,
};
use events::{CommandId, Credits, Event, OrgId, Position, Recorded, WalletId};
use futures::{FutureExt, future::BoxFuture};
use ledger::{Rules, Wallet};
use tokio::sync::watch;

#[derive(Debug, Default)]
struct Folded {
    checkpoint: Position,
    wallets: HashMap<WalletId, Wallet>,
    commands: HashMap<CommandId, Position>,
    returned: HashMap<Position, Credits>,
    rules: HashMap<OrgId, Rules>,
    /// Answers of any command, as an index with short fingerprints would offer for another one.
    decoys: Option<Vec<Position>>,
    failing_loads: usize,
    wallets_loaded: usize,
    timer_pages: usize,
}

/// The engine-state projection of a log. It stays where it is until the test moves it.
pub(crate) struct FoldedLog {
    log: Arc<dyn Log>,
    folded: Mutex<Folded>,
    published: watch::Sender<Position>,
}

impl FoldedLog {
    /// Nothing folded yet.
    pub(crate) fn new(log: Arc<dyn Log>) -> Self {
        Self { log, folded: Mutex::default(), published: watch::Sender::new(Position(0)) }
    }

    /// Folds the events below `checkpoint` and tells the engine.
    pub(crate) async fn advance(&self, checkpoint: Position) {
        self.fold(checkpoint).await;
        self.publish();
    }

    /// Folds every event and tells the engine.
    pub(crate) async fn catch_up(&self) {
        self.advance(self.log.head().await.expect("a head")).await;
    }

    /// Folds the events below `checkpoint`. Loads have them from now on, but the engine is not told
    /// before [`Self::publish`].
    pub(crate) async fn fold(&self, checkpoint: Position) {
        loop {
            let from = self.checkpoint_folded();
            let left = checkpoint.get().saturating_sub(from.get());
            let page = self.log.read(from, left as usize).await.expect("a page");
            if page.is_empty() {
                return;
            }
            let mut folded = self.lock();
            for (position, body) in page.iter() {
                folded
                    .apply(&events::decode(body).unwrap_or_else(|error| panic!("event {position}: {error}")));
            }
        }
    }

    /// Tells the engine how far it is.
    pub(crate) fn publish(&self) {
        self.published.send_replace(self.checkpoint_folded());
    }

    /// From now on no command can be ruled out, and every candidate is accompanied by wrong ones.
    pub(crate) fn suspect_everything(&self) {
        let mut folded = self.lock();
        folded.decoys = Some(folded.commands.values().copied().take(3).collect());
    }

    /// Lets the next `count` loads fail.
    pub(crate) fn fail_loads(&self, count: usize) {
        self.lock().failing_loads = count;
    }

    /// How many wallets have been loaded.
    pub(crate) fn wallets_loaded(&self) -> usize {
        self.lock().wallets_loaded
    }

    /// How many pages of timers have been loaded.
    pub(crate) fn timer_pages(&self) -> usize {
        self.lock().timer_pages
    }

    fn checkpoint_folded(&self) -> Position {
        self.lock().checkpoint
    }

    fn lock(&self) -> MutexGuard<'_, Folded> {
        self.folded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Folded {
    fn apply(&mut self, recorded: &Recorded) {
        let position = recorded.envelope.position;
        assert_eq!(position, self.checkpoint, "the log is read in order");
        if let Some(id) = recorded.wallet() {
            let before = self.wallets.remove(&id);
            let after =
                ledger::evolve(before, recorded).unwrap_or_else(|error| panic!("event {position}: {error}"));
            self.wallets.insert(id, after);
        }
        if recorded.event.asked().is_some() {
            let twice = self.commands.insert(recorded.envelope.causation, position);
            assert_eq!(twice, None, "command {} has two answers", recorded.envelope.causation);
        }
        self.returned.extend(undone(&recorded.event));
        if let Some(org) = recorded.envelope.org {
            self.rules.entry(org).or_default().apply(&recorded.event, position);
        }
        self.checkpoint = position.next();
    }

    fn may_load(&mut self) -> Result<(), ColdError> {
        let Some(left) = self.failing_loads.checked_sub(1) else { return Ok(()) };
        self.failing_loads = left;
        Err(ColdError("scripted fault".to_owned()))
    }

    fn timers(&mut self, from: Timer, limit: usize) -> Result<LoadedTimers, ColdError> {
        self.may_load()?;
        self.timer_pages += 1;
        let due = self.wallets.iter().filter_map(|(id, wallet)| Some((wallet.due()?, *id)));
        let mut timers: Vec<Timer> = due.filter(|timer| *timer >= from).collect();
        timers.sort_unstable();
        timers.truncate(limit);
        Ok(LoadedTimers { checkpoint: self.checkpoint, timers })
    }

    fn load(&mut self, wanted: &Wanted) -> Result<Loaded, ColdError> {
        self.may_load()?;
        let mut commands = Vec::new();
        for id in &wanted.commands {
            commands.extend(self.decoys.iter().flatten().map(|decoy| (*id, *decoy)));
            commands.extend(self.commands.get(id).map(|position| (*id, *position)));
        }
        let found = wanted.wallets.iter().filter_map(|id| Some((*id, self.wallets.get(id)?.clone())));
        let wallets: Vec<_> = found.collect();
        self.wallets_loaded += wallets.len();
        Ok(Loaded {
            checkpoint: self.checkpoint,
            wallets,
            commands,
            returned: wanted.returned.iter().filter_map(|id| Some((*id, *self.returned.get(id)?))).collect(),
        })
    }
}

impl ColdState for FoldedLog {
    fn may_know(&self, command: CommandId) -> bool {
        let folded = self.lock();
        folded.decoys.is_some() || folded.commands.contains_key(&command)
    }

    fn load(&self, wanted: Wanted) -> BoxFuture<'_, Result<Loaded, ColdError>> {
        async move { self.lock().load(&wanted) }.boxed()
    }

    fn rules(&self) -> BoxFuture<'_, Result<LoadedRules, ColdError>> {
        let folded = self.lock();
        let rules = folded.rules.iter().map(|(org, rules)| (*org, rules.clone())).collect();
        let loaded = LoadedRules { checkpoint: folded.checkpoint, rules };
        async move { Ok(loaded) }.boxed()
    }

    fn timers(&self, from: Timer, limit: usize) -> BoxFuture<'_, Result<LoadedTimers, ColdError>> {
        async move { self.lock().timers(from, limit) }.boxed()
    }

    fn checkpoint(&self) -> watch::Receiver<Position> {
        self.published.subscribe()
    }
}

/// What the event undoes of an earlier one, in all.
fn undone(event: &Event) -> Option<(Position, Credits)> {
    if let Event::DeductionRolledBack(e) = event {
        return Some((e.deduction, e.returned));
    }
    if let Event::PurchaseRefunded(e) = event {
        return Some((e.purchase, e.refunded));
    }
    let Event::CreditsAdjusted(e) = event else { return None };
    Some((e.proposal?, Credits::from_micros(e.amount.micros().abs())))
}
