//! From stored events to messages, in order, with each app's `prev`.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use events::{AppId, Position, Time, decode};
use projections::Audience;

use super::{
    event::EventHead,
    message::{Message, Placed, RoutingKey},
    quarantine::{stub, unknown_time},
    state::Progress,
};
use crate::log::Page;

/// An event and all of its messages.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outgoing {
    pub(super) position: Position,
    pub(super) time: Time,
    /// Who is told of it; nobody also when the one message is for the audit queue alone.
    pub(super) apps: Vec<AppId>,
    pub(super) messages: Vec<Message>,
}

impl Outgoing {
    pub(super) fn bytes(&self) -> usize {
        self.messages.iter().map(Message::bytes).sum()
    }
}

/// Messages that wait to be published, and what it takes to make the next ones.
#[derive(Debug)]
pub(super) struct Outbox {
    audience: Audience,
    epoch: u64,
    /// Where reading goes on. Below `from`, only facts about who is told are taken in.
    next: Position,
    from: Position,
    prevs: BTreeMap<AppId, Position>,
    ready: VecDeque<Outgoing>,
    /// Events that could not become messages, until that is recorded.
    quarantined: BTreeMap<Position, String>,
}

impl Outbox {
    /// Goes on after `done`; `audience` knows every fact before `known`.
    pub(super) fn new(audience: Audience, known: Position, done: &Progress, epoch: u64) -> Self {
        Self {
            audience,
            epoch,
            next: known.min(done.position),
            from: done.position,
            prevs: done.prevs.clone(),
            ready: VecDeque::new(),
            quarantined: BTreeMap::new(),
        }
    }

    /// Goes back to what is confirmed. Who is told does not go back: it is a matter of times.
    pub(super) fn rewind(&mut self, done: &Progress) {
        self.next = self.next.min(done.position);
        self.from = done.position;
        self.prevs.clone_from(&done.prevs);
        self.ready.clear();
    }

    /// The event to read next.
    pub(super) const fn next(&self) -> Position {
        self.next
    }

    /// The next event to publish.
    pub(super) fn front(&self) -> Option<&Outgoing> {
        self.ready.front()
    }

    /// Takes the next event to publish.
    pub(super) fn pop(&mut self) -> Option<Outgoing> {
        self.ready.pop_front()
    }

    /// Events to be recorded as quarantined.
    pub(super) const fn quarantined(&self) -> &BTreeMap<Position, String> {
        &self.quarantined
    }

    /// Those up to this position are recorded.
    pub(super) fn recorded(&mut self, up_to: Position) {
        self.quarantined.retain(|position, _| *position > up_to);
    }

    /// Takes in events read at [`Self::next`]; gives how many could not become messages.
    pub(super) fn take_in(&mut self, page: &Page) -> u64 {
        let (mut stubs, wanted) = (0, self.next);
        for (position, body) in page.iter().skip_while(|(position, _)| *position < wanted) {
            self.next = position.next();
            let head = EventHead::read(body);
            if head.as_ref().is_ok_and(EventHead::is_auth) {
                // One that only a newer version knows says nothing here about who may read.
                let _ = decode(body).map(|fact| self.audience.apply(&fact));
            }
            if position >= self.from {
                let (outgoing, spoilt) = match head {
                    Ok(head) => self.outgoing(&head, position, body),
                    Err(reason) => self.unaddressed(position, unknown_time(), reason),
                };
                stubs += u64::from(spoilt);
                self.ready.push_back(outgoing);
            }
        }
        stubs
    }

    /// The messages of an event, and whether they are but stubs.
    fn outgoing(&mut self, head: &EventHead<'_>, position: Position, body: &[u8]) -> (Outgoing, bool) {
        let occurrence = match head.occurrence() {
            Ok(occurrence) => occurrence,
            Err(reason) => return self.unaddressed(position, unknown_time(), reason),
        };
        let (time, epoch) = (occurrence.time, self.epoch);
        let at = Placed { position, time, epoch };
        let apps = self.audience.recipients(&occurrence);
        let key = RoutingKey::of_type(&head.event_type);
        if let Err(reason) = &key {
            self.quarantine(position, reason.clone());
        }
        let body = Bytes::copy_from_slice(body);
        let messages = apps.iter().map(|app| {
            let prev = self.prevs.insert(*app, position);
            match &key {
                Ok(key) => Message::new(head, key, at, *app, prev, body.clone()),
                Err(reason) => stub(Some(*app), at, prev, reason),
            }
        });
        let messages = messages.collect();
        (Outgoing { position, time, apps, messages }, key.is_err())
    }

    /// An event of which nobody knows whom it concerns.
    fn unaddressed(&mut self, position: Position, time: Time, reason: String) -> (Outgoing, bool) {
        let at = Placed { position, time, epoch: self.epoch };
        let messages = vec![stub(None, at, None, &reason)];
        self.quarantine(position, reason);
        (Outgoing { position, time, apps: Vec::new(), messages }, true)
    }

    fn quarantine(&mut self, position: Position, reason: String) {
        tracing::error!(%position, reason, "an event can't be relayed: its receivers get a stub");
        self.quarantined.insert(position, reason);
    }
}
