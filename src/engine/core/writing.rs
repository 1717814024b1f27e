//! Giving events their place and encoding them into the group.

use std::sync::Arc;

use events::{
    AppId, CommandId, Envelope, Event, OrgId, Position, Recorded, Salt, Subject, Time, WalletId, encode,
};
use ledger::{
    Wallet,
    planted::{self, Bug},
};

use super::Core;
use crate::{
    clock::{Entropy, sixteen},
    engine::{Ask, EngineError},
};

/// Where the events of one decision come from.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    command: CommandId,
    wallet: WalletId,
    org: OrgId,
    app: Option<AppId>,
    /// None when a timer rang.
    ask: Option<&'a Ask>,
    /// The wallet's last event, and how many events have changed it.
    last: Option<Position>,
    account_seq: u64,
}

impl<'a> Origin<'a> {
    pub(super) fn of(ask: &'a Ask, wallet: Option<&Wallet>) -> Self {
        Self {
            command: ask.id,
            wallet: ask.wallet,
            org: ask.org,
            app: ask.app,
            ask: Some(ask),
            last: wallet.map(|wallet| wallet.last),
            account_seq: wallet.map_or(0, |wallet| wallet.account_seq),
        }
    }

    pub(super) const fn timer(command: CommandId, id: WalletId, wallet: &Wallet) -> Self {
        let (last, account_seq) = (Some(wallet.last), wallet.account_seq);
        Self { command, wallet: id, org: wallet.org, app: None, ask: None, last, account_seq }
    }
}

impl Origin<'_> {
    /// Of an event before the answer: what time caused, and the warning it brought, is nobody's doing.
    fn behind(self, event: &Event) -> Self {
        if event.is_of_time() { Self { app: None, ask: None, ..self } } else { self }
    }
}

/// The events of one decision, encoded.
pub(super) struct Written {
    /// None when a timer rang.
    pub(super) answer: Option<Arc<Recorded>>,
    pub(super) others: Vec<Arc<Recorded>>,
    /// What the group was before.
    pub(super) before: Mark,
}

/// A state of the group to come back to.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    events: usize,
    bytes: usize,
    time: Time,
}

impl Core {
    /// Adds a decision's events to the group. `None` when they do not fit into it, an error when
    /// they never will; the group is then as before.
    pub(super) fn write(
        &mut self,
        origin: Origin<'_>,
        events: impl IntoIterator<Item = Event>,
        moment: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<Written>, EngineError> {
        let before = Mark { events: self.bodies.len(), bytes: self.bodies.byte_len(), time: self.draft.time };
        let mut written = Written { answer: None, others: Vec::new(), before };
        let (mut time, mut last, mut seq) = (moment, origin.last, origin.account_seq);
        for (index, event) in (0..).zip(events) {
            let by = if written.answer.is_none() { origin.behind(&event) } else { origin };
            seq += u64::from(event.changes_wallet());
            let envelope = Envelope {
                account_seq: Some(seq),
                previous: last,
                ..self.envelope(by, index, time, sixteen(entropy))
            };
            last = if planted::is(Bug::PreviousWrong) { last } else { Some(envelope.position) };
            // One copy for the caller and the projections.
            let recorded = Arc::new(Recorded { envelope, event });
            if let Err(error) = self.store(&recorded) {
                self.back_to(before);
                return Err(error);
            }
            time = time.plus_micros(1);
            if recorded.event.asked().is_some() {
                written.answer = Some(Arc::clone(&recorded));
            } else if origin.ask.is_some() {
                written.others.push(Arc::clone(&recorded));
            }
            self.draft.events.push(recorded);
        }
        if self.bodies.byte_len() <= self.bytes_max {
            return Ok(Some(written));
        }
        let bytes = self.bodies.byte_len() - before.bytes;
        self.back_to(before);
        if bytes <= self.bytes_max {
            return Ok(None);
        }
        let limit = self.bytes_max;
        Err(EngineError::Unavailable(format!("the command's events have {bytes} bytes, more than {limit}")))
    }

    fn envelope(&self, origin: Origin<'_>, index: u32, time: Time, salt: [u8; 16]) -> Envelope {
        Envelope {
            id: origin.command.event(index),
            ledger: self.ledger,
            subject: Subject::Wallet(origin.wallet),
            time,
            org: Some(origin.org),
            app: origin.app,
            actor: origin.ask.and_then(|ask| ask.actor.clone()),
            position: self.next(),
            account_seq: None,
            previous: None,
            correlation: origin.ask.and_then(|ask| ask.correlation.clone()),
            causation: origin.command,
            traceparent: origin.ask.and_then(|ask| ask.traceparent.clone()),
            salt: Salt(salt),
        }
    }

    /// Encodes one event into the group.
    pub(super) fn store(&mut self, recorded: &Recorded) -> Result<(), EngineError> {
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

    /// Takes what was written since `mark` out of the group.
    pub(super) fn back_to(&mut self, mark: Mark) {
        self.bodies.truncate(mark.events);
        self.draft.events.truncate(mark.events);
        self.draft.time = mark.time;
    }
}
