//! Engine state folded from the log in memory, up to a checkpoint that the test chooses.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use credit_ledger::{
    engine::{ColdError, ColdState, Loaded, Wanted},
    log::Log,
};
use events::{CommandId, Credits, Event, Position, Recorded, WalletId};
use futures::{FutureExt, future::BoxFuture};
use ledger::Wallet;
use tokio::sync::watch;

#[derive(Debug, Default)]
struct Folded {
    checkpoint: Position,
    wallets: HashMap<WalletId, Wallet>,
    commands: HashMap<CommandId, Position>,
    returned: HashMap<Position, Credits>,
    /// Answers of any command, as an index with short fingerprints would offer for another one.
    decoys: Option<Vec<Position>>,
    failing_loads: usize,
    wallets_loaded: usize,
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
        if let Event::DeductionRolledBack(e) = &recorded.event {
            self.returned.insert(e.deduction, e.returned);
        }
        self.checkpoint = position.next();
    }

    fn load(&mut self, wanted: &Wanted) -> Result<Loaded, ColdError> {
        if let Some(left) = self.failing_loads.checked_sub(1) {
            self.failing_loads = left;
            return Err(ColdError("scripted fault".to_owned()));
        }
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

    fn checkpoint(&self) -> watch::Receiver<Position> {
        self.published.subscribe()
    }
}
