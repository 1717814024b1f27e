//! Bugs on demand, so that a test can show that the simulation finds them. Without the feature
//! `planted-bugs` there are none, and nothing of this is left in the binary.

/// A mistake that somebody could make here or in the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Callers are answered when their group is decided, not when it is stored.
    AnswerBeforeCommit,
    /// A key that was used within the same group is not noticed.
    NoDedupeInGroup,
    /// What a group decided is kept although the log did not take it.
    FailedGroupKept,
    /// An append is repeated behind whatever another writer has appended.
    HeadNotCompared,
    /// Callers of a group whose fate is unknown are told that nothing was written.
    UnknownCalledFailure,
    /// A new engine does not ask which timers the projections have.
    TimersForgotten,
    /// A new engine does not see in the tail what was given back.
    ReturnedForgotten,
    /// All events of a decision name the same previous event.
    PreviousWrong,
    /// A dry run is stored.
    DryRunStored,
    /// A released hold stays open.
    HoldReleasedTwice,
    /// Captures do not look at the hold's cap.
    CaptureAboveCap,
    /// A command does not let expire what is due before it.
    ExpirySkipped,
    /// Debt is paid without taking anything from the lots that pay it.
    SettledNotTaken,
    /// The items of an atomic batch before the refused one stay.
    BatchLeavesPart,
}

#[cfg(feature = "planted-bugs")]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Whether this bug is planted in this thread.
    #[must_use]
    pub fn is(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }

    /// Plants a bug in this thread, or, with none, takes it out again.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }
}

#[cfg(feature = "planted-bugs")]
pub use switch::{is, plant};

/// Whether this bug is planted: never.
#[cfg(not(feature = "planted-bugs"))]
#[must_use]
pub const fn is(_bug: Bug) -> bool {
    false
}

#[cfg(all(feature = "planted-bugs", not(debug_assertions)))]
compile_error!("planted bugs are for tests, never for a release");
