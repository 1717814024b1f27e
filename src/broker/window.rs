//! What was published and is not yet confirmed. Progress is made over contiguous confirmations only,
//! however the broker orders them.

use std::{collections::VecDeque, time::Duration};

use events::{AppId, Position, Time};

use super::state::Progress;

/// One event with all of its messages.
#[derive(Debug)]
struct Slot {
    /// The number of its first message in this session.
    first: u64,
    /// How many messages it has.
    messages: u64,
    /// How many of them are not confirmed.
    missing: u64,
    bytes: usize,
    /// The event's own position.
    position: Position,
    /// The position after it, or after later events that nobody is told of.
    next: Position,
    apps: Vec<AppId>,
    time: Time,
    sent: Duration,
}

/// The unconfirmed messages of one session.
#[derive(Debug, Default)]
pub(super) struct Window {
    slots: VecDeque<Slot>,
    /// The number of the next message, from 0 in each session.
    number: u64,
    /// Messages that are not confirmed, and the bytes of all messages in the slots.
    messages: u64,
    bytes: usize,
}

/// An event that goes out.
#[derive(Debug)]
pub(super) struct Departing {
    pub(super) position: Position,
    pub(super) time: Time,
    pub(super) apps: Vec<AppId>,
    pub(super) messages: u64,
    pub(super) bytes: usize,
}

impl Window {
    /// Whether one more event of so many messages and bytes fits. Any fits into an empty window.
    pub(super) fn has_room(&self, messages: u64, bytes: usize, limits: (u64, usize)) -> bool {
        self.slots.is_empty() || (self.messages + messages <= limits.0 && self.bytes + bytes <= limits.1)
    }

    /// Takes an event in whose messages are published now; gives the number of the first.
    pub(super) fn depart(&mut self, event: Departing, now: Duration) -> u64 {
        let Departing { position, time, apps, messages, bytes } = event;
        let first = self.number;
        self.number += messages;
        self.messages += messages;
        self.bytes += bytes;
        let next = position.next();
        let missing = messages;
        self.slots.push_back(Slot { first, messages, missing, bytes, position, next, apps, time, sent: now });
        first
    }

    /// Passes an event that nobody is told of: done, once everything before it is.
    pub(super) fn pass(&mut self, position: Position, done: &mut Progress) {
        match self.slots.back_mut() {
            Some(last) => last.next = position.next(),
            None => done.position = position.next(),
        }
    }

    /// Message `number` is confirmed.
    pub(super) fn confirm(&mut self, number: u64) {
        let index = self.slots.partition_point(|slot| slot.first + slot.messages <= number);
        if let Some(slot) = self.slots.get_mut(index).filter(|slot| slot.first <= number) {
            slot.missing = slot.missing.saturating_sub(1);
            self.messages = self.messages.saturating_sub(1);
        }
    }

    /// Moves `done` over everything that is confirmed without a gap; gives the number of events.
    pub(super) fn advance(&mut self, done: &mut Progress) -> u64 {
        let mut events = 0;
        while let Some(slot) = self.slots.pop_front_if(|slot| slot.missing == 0) {
            self.bytes -= slot.bytes;
            done.position = slot.next;
            for app in slot.apps {
                done.prevs.insert(app, slot.position);
            }
            events += 1;
        }
        events
    }

    /// Forgets everything: a new session numbers its messages from 0.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Messages that are not confirmed.
    pub(super) const fn unconfirmed(&self) -> u64 {
        self.messages
    }

    /// When the oldest unconfirmed event was published.
    pub(super) fn oldest(&self) -> Option<Duration> {
        self.slots.front().map(|slot| slot.sent)
    }

    /// When that event was made.
    pub(super) fn oldest_time(&self) -> Option<Time> {
        self.slots.front().map(|slot| slot.time)
    }

    /// Counts the time until a confirmation from `now` on.
    pub(super) fn restart(&mut self, now: Duration) {
        self.slots.iter_mut().for_each(|slot| slot.sent = now);
    }

    /// The position of the event that message `number` is of.
    #[cfg(test)]
    pub(super) fn position_of(&self, number: u64) -> Option<Position> {
        self.slots
            .iter()
            .find(|slot| (slot.first..slot.first + slot.messages).contains(&number))
            .map(|slot| slot.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(number: u128) -> AppId {
        AppId(uuid::Uuid::from_u128(number))
    }

    fn event(position: u64, apps: &[u128]) -> Departing {
        Departing {
            position: Position(position),
            time: Time::from_micros(0),
            apps: apps.iter().map(|number| app(*number)).collect(),
            messages: apps.len() as u64,
            bytes: 100 * apps.len(),
        }
    }

    #[test]
    fn progress_waits_for_the_gap() {
        let (mut window, mut done) = (Window::default(), Progress::default());
        window.pass(Position(0), &mut done);
        assert_eq!(done.position, Position(1));
        for (position, apps) in [(1, &[1, 2][..]), (2, &[1]), (3, &[2])] {
            window.depart(event(position, apps), Duration::ZERO);
            window.pass(Position(position + 10), &mut done);
        }
        assert_eq!(window.position_of(2), Some(Position(2)));
        for number in [3, 2, 0] {
            window.confirm(number);
            assert_eq!((window.advance(&mut done), done.position), (0, Position(1)));
        }
        assert_eq!(window.unconfirmed(), 1);
        window.confirm(1);
        assert_eq!((window.advance(&mut done), done.position), (3, Position(14)));
        assert_eq!(done.prevs[&app(1)], Position(2));
        assert_eq!(done.prevs[&app(2)], Position(3));
        assert_eq!((window.unconfirmed(), window.bytes, window.oldest()), (0, 0, None));
    }

    #[test]
    fn a_window_is_bounded_by_messages_and_bytes_but_takes_one_event_whatever_its_size() {
        let mut window = Window::default();
        assert!(window.has_room(9, 900, (4, 400)));
        window.depart(event(0, &[1, 2, 3]), Duration::ZERO);
        assert!(window.has_room(1, 100, (4, 400)));
        assert!(!window.has_room(2, 100, (4, 400)) && !window.has_room(1, 101, (4, 400)));
    }
}
