//! Deciding one command, timer or fact after the other.

use std::sync::Arc;

use events::{CommandId, Envelope, Recorded, Salt, Subject, Time, WalletId, decode};
use ledger::{
    Facts, Question, Rejection, Wallet,
    planted::{self, Bug},
};

use super::{
    Core, Earlier, Known,
    replay::is_rule,
    writing::{Origin, Written},
};
use crate::{
    clock::{Entropy, sixteen},
    engine::{Ask, EngineError, Fact, Receipt, cold::Timer, draft::Moved, earlier::companions},
    log::Bodies,
};

impl Core {
    /// Decides one command. Its events join the group; its answer holds once the group is stored.
    /// `None` when the group has no room for them: nothing has happened then.
    pub(in crate::engine) fn decide(
        &mut self,
        ask: &Ask,
        known: &Known,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Option<Result<Receipt, EngineError>> {
        match self.earlier_answer(ask.id, known) {
            Ok(None) => self.decide_new(ask, known, now, entropy).transpose(),
            Ok(Some(Earlier { answer: recorded, others })) => {
                let same = recorded.event.asked().is_some_and(|asked| asked.request == ask.asked.request);
                let receipt = Receipt { recorded, others, replayed: true, dry_run: ask.dry_run };
                Some(if same { Ok(receipt) } else { Err(EngineError::KeyReused) })
            }
            Err(error) => Some(Err(error)),
        }
    }

    fn decide_new(
        &mut self,
        ask: &Ask,
        known: &Known,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<Receipt>, EngineError> {
        let wallet = self.wallet(ask.wallet);
        let moment = self.moment(now);
        let question = Question {
            wallet: ask.wallet,
            org: ask.org,
            app: ask.app,
            actor: ask.actor.as_deref(),
            asked: &ask.asked,
            rules: self.rules(ask.org).map_or(&self.no_rules, |rules| rules),
            now: moment,
        };
        let facts = self.facts(ask, known);
        let decision = ledger::decide(
            wallet,
            &ask.command,
            facts.as_ref().unwrap_or(&self.no_facts),
            question,
            self.next(),
        )?;
        let (origin, due) = (Origin::of(ask, wallet), wallet.and_then(Wallet::due));
        // What is not stored uses up no randomness either.
        let salts: &mut dyn Entropy = if ask.dry_run { &mut Zeros } else { entropy };
        let Some(written) = self.write(origin, decision.events, moment, salts)? else {
            return Ok(None);
        };
        let Written { answer, others, before } = written;
        if ask.dry_run && !planted::is(Bug::DryRunStored) || answer.is_none() {
            self.back_to(before);
        }
        let recorded = answer.ok_or(Rejection::WalletNotFound)?;
        if ask.dry_run {
            return Ok(Some(Receipt { recorded, others, replayed: false, dry_run: true }));
        }
        self.draft.returned.follow(&recorded.event, recorded.envelope.position);
        self.remember_answer(&recorded);
        self.keep(ask.wallet, decision.wallet, due);
        Ok(Some(Receipt { recorded, others, replayed: false, dry_run: false }))
    }

    /// Looks at a timer that is due: what is due in its wallet expires. There may be nothing, when a
    /// command was quicker.
    pub(in crate::engine) fn ring(
        &mut self,
        timer: Timer,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Rang, EngineError> {
        let rang = self.expire(timer.1, now, entropy);
        if !matches!(rang, Ok(Rang::NoRoom)) {
            self.timers.take(timer);
        }
        if self.is_undecided(timer.1) {
            // It must ring again when the group is not stored.
            self.draft.fired.push(timer);
        }
        rang
    }

    fn expire(&mut self, id: WalletId, now: Time, entropy: &mut dyn Entropy) -> Result<Rang, EngineError> {
        let moment = self.moment(now);
        let due = self.wallet(id).and_then(|wallet| Some((wallet, wallet.due()?)));
        let Some((wallet, due)) = due.filter(|(_, due)| *due <= moment) else {
            return Ok(Rang::InVain);
        };
        let decision = ledger::decide_due(wallet, moment, self.next())?;
        let command = CommandId(uuid::Builder::from_random_bytes(sixteen(entropy)).into_uuid());
        let origin = Origin::timer(command, id, wallet);
        if self.write(origin, decision.events, moment, entropy)?.is_none() {
            return Ok(Rang::NoRoom);
        }
        self.keep(id, decision.wallet, Some(due));
        Ok(Rang::Expired)
    }

    /// Adds a fact to the group.
    pub(in crate::engine) fn record(
        &mut self,
        fact: Fact,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Arc<Recorded>, EngineError> {
        let envelope = Envelope {
            id: fact.id.event(0),
            ledger: self.ledger,
            subject: fact.subject,
            time: self.moment(now),
            org: fact.org,
            app: fact.app,
            actor: fact.actor,
            position: self.next(),
            account_seq: None,
            previous: None,
            correlation: None,
            causation: fact.id,
            traceparent: None,
            salt: Salt(sixteen(entropy)),
        };
        let recorded = Arc::new(Recorded { envelope, event: fact.event });
        self.store(&recorded)?;
        self.draft.events.push(Arc::clone(&recorded));
        if let Subject::Organization(org) = recorded.envelope.subject
            && is_rule(&recorded.event)
        {
            let mut rules = self.rules(org).cloned().unwrap_or_default();
            Arc::make_mut(&mut rules).apply(&recorded.event, recorded.envelope.position);
            self.draft.rules.insert(org, rules);
        }
        Ok(recorded)
    }

    /// The stamp of the next event: now, but later than every stamp before.
    fn moment(&self, now: Time) -> Time {
        now.max(self.draft.time.plus_micros(1))
    }

    /// The answer to an earlier command with the same id, in this group or before it.
    fn earlier_answer(&self, id: CommandId, known: &Known) -> Result<Option<Earlier>, EngineError> {
        let looked_for = Some(&id).filter(|_| !planted::is(Bug::NoDedupeInGroup));
        let in_draft =
            looked_for.and_then(|id| self.draft.answers.get(id)).map(|&index| (&self.bodies, index));
        let in_flight = || self.pending.answers.get(&id).map(|&index| (&*self.pending_bodies, index));
        match in_draft.or_else(in_flight) {
            Some((bodies, index)) => decided(bodies, index).map(Some),
            None => Ok(known.answers.get(&id).cloned()),
        }
    }

    /// What the command must know of the event that it refers to, if it refers to one.
    fn facts(&self, ask: &Ask, known: &Known) -> Option<Facts> {
        let of = ask.command.refers_to()?;
        let mut facts = known.facts.get(&of).cloned().unwrap_or_default();
        let undone = self.returned(of).unwrap_or_default();
        if let Some(deduction) = &mut facts.deduction {
            deduction.returned = undone;
        }
        if let Some(purchase) = &mut facts.purchase {
            purchase.refunded = undone;
        }
        if let Some(proposal) = &mut facts.proposal {
            proposal.approved = undone.is_positive();
        }
        Some(facts)
    }

    fn remember_answer(&mut self, answer: &Recorded) {
        let (id, position) = (answer.envelope.causation, answer.envelope.position);
        let index = (position.get() - self.draft_start().get()) as usize;
        self.draft.answers.insert(id, index);
        self.draft.order.push((id, position));
    }

    /// Makes a wallet's new state the latest. `before` is when it was due before.
    fn keep(&mut self, id: WalletId, wallet: Wallet, before: Option<Time>) {
        let after = wallet.due();
        if before != after {
            self.draft.moved.push(Moved { wallet: id, before, after });
        }
        self.draft.wallets.insert(id, wallet);
    }
}

/// What came of a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Rang {
    /// Something expired.
    Expired,
    /// Nothing was due any more.
    InVain,
    /// The group has no room for the events; the timer is still to ring.
    NoRoom,
}

/// An answer of a group that is in memory.
fn decided(bodies: &Bodies, index: usize) -> Result<Earlier, EngineError> {
    let read = |index| {
        let read = decode(bodies.get(index)).map_err(|error| EngineError::Unavailable(error.to_string()));
        read.map(Arc::new)
    };
    let answer = read(index)?;
    let (before, after) = companions(&answer.event);
    let others = (index - before..=index + after).filter(|other| *other != index);
    Ok(Earlier { others: others.map(read).collect::<Result<_, _>>()?, answer })
}

/// The salts of events that will not be stored.
struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}
