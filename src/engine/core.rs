//! The engine's synchronous heart: it decides commands against the wallets in memory, seeing what
//! it decided just before, and drops all of a group again when the log did not take it.

use std::mem;

use events::{
    CommandId, Envelope, Event, LedgerId, Position, Recorded, Salt, Subject, Time, WalletId, decode, encode,
};
use hashbrown::HashMap;
use ledger::{Command, Deduction, EvolveError, Facts, Question, Wallet, evolve};

use super::{
    Ask, ColdState, EngineError, Fact, Loaded, Receipt, Wanted,
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

/// State of the ledger at its head, as far as it is in memory.
#[derive(Debug)]
pub(super) struct Core {
    ledger: LedgerId,
    head: Position,
    last_time: Time,
    wallets: Wallets,
    answers: Answers,
    returned: Returned,
    draft: Draft,
}

/// What the group under way has decided so far.
#[derive(Debug, Default)]
struct Draft {
    bodies: Bodies,
    time: Time,
    wallets: IdMap<WalletId, Wallet>,
    answers: IdMap<CommandId, usize>,
    order: Vec<(CommandId, Position)>,
    returned: Returned,
}

impl Core {
    pub(super) fn new(ledger: LedgerId, checkpoint: Position, last_time: Time, wallet_capacity: usize) -> Self {
        Self {
            ledger,
            head: checkpoint,
            last_time,
            wallets: Wallets::new(wallet_capacity),
            answers: Answers::default(),
            returned: Returned::default(),
            draft: Draft { time: last_time, ..Draft::default() },
        }
    }

    pub(super) const fn head(&self) -> Position {
        self.head
    }

    pub(super) const fn last_time(&self) -> Time {
        self.last_time
    }

    pub(super) fn cached_wallets(&self) -> usize {
        self.wallets.len()
    }

    /// The events of the group under way, as they will be stored.
    pub(super) const fn bodies(&self) -> &Bodies {
        &self.draft.bodies
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
            if !self.wallets.contains(ask.wallet) {
                wanted.wallets.push(ask.wallet);
            }
            if self.answers.get(ask.id).is_none() && cold.may_know(ask.id) {
                wanted.commands.push(ask.id);
            }
            if let Command::RollBack(rollback) = &ask.command
                && self.returned.get(rollback.deduction).is_none()
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
            let after = evolve(before, recorded).map_err(|error| Inconsistent { position, error })?;
            self.wallets.put(id, after);
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
            return if same { Ok(Receipt { recorded: earlier, replayed: true }) } else { Err(EngineError::KeyReused) };
        }
        let wallet = self.draft.wallets.get(&ask.wallet).or_else(|| self.wallets.get(ask.wallet));
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
    pub(super) fn record(&mut self, fact: Fact, now: Time, entropy: &mut dyn Entropy) -> Result<Recorded, EngineError> {
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
        Ok(recorded)
    }

    /// The group is durable: what it decided is now the state.
    pub(super) fn commit(&mut self) {
        let draft = &mut self.draft;
        self.head = self.head.plus(draft.bodies.len() as u64);
        self.last_time = draft.time;
        for (id, wallet) in draft.wallets.drain() {
            self.wallets.put(id, wallet);
        }
        for (command, position) in draft.order.drain(..) {
            self.answers.put(command, position);
        }
        for (deduction, total, rollback) in draft.returned.drain() {
            self.returned.put(deduction, total, rollback);
        }
        draft.answers.clear();
        draft.bodies.clear();
    }

    /// The group was not stored: nothing of it has happened.
    pub(super) fn abort(&mut self) {
        let mut bodies = mem::take(&mut self.draft.bodies);
        bodies.clear();
        self.draft = Draft { time: self.last_time, bodies, ..Draft::default() };
    }

    /// Forgets what the projections have at `checkpoint`.
    pub(super) fn trim(&mut self, checkpoint: Position) {
        self.wallets.trim(checkpoint);
        self.answers.trim(checkpoint);
        self.returned.trim(checkpoint);
    }

    fn next(&self) -> Position {
        self.head.plus(self.draft.bodies.len() as u64)
    }

    /// The stamp of the next event: now, but later than every stamp before.
    fn moment(&self, now: Time) -> Time {
        now.max(self.draft.time.plus_micros(1))
    }

    /// The answer to an earlier command with the same id, in this group or before it.
    fn earlier_answer(&self, ask: &Ask, known: &Known) -> Result<Option<Recorded>, EngineError> {
        if let Some(&index) = self.draft.answers.get(&ask.id) {
            let body = self.draft.bodies.get(index);
            return decode(body).map(Some).map_err(|error| EngineError::Unavailable(error.to_string()));
        }
        Ok(known.answers.get(&ask.id).cloned())
    }

    fn facts(&self, ask: &Ask, known: &Known) -> Facts {
        let Command::RollBack(rollback) = &ask.command else {
            return Facts::default();
        };
        let deduction = known.deductions.get(&rollback.deduction).map(|deduction| {
            let returned = self.draft.returned.get(rollback.deduction);
            let returned = returned.or_else(|| self.returned.get(rollback.deduction)).unwrap_or_default();
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
        let (start, start_time) = (self.draft.bodies.len(), self.draft.time);
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
                self.draft.bodies.truncate(start);
                self.draft.time = start_time;
                return Err(error);
            }
            time = time.plus_micros(1);
            if recorded.event.asked().is_some() {
                answer = Some(recorded);
            }
        }
        let answer = answer.ok_or(EngineError::Rejected(ledger::Rejection::WalletNotFound))?;
        let position = answer.envelope.position;
        let index = (position.get() - self.head.get()) as usize;
        self.draft.answers.insert(ask.id, index);
        self.draft.order.push((ask.id, position));
        Ok(answer)
    }

    fn store(&mut self, recorded: &Recorded) -> Result<(), EngineError> {
        let bodies = &mut self.draft.bodies;
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
