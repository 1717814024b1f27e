//! What organizations owe, summed up from entry to entry, with a mark at every multiple of a number.

use events::{IdMap, OrgId, Position};
use projections::{EntryRow, Totals};

use super::LiabilityMark;

/// Positions between two marks: so few entries are quickly added to the mark before them.
const MARK_EVERY: u64 = 4_096;

/// The last position at or below this one that may have marks.
#[must_use]
pub const fn mark_below(position: Position) -> Position {
    Position(position.0 - position.0 % MARK_EVERY)
}

/// The totals of all organizations. They are few, and small.
#[derive(Debug, Default)]
pub(super) struct Liability {
    totals: IdMap<OrgId, Running>,
    /// Organizations with entries since the last multiple.
    moved: Vec<OrgId>,
    pub(super) marks: Vec<LiabilityMark>,
}

#[derive(Debug, Default)]
struct Running {
    totals: Totals,
    moved: bool,
}

impl Liability {
    /// Goes on from the last marks and the entries since.
    pub(super) fn start(marks: Vec<LiabilityMark>, entries: &[EntryRow]) -> Self {
        let totals = marks.into_iter().map(|mark| (mark.org, Running { totals: mark.totals, moved: false }));
        let mut liability = Self { totals: totals.collect(), ..Self::default() };
        entries.iter().for_each(|entry| liability.add(entry));
        liability
    }

    pub(super) fn add(&mut self, entry: &EntryRow) {
        let running = self.totals.entry(entry.org).or_default();
        running.totals.add(entry);
        if !running.moved {
            running.moved = true;
            self.moved.push(entry.org);
        }
    }

    /// The next entry is at `position` or above.
    pub(super) fn reach(&mut self, position: Position) {
        if position != mark_below(position) {
            return;
        }
        for org in self.moved.drain(..) {
            let running = self.totals.entry(org).or_default();
            running.moved = false;
            self.marks.push(LiabilityMark { org, position, totals: running.totals.clone() });
        }
    }
}
