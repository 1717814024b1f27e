//! Which events were met, and what `prev` says is missing between them.

use events::Position;

use super::Start;

/// What is missing before a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing.
    None,
    /// Everything after this position, or from the first event on.
    After(Option<Position>),
}

/// The last event that was met.
#[derive(Debug)]
pub(super) struct Seen {
    last: Option<Position>,
    start: Start,
}

impl Seen {
    pub(super) const fn from(reached: Option<Position>, start: Start) -> Self {
        Self { last: reached, start }
    }

    /// What is missing before the message at `position`, whose event before it is `prev`.
    pub(super) fn gap(&self, position: Position, prev: Option<Position>) -> Gap {
        match (self.last, prev) {
            // A repetition, or one that came late.
            (Some(last), _) if position <= last => Gap::None,
            (Some(last), Some(prev)) if prev <= last => Gap::None,
            // Without `prev` it claims to be our first, which it isn't: the feed knows.
            (Some(last), _) => Gap::After(Some(last)),
            (None, Some(_)) if self.start == Start::FirstEvent => Gap::After(None),
            (None, _) => Gap::None,
        }
    }

    pub(super) fn meet(&mut self, position: Position) {
        self.last = self.last.max(Some(position));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_what_prev_names_and_nobody_met() {
        let at = |number| Some(Position(number));
        let gap = |last, prev| Seen::from(last, Start::FirstEvent).gap(Position(20), prev);
        assert_eq!(gap(at(10), at(10)), Gap::None);
        assert_eq!(gap(at(10), at(15)), Gap::After(at(10)));
        assert_eq!(gap(at(10), None), Gap::After(at(10)));
        assert_eq!(gap(at(10), at(5)), Gap::None, "nothing lies between 10 and 20");
        assert_eq!(gap(at(20), at(15)), Gap::None, "a repetition");
        assert_eq!(gap(at(30), at(15)), Gap::None, "late");
        assert_eq!(gap(None, None), Gap::None, "the first of all");
        assert_eq!(gap(None, at(15)), Gap::After(None));
        assert_eq!(Seen::from(None, Start::FirstMessage).gap(Position(20), at(15)), Gap::None);
    }

    #[test]
    fn what_was_met_never_goes_back() {
        let mut seen = Seen::from(None, Start::FirstEvent);
        for position in [5, 9, 7] {
            seen.meet(Position(position));
        }
        assert_eq!(seen.gap(Position(10), Some(Position(9))), Gap::None);
    }
}
