//! The engine's synchronous heart: it decides commands against the wallets in memory, seeing what
//! it decided just before, and drops all of a group again when the log did not take it.

mod deciding;
mod replay;
mod writing;

use std::{mem, sync::Arc};

use events::{CommandId, Credits, IdMap, LedgerId, OrgId, Position, Recorded, Time, WalletId};
use hashbrown::HashMap;
use ledger::{
    Command, Facts, Rules, Wallet,
    planted::{self, Bug},
};

pub(super) use deciding::Rang;
pub use replay::Inconsistent;

use super::{
    Ask, ColdState, Loaded, LoadedTimers, Options, Wanted,
    cold::Timer,
    draft::Draft,
    memory::{Answers, Returned, RulesByOrg, Wallets},
    timers::Timers,
};
use crate::log::Bodies;

/// What was read for one group from the log.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The earlier answers to commands of this group.
    pub(super) answers: IdMap<CommandId, Earlier>,
    /// The events that commands of this group refer to; what was undone of them is not in yet.
    pub(super) facts: HashMap<Position, Facts>,
}

/// An earlier answer, and the events that make it whole.
#[derive(Debug, Clone)]
pub(super) struct Earlier {
    pub(super) answer: Arc<Recorded>,
    pub(super) others: Vec<Arc<Recorded>>,
}

/// State of the ledger at its head, as far as it is in memory; above it the group that is being
/// stored, and above that the group that is being decided.
#[derive(Debug)]
pub(super) struct Core {
    ledger: LedgerId,
    /// The most bytes that one group may have.
    bytes_max: usize,
    head: Position,
    last_time: Time,
    wallets: Wallets,
    answers: Answers,
    returned: Returned,
    rules: RulesByOrg,
    /// The rules of whoever has ruled nothing.
    no_rules: Rules,
    /// The facts of a command that refers to nothing.
    no_facts: Facts,
    timers: Timers,
    pending: Draft,
    pending_bodies: Arc<Bodies>,
    draft: Draft,
    bodies: Bodies,
    /// What a stored group has left, for the one after next: its room is used again.
    spare: Draft,
}

impl Core {
    pub(super) fn new(
        ledger: LedgerId,
        checkpoint: Position,
        last_time: Time,
        options: &Options,
        bytes_max: usize,
    ) -> Self {
        Self {
            ledger,
            bytes_max,
            head: checkpoint,
            last_time,
            wallets: Wallets::new(options.wallet_cache),
            answers: Answers::default(),
            returned: Returned::default(),
            rules: RulesByOrg::default(),
            no_rules: Rules::default(),
            no_facts: Facts::default(),
            timers: Timers::new(options.timer_cache),
            pending: Draft::new(last_time),
            pending_bodies: Arc::default(),
            draft: Draft::new(last_time),
            bodies: Bodies::default(),
            spare: Draft::default(),
        }
    }

    pub(super) const fn head(&self) -> Position {
        self.head
    }

    /// The stamp of the last event, decided ones included.
    pub(super) const fn last_stamp(&self) -> Time {
        self.draft.time
    }

    pub(super) fn cached_wallets(&self) -> usize {
        self.wallets.len()
    }

    /// Whether the group that is being decided has events.
    pub(super) fn has_events(&self) -> bool {
        !self.bodies.is_empty()
    }

    /// Whether the group that is being decided is small enough to go on with.
    pub(super) fn has_room(&self) -> bool {
        self.bodies.byte_len() <= self.bytes_max / 2
    }

    /// The position of an answer above the checkpoint.
    pub(super) fn answer(&self, command: CommandId) -> Option<Position> {
        self.answers.get(command)
    }

    pub(super) fn has_wallet(&self, wallet: WalletId) -> bool {
        self.wallets.contains(wallet)
    }

