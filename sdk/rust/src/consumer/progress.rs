//! How far everything is handled, although events are handled side by side.

use std::collections::VecDeque;

use events::Position;

/// Events that were taken, in order, and which of them are done with.
#[derive(Debug, Default)]
pub(super) struct Progress {
    open: VecDeque<(Position, bool)>,
    reached: Option<Position>,
    noted: Option<Position>,
}

impl Progress {
    /// What an earlier run has reached.
    pub(super) const fn from(reached: Option<Position>) -> Self {
        Self { open: VecDeque::new(), reached, noted: reached }
    }

    /// Takes an event in; one that was taken before doesn't count.
    pub(super) fn begin(&mut self, position: Position) {
        let newest = self.open.back().map(|(newest, _)| *newest).or(self.reached);
        if newest.is_none_or(|newest| newest < position) {
            self.open.push_back((position, false));
        }
    }

    /// The event is done with.
    pub(super) fn finish(&mut self, position: Position) {
        if let Ok(index) = self.open.binary_search_by_key(&position, |(open, _)| *open) {
            self.open[index].1 = true;
        }
        while let Some((done, true)) = self.open.front() {
            self.reached = Some(*done);
            self.open.pop_front();
        }
    }

    /// Up to where everything is done with, when that has moved since it was noted.
    pub(super) fn to_note(&self) -> Option<Position> {
        self.reached.filter(|_| self.reached != self.noted)
    }

    /// It was noted.
    pub(super) const fn noted(&mut self, position: Position) {
        self.noted = Some(position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reached_waits_for_the_slowest() {
        let mut progress = Progress::from(Some(Position(4)));
        for position in [3, 4, 5, 7, 9, 7] {
            progress.begin(Position(position));
        }
        for (done, reached) in [(9, None), (3, None), (5, Some(5)), (5, Some(5)), (7, Some(9))] {
            progress.finish(Position(done));
            assert_eq!(progress.to_note(), reached.map(Position), "after {done}");
        }
        progress.noted(Position(9));
        assert_eq!(progress.to_note(), None);
    }
}
