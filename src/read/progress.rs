//! How far the projections are, seen by everyone who reads them.

use events::Position;
use tokio::sync::watch;

/// The checkpoint, what readers wait for, and whether the projections halted. Shared between the
/// runner that advances it and the readers that follow it.
#[derive(Debug)]
pub struct Progress {
    checkpoint: watch::Sender<Position>,
    wanted: watch::Sender<Position>,
    halted: watch::Sender<Option<String>>,
}

impl Progress {
    /// Starts at a checkpoint.
    #[must_use]
    pub fn at(checkpoint: Position) -> Self {
        let (checkpoint, _) = watch::channel(checkpoint);
        Self { checkpoint, wanted: watch::Sender::new(Position(0)), halted: watch::Sender::new(None) }
    }

    /// The number of events applied, as it advances.
    #[must_use]
    pub fn checkpoint(&self) -> watch::Receiver<Position> {
        self.checkpoint.subscribe()
    }

    /// Why the projections stopped for good, if they did.
    #[must_use]
    pub fn halted(&self) -> Option<String> {
        self.halted.borrow().clone()
    }

    /// Asks for events up to `position` to be applied without delay.
    pub fn hurry(&self, position: Position) {
        self.wanted.send_if_modified(|wanted| {
            let further = position > *wanted;
            *wanted = position.max(*wanted);
            further
        });
    }

    /// Resolves when somebody wants the event at `position` applied, or a later one.
    pub(super) async fn wanted(&self, position: Position) {
        // The sender lives in `self`, so the wait can't end for want of one.
        let _ = self.wanted.subscribe().wait_for(|wanted| *wanted >= position).await;
    }

    /// Forgets wishes for events that do not exist: they would hurry all that are to come.
    pub(super) fn exists_below(&self, head: Position) {
        self.wanted.send_if_modified(|wanted| {
            *wanted = head.min(*wanted);
            false
        });
    }

    /// Rows and filters reflect `checkpoint`.
    pub(super) fn reached(&self, checkpoint: Position) {
        self.checkpoint.send_replace(checkpoint);
    }

    pub(super) fn halt(&self, reason: String) {
        self.halted.send_replace(Some(reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_wish_hurries_the_events_up_to_it_and_no_others() {
        let progress = Progress::at(Position(5));
        assert!(progress.wanted(Position(5)).now_or_never().is_none());
        progress.hurry(Position(6));
        progress.hurry(Position(2));
        assert!(progress.wanted(Position(6)).now_or_never().is_some());
        assert!(progress.wanted(Position(7)).now_or_never().is_none());
    }

    #[test]
    fn a_wish_for_what_does_not_exist_is_forgotten() {
        let progress = Progress::at(Position(5));
        progress.hurry(Position(u64::MAX));
        progress.exists_below(Position(9));
        assert!(progress.wanted(Position(9)).now_or_never().is_some());
        assert!(progress.wanted(Position(10)).now_or_never().is_none());
    }
}