    /// What deciding these commands, and looking at these timers, needs from the projections.
    pub(super) fn wanted<'a>(
        &self,
        asks: impl Iterator<Item = &'a Ask>,
        timers: &[Timer],
        cold: &dyn ColdState,
    ) -> Wanted {
        let mut wanted = Wanted::default();
        for ask in asks {
            if self.wallet(ask.wallet).is_none() {
                wanted.wallets.push(ask.wallet);
            }
            if self.answers.get(ask.id).is_none() && cold.may_know(ask.id) {
                wanted.commands.push(ask.id);
            }
            if let Some(of) = undoes(&ask.command)
                && self.returned(of).is_none()
            {
                wanted.returned.push(of);
            }
        }
        let idle = timers.iter().map(|(_, wallet)| *wallet).filter(|wallet| self.wallet(*wallet).is_none());
        wanted.wallets.extend(idle);
        wanted
    }

    /// Takes in what the projections had.
    pub(super) fn adopt(&mut self, loaded: Loaded) {
        for (id, wallet) in loaded.wallets {
            self.wallets.put(id, wallet);
        }
        for (of, total) in loaded.returned {
            self.returned.put(of, total, Position(0));
        }
    }

    /// Closes the group that is being decided: it is to be appended at the returned position.
    /// Only when the group before it is settled.
    pub(super) fn launch(&mut self) -> (Position, Arc<Bodies>) {
        let likely = Vec::with_capacity(self.draft.events.len());
        let next = Draft { events: likely, time: self.draft.time, ..mem::take(&mut self.spare) };
        self.pending = mem::replace(&mut self.draft, next);
        let recycled = Arc::try_unwrap(mem::take(&mut self.pending_bodies)).unwrap_or_default();
        self.pending_bodies = Arc::new(mem::replace(&mut self.bodies, recycled));
        self.bodies.clear();
        (self.head, Arc::clone(&self.pending_bodies))
    }

    /// The launched group is durable: what it decided is now the state. Returns its events, and where
    /// they begin.
    pub(super) fn commit(&mut self) -> (Position, Vec<Arc<Recorded>>) {
        let first = self.head;
        self.head = self.head.plus(self.pending_bodies.len() as u64);
        let mut stored = mem::take(&mut self.pending);
        self.last_time = stored.time;
        for (id, wallet) in stored.wallets.drain() {
            self.wallets.put(id, wallet);
        }
        for (command, position) in stored.order.drain(..) {
            self.answers.put(command, position);
        }
        for (of, total, last) in stored.returned.drain() {
            self.returned.put(of, total, last);
        }
        self.rules.extend(stored.rules.drain());
        stored.moved.drain(..).for_each(|moved| self.timers.follow(moved));
        // The bytes are only cleared, so that the group after next can use their room.
        if let Some(bodies) = Arc::get_mut(&mut self.pending_bodies) {
            bodies.clear();
        } else {
            self.pending_bodies = Arc::default();
        }
        let events = mem::take(&mut stored.events);
        stored.answers.clear();
        stored.fired.clear();
        self.spare = stored;
        (first, events)
    }

    /// The launched group was not stored: nothing of it has happened, nor of what was decided
    /// upon it.
    pub(super) fn abort(&mut self) {
        let pending = mem::replace(&mut self.pending, Draft::new(self.last_time));
        let draft = mem::replace(&mut self.draft, Draft::new(self.last_time));
        if planted::is(Bug::FailedGroupKept) {
            pending.wallets.iter().for_each(|(id, wallet)| self.wallets.put(*id, wallet.clone()));
        }
        self.timers.restore(pending.fired.into_iter().chain(draft.fired));
        self.pending_bodies = Arc::default();
        self.bodies.clear();
    }

    /// Forgets what the projections have at `checkpoint`.
    pub(super) fn trim(&mut self, checkpoint: Position) {
        self.wallets.trim(checkpoint);
        self.answers.trim(checkpoint);
        self.returned.trim(checkpoint);
    }

    /// The committed wallets' timers.
    pub(super) const fn timers(&self) -> &Timers {
        &self.timers
    }

    /// Takes in a page of timers.
    pub(super) fn adopt_timers(&mut self, loaded: LoadedTimers) {
        self.timers.adopt(loaded, self.wallets.iter());
    }

    /// Where the group that is being decided begins.
    fn draft_start(&self) -> Position {
        self.head.plus(self.pending_bodies.len() as u64)
    }

    fn next(&self) -> Position {
        self.draft_start().plus(self.bodies.len() as u64)
    }

    /// The wallet as the latest decision left it.
    pub(super) fn wallet(&self, id: WalletId) -> Option<&Wallet> {
        let undecided = self.draft.wallets.get(&id).or_else(|| self.pending.wallets.get(&id));
        undecided.or_else(|| self.wallets.get(id))
    }

    /// Whether a decision about the wallet is not stored yet.
    fn is_undecided(&self, id: WalletId) -> bool {
        self.draft.wallets.contains_key(&id) || self.pending.wallets.contains_key(&id)
    }

    /// What was undone of an earlier event, as far as memory knows.
    fn returned(&self, of: Position) -> Option<Credits> {
        let undecided = self.draft.returned.get(of).or_else(|| self.pending.returned.get(of));
        undecided.or_else(|| self.returned.get(of))
    }

    /// The organization's rules as the latest fact left them.
    fn rules(&self, org: OrgId) -> Option<&Arc<Rules>> {
        let undecided = self.draft.rules.get(&org).or_else(|| self.pending.rules.get(&org));
        undecided.or_else(|| self.rules.get(&org))
    }
}

/// The earlier event that a command undoes, if it is one that does.
const fn undoes(command: &Command) -> Option<Position> {
    match command {
        Command::RollBack(_) | Command::Refund(_) | Command::Approve(_) => command.refers_to(),
        Command::OpenWallet
        | Command::Purchase(_)
        | Command::Grant(_)
        | Command::Check(_)
        | Command::Deduct(_)
        | Command::DeductBatch(_)
        | Command::Hold(_)
        | Command::Capture(_)
        | Command::Extend(_)
        | Command::Release(_)
        | Command::Adjust(_)
        | Command::Freeze(_)
        | Command::Unfreeze(_)
        | Command::SetLimit(_)
        | Command::SetCap(_)
        | Command::SetThreshold(_) => None,
    }
}
