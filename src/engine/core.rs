//! The engine's synchronous heart: it decides commands against the wallets in memory, seeing what
//! it decided just before, and drops all of a group again when the log did not take it.

use std::{mem, sync::Arc};

use events::{
    CommandId, Credits, Envelope, Event, LedgerId, Position, Recorded, Salt, Subject, Time, WalletId, decode,
    encode,
};
use hashbrown::HashMap;
use ledger::{Command, Deduction, EvolveError, Facts, Question, Wallet, evolve};

use super::{
    Ask, ColdState, EngineError, Fact, Loaded, Receipt, Wanted,
    draft::Draft,
    idmap::IdMap,
    memory::{Answers, Returned, Wallets},
};
use crate::{
    clock::{Entropy, sixteen},
    log::Bodies,
};

/// What was read for one group from the log.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The earlier answers to commands of this group.
    pub(super) answers: IdMap<CommandId, Recorded>,
    /// The deductions that rollbacks of this group name; the amounts returned are not in yet.
    pub(super) deductions: HashMap<Position, Deduction>,
}

/// A stored event does not follow from the state before it: nothing can be decided on such a log.
#[derive(Debug, thiserror::Error)]
#[error("the event at position {position} does not follow from the state before it: {error}")]
pub struct Inconsistent {
    /// The event.
    pub position: Position,
    /// What is wrong.
    pub error: EvolveError,
}

/// State of the ledger at its head, as far as it is in memory; above it the group that is being
/// stored, and above that the group that is being decided.
#[derive(Debug)]
pub(super) struct Core {
    ledger: LedgerId,
    head: Position,
    last_time: Time,
    wallets: Wallets,
    answers: Answers,
    returned: Returned,
    pending: Draft,
    pending_bodies: Arc<Bodies>,
    /// The events of `pending_bodies`, to be handed over.
    pending_events: Vec<Recorded>,
    draft: Draft,
    bodies: Bodies,
    events: Vec<Recorded>,
}

