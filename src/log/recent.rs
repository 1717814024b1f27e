//! The newest events, handed from who stored them to who follows the log, as they were in memory.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use events::{Position, Recorded};
use tokio::sync::watch;

/// Committed events on their way from the engine to the projections, which need not read and decode
/// them then. There is one who hands over and one who takes.
///
/// It is a short cut, nothing more: the log has every event, and whoever finds none here reads there.
/// When too many wait, the oldest are dropped.
pub struct Recent {
    waiting: Mutex<Waiting>,
    /// The position after the last event that was handed over.
    end: watch::Sender<Position>,
    events_max: usize,
}

#[derive(Default)]
struct Waiting {
    groups: VecDeque<(Position, Vec<Arc<Recorded>>)>,
    events: usize,
}

impl Recent {
    /// Nothing yet; at most `events_max` events will wait.
    #[must_use]
    pub fn new(events_max: usize) -> Self {
        Self { waiting: Mutex::default(), end: watch::Sender::new(Position(0)), events_max }
    }

    /// Hands over events from `first` on, which are committed and above all that were handed over before.
    pub fn hand_over(&self, first: Position, events: Vec<Arc<Recorded>>) {
        let end = first.plus(events.len() as u64);
        let mut dropped = Vec::new();
        {
            let mut waiting = self.waiting();
            waiting.events += events.len();
            waiting.groups.push_back((first, events));
            while waiting.events > self.events_max {
                dropped.extend(waiting.pop());
            }
        }
        self.end.send_replace(end);
    }

    /// Takes events without a gap that start exactly at `next`, and forgets all before; `None` when
    /// there is no event at `next`.
    pub fn take(&self, next: Position) -> Option<Vec<Arc<Recorded>>> {
        let mut waiting = self.waiting();
        while waiting.first()? < next {
            let (first, mut events) = waiting.pop()?;
            let before = usize::try_from(next.get() - first.get()).unwrap_or(usize::MAX);
            if before < events.len() {
                return Some(events.split_off(before));
            }
        }
        if waiting.first()? == next { waiting.pop().map(|(_, events)| events) } else { None }
    }

    /// The position of the first event that waits: the log has those before it.
    pub fn first(&self) -> Option<Position> {
        self.waiting().first()
    }

    /// Whether nothing is ever kept here: everything is in the log alone.
    pub const fn is_off(&self) -> bool {
        self.events_max == 0
    }

    /// Resolves when all events below `end` were handed over, whatever became of them.
    pub async fn handed_over(&self, end: Position) {
        // The sender lives in `self`, so the wait can't end for want of one.
        let _ = self.end.subscribe().wait_for(|handed| *handed >= end).await;
    }

    /// A panic elsewhere can't leave it half changed in a way that matters: a gap is seen as one.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn first(&self) -> Option<Position> {
        self.groups.front().map(|(first, _)| *first)
    }

    fn pop(&mut self) -> Option<(Position, Vec<Arc<Recorded>>)> {
        let group = self.groups.pop_front()?;
        self.events -= group.1.len();
        Some(group)
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").field("end", &*self.end.borrow()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::{CommandId, Envelope, Event, LedgerId, Salt, Subject, Time, WriterChanged};
    use futures::FutureExt;

    fn group(first: u64, events: u64) -> (Position, Vec<Arc<Recorded>>) {
        let ledger = LedgerId(uuid::Uuid::nil());
        let recorded = |position| {
            let causation = CommandId(uuid::Uuid::from_u64_pair(position, 0));
            let envelope = Envelope {
                id: causation.event(0),
                ledger,
                subject: Subject::Ledger(ledger),
                time: Time::from_micros(0),
                org: None,
                app: None,
                actor: None,
                position: Position(position),
                account_seq: None,
                previous: None,
                correlation: None,
                causation,
                traceparent: None,
                salt: Salt([0; 16]),
            };
            let event = Event::WriterChanged(WriterChanged { epoch: position + 1 });
            Arc::new(Recorded { envelope, event })
        };
        (Position(first), (first..first + events).map(recorded).collect())
    }

    fn recent(events_max: usize, groups: &[(u64, u64)]) -> Recent {
        let recent = Recent::new(events_max);
        for (first, events) in groups {
            let (first, events) = group(*first, *events);
            recent.hand_over(first, events);
        }
        recent
    }

    fn take(recent: &Recent, next: u64) -> Option<Vec<u64>> {
        let events = recent.take(Position(next))?;
        Some(events.iter().map(|recorded| recorded.envelope.position.get()).collect())
    }

    #[test]
    fn runs_are_taken_in_order_from_any_position() {
        let recent = recent(100, &[(5, 2), (7, 3), (10, 1)]);
        assert_eq!(take(&recent, 4), None, "the log has it");
        assert_eq!(recent.first(), Some(Position(5)));
        assert_eq!(take(&recent, 5), Some(vec![5, 6]));
        assert_eq!(take(&recent, 8), Some(vec![8, 9]), "what was read from the log is skipped");
        assert_eq!(take(&recent, 11), None);
        assert_eq!(recent.first(), None);
    }

    #[test]
    fn a_gap_is_not_jumped() {
        let recent = recent(100, &[(5, 2), (9, 1)]);
        assert_eq!(take(&recent, 5), Some(vec![5, 6]));
        assert_eq!(take(&recent, 7), None);
        assert_eq!(recent.first(), Some(Position(9)));
        assert_eq!(take(&recent, 9), Some(vec![9]));
    }

    #[test]
    fn the_oldest_are_dropped_when_too_many_wait() {
        let recent = recent(5, &[(0, 3), (3, 2), (5, 2)]);
        assert_eq!(take(&recent, 0), None);
        assert_eq!(take(&recent, 3), Some(vec![3, 4]));
        let (first, events) = group(7, 6);
        recent.hand_over(first, events);
        assert_eq!(recent.first(), None, "a group too large is not kept at all");
        assert!(recent.handed_over(Position(13)).now_or_never().is_some());
        assert!(recent.handed_over(Position(14)).now_or_never().is_none());
    }
}