impl Core {
    pub(super) fn new(
        ledger: LedgerId,
        checkpoint: Position,
        last_time: Time,
        wallet_capacity: usize,
    ) -> Self {
        Self {
            ledger,
            head: checkpoint,
            last_time,
            wallets: Wallets::new(wallet_capacity),
            answers: Answers::default(),
            returned: Returned::default(),
            pending: Draft::new(last_time),
            pending_bodies: Arc::default(),
            pending_events: Vec::new(),
            draft: Draft::new(last_time),
            bodies: Bodies::default(),
            events: Vec::new(),
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

    /// The bytes of the group that is being decided.
    pub(super) fn draft_bytes(&self) -> usize {
        self.bodies.byte_len()
    }

    /// The position of an answer above the checkpoint.
    pub(super) fn answer(&self, command: CommandId) -> Option<Position> {
        self.answers.get(command)
    }

    pub(super) fn has_wallet(&self, wallet: WalletId) -> bool {
        self.wallets.contains(wallet)
    }

    /// What deciding these commands needs from the projections.
    pub(super) fn wanted<'a>(&self, asks: impl Iterator<Item = &'a Ask>, cold: &dyn ColdState) -> Wanted {
        let mut wanted = Wanted::default();
        for ask in asks {
            if self.wallet(ask.wallet).is_none() {
                wanted.wallets.push(ask.wallet);
            }
            if self.answers.get(ask.id).is_none() && cold.may_know(ask.id) {
                wanted.commands.push(ask.id);
            }
            if let Command::RollBack(rollback) = &ask.command
                && self.returned(rollback.deduction).is_none()
            {
                wanted.returned.push(rollback.deduction);
            }
        }
        wanted
    }

    /// Takes in what the projections had.
    pub(super) fn adopt(&mut self, loaded: Loaded) {
        for (id, wallet) in loaded.wallets {
            self.wallets.put(id, wallet);
        }
        for (deduction, total) in loaded.returned {
            self.returned.put(deduction, total, Position(0));
        }
    }

    /// Applies a stored event of the tail at start-up; its wallet must have been adopted.
    pub(super) fn replay(&mut self, recorded: &Recorded) -> Result<(), Inconsistent> {
        let position = recorded.envelope.position;
        if let Some(id) = recorded.wallet() {
            let before = self.wallets.get(id).cloned();
            // The projections may have gone on since the tail began: their row then has the event.
            if before.as_ref().is_none_or(|wallet| wallet.last < position) {
                let after = evolve(before, recorded).map_err(|error| Inconsistent { position, error })?;
                self.wallets.put(id, after);
            }
            if recorded.event.asked().is_some() {
                self.answers.put(recorded.envelope.causation, position);
            }
            if let Event::DeductionRolledBack(e) = &recorded.event {
                self.returned.put(e.deduction, e.returned, position);
            }
        }
        self.head = position.next();
        self.last_time = recorded.envelope.time;
        self.draft.time = self.last_time;
        Ok(())
    }

    /// Decides one command. Its events join the group; its answer holds once the group is stored.
    pub(super) fn decide(
        &mut self,
        ask: Ask,
        known: &Known,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Receipt, EngineError> {
        if let Some(earlier) = self.earlier_answer(&ask, known)? {
            let same = earlier.event.asked().is_some_and(|asked| asked.request == ask.asked.request);
            return if same {
                Ok(Receipt { recorded: earlier, replayed: true })
            } else {
                Err(EngineError::KeyReused)
            };
        }
        let wallet = self.wallet(ask.wallet);
        let previous = wallet.map(|wallet| (wallet.last, wallet.account_seq));
        let moment = self.moment(now);
        let question = Question { wallet: ask.wallet, org: ask.org, asked: &ask.asked, now: moment };
        let facts = self.facts(&ask, known);
        let decision = ledger::decide(wallet, &ask.command, &facts, question, self.next())?;
        let recorded = self.store_decision(&ask, decision.events, previous, moment, entropy)?;
        if let Event::DeductionRolledBack(e) = &recorded.event {
            self.draft.returned.put(e.deduction, e.returned, recorded.envelope.position);
        }
        self.draft.wallets.insert(ask.wallet, decision.wallet);
        Ok(Receipt { recorded, replayed: false })
    }

    /// Adds a fact to the group.
    pub(super) fn record(
        &mut self,
        fact: Fact,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Recorded, EngineError> {
        let envelope = Envelope {
            id: fact.id.event(0),
            ledger: self.ledger,
            subject: fact.subject,
            time: self.moment(now),
            org: fact.org,
            app: None,
            actor: fact.actor,
            position: self.next(),
            account_seq: None,
            previous: None,
            correlation: None,
            causation: fact.id,
            traceparent: None,
            salt: Salt(sixteen(entropy)),
        };
        let recorded = Recorded { envelope, event: fact.event };
        self.store(&recorded)?;
        self.events.push(recorded.clone());
        Ok(recorded)
    }

    /// Closes the group that is being decided: it is to be appended at the returned position.
    /// Only when the group before it is settled.
    pub(super) fn launch(&mut self) -> (Position, Arc<Bodies>) {
        let time = self.draft.time;
        self.pending = mem::replace(&mut self.draft, Draft::new(time));
        let recycled = Arc::try_unwrap(mem::take(&mut self.pending_bodies)).unwrap_or_default();
        self.pending_bodies = Arc::new(mem::replace(&mut self.bodies, recycled));
        self.bodies.clear();
        let likely = Vec::with_capacity(self.events.len());
        self.pending_events = mem::replace(&mut self.events, likely);
        (self.head, Arc::clone(&self.pending_bodies))
    }

    /// The launched group is durable: what it decided is now the state. Returns its events, and where
    /// they begin.
    pub(super) fn commit(&mut self) -> (Position, Vec<Recorded>) {
        let first = self.head;
        self.head = self.head.plus(self.pending_bodies.len() as u64);
        let mut stored = mem::replace(&mut self.pending, Draft::new(self.draft.time));
        self.last_time = stored.time;
        for (id, wallet) in stored.wallets.drain() {
            self.wallets.put(id, wallet);
        }
        for (command, position) in stored.order.drain(..) {
            self.answers.put(command, position);
        }
        for (deduction, total, rollback) in stored.returned.drain() {
            self.returned.put(deduction, total, rollback);
        }
        // The bytes are only cleared, so that the group after next can use their room.
        if let Some(bodies) = Arc::get_mut(&mut self.pending_bodies) {
            bodies.clear();
        } else {
            self.pending_bodies = Arc::default();
        }
        (first, mem::take(&mut self.pending_events))
    }

    /// The launched group was not stored: nothing of it has happened, nor of what was decided
    /// upon it.
    pub(super) fn abort(&mut self) {
        self.pending = Draft::new(self.last_time);
        self.pending_bodies = Arc::default();
        self.pending_events.clear();
        self.draft = Draft::new(self.last_time);
        self.bodies.clear();
        self.events.clear();
    }

    /// Forgets what the projections have at `checkpoint`.
    pub(super) fn trim(&mut self, checkpoint: Position) {
        self.wallets.trim(checkpoint);
        self.answers.trim(checkpoint);
        self.returned.trim(checkpoint);
    }

    /// Where the group that is being decided begins.
    fn draft_start(&self) -> Position {
        self.head.plus(self.pending_bodies.len() as u64)
    }

    fn next(&self) -> Position {
        self.draft_start().plus(self.bodies.len() as u64)
    }

    /// The wallet as the latest decision left it.
    fn wallet(&self, id: WalletId) -> Option<&Wallet> {
        let undecided = self.draft.wallets.get(&id).or_else(|| self.pending.wallets.get(&id));
        undecided.or_else(|| self.wallets.get(id))
    }

    /// What was given back of a deduction, as far as memory knows.
    fn returned(&self, deduction: Position) -> Option<Credits> {
        let undecided = self.draft.returned.get(deduction).or_else(|| self.pending.returned.get(deduction));
        undecided.or_else(|| self.returned.get(deduction))
    }

    /// The stamp of the next event: now, but later than every stamp before.
    fn moment(&self, now: Time) -> Time {
        now.max(self.draft.time.plus_micros(1))
    }

    /// The answer to an earlier command with the same id, in this group or before it.
    fn earlier_answer(&self, ask: &Ask, known: &Known) -> Result<Option<Recorded>, EngineError> {
        let in_draft = self.draft.answers.get(&ask.id).map(|&index| self.bodies.get(index));
        let in_flight = || self.pending.answers.get(&ask.id).map(|&index| self.pending_bodies.get(index));
        match in_draft.or_else(in_flight) {
            Some(body) => decode(body).map(Some).map_err(|error| EngineError::Unavailable(error.to_string())),
            None => Ok(known.answers.get(&ask.id).cloned()),
        }
    }

    fn facts(&self, ask: &Ask, known: &Known) -> Facts {
        let Command::RollBack(rollback) = &ask.command else {
            return Facts::default();
        };
        let deduction = known.deductions.get(&rollback.deduction).map(|deduction| {
            let returned = self.returned(rollback.deduction).unwrap_or_default();
            Deduction { returned, ..deduction.clone() }
        });
        Facts { deduction }
    }

    /// Encodes a command's events into the group and returns the answering one.
    fn store_decision(
        &mut self,
        ask: &Ask,
        decided: impl IntoIterator<Item = Event>,
        previous: Option<(Position, u64)>,
        moment: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Recorded, EngineError> {
        let (start, start_time) = (self.bodies.len(), self.draft.time);
        let (mut last, mut seq) = (previous.map(|(last, _)| last), previous.map_or(0, |(_, seq)| seq));
        let mut time = moment;
        let mut answer = None;
        for (index, event) in (0..).zip(decided) {
            seq += u64::from(event.changes_wallet());
            let envelope = Envelope {
                id: ask.id.event(index),
                ledger: self.ledger,
                subject: Subject::Wallet(ask.wallet),
                time,
                org: Some(ask.org),
                app: ask.app,
                actor: ask.actor.clone(),
                position: self.next(),
                account_seq: Some(seq),
                previous: last,
                correlation: ask.correlation.clone(),
                causation: ask.id,
                traceparent: ask.traceparent.clone(),
                salt: Salt(sixteen(entropy)),
            };
            last = Some(envelope.position);
            let recorded = Recorded { envelope, event };
            if let Err(error) = self.store(&recorded) {
                self.bodies.truncate(start);
                self.events.truncate(start);
                self.draft.time = start_time;
                return Err(error);
            }
            time = time.plus_micros(1);
            if recorded.event.asked().is_some() {
                answer = Some(recorded.clone());
            }
            self.events.push(recorded);
        }
        let answer = answer.ok_or(EngineError::Rejected(ledger::Rejection::WalletNotFound))?;
        let position = answer.envelope.position;
        let index = (position.get() - self.draft_start().get()) as usize;
        self.draft.answers.insert(ask.id, index);
        self.draft.order.push((ask.id, position));
        Ok(answer)
    }

    fn store(&mut self, recorded: &Recorded) -> Result<(), EngineError> {
        let bodies = &mut self.bodies;
        let before = bodies.len();
        let encoded = bodies.push_with(|buffer| encode(&recorded.envelope, &recorded.event, buffer));
        encoded.map_err(|error| {
            bodies.truncate(before);
            EngineError::Unavailable(error.to_string())
        })?;
        self.draft.time = recorded.envelope.time;
        Ok(())
    }
}
