//! Answers on their way to their callers.

use std::sync::{Arc, OnceLock};

use events::{CommandId, Recorded};
use tokio::sync::oneshot;

use super::{EngineError, Receipt};

type Answered = Result<Receipt, EngineError>;

/// Where the answer to a command goes. Dropping it says that the outcome is unknown.
#[derive(Debug)]
pub(super) enum Answer {
    /// To a caller that asked this alone.
    One(oneshot::Sender<Answered>),
    /// Into the answer to many commands, at this place.
    OfMany(Arc<Many>, usize),
}

/// The answers to many commands. The caller is told when the last of them is there, or is lost.
#[derive(Debug)]
pub(super) struct Many {
    slots: Vec<(CommandId, OnceLock<Answered>)>,
    caller: Option<oneshot::Sender<Vec<Answered>>>,
}

impl Many {
    pub(super) fn new(
        ids: impl Iterator<Item = CommandId>,
        caller: oneshot::Sender<Vec<Answered>>,
    ) -> Arc<Self> {
        Arc::new(Self { slots: ids.map(|id| (id, OnceLock::new())).collect(), caller: Some(caller) })
    }
}

impl Drop for Many {
    fn drop(&mut self) {
        let answers = self.slots.drain(..);
        let answers =
            answers.map(|(id, slot)| slot.into_inner().unwrap_or(Err(EngineError::OutcomeUnknown(id))));
        if let Some(caller) = self.caller.take() {
            // A caller that no longer waits finds the answers again by repeating its keys.
            let _ = caller.send(answers.collect());
        }
    }
}

impl Answer {
    pub(super) fn send(self, answered: Answered) {
        match self {
            // A caller that no longer waits finds the answer again by repeating its key.
            Self::One(caller) => drop(caller.send(answered)),
            // Each place is filled once.
            Self::OfMany(many, at) => drop(many.slots[at].1.set(answered)),
        }
    }
}

/// An answer that waits for its group.
pub(super) enum Reply {
    Receipt(Answer, Answered),
    Recorded(oneshot::Sender<Result<Arc<Recorded>, EngineError>>, Result<Arc<Recorded>, EngineError>),
}

impl Reply {
    /// Tells the caller.
    pub(super) fn send(self) {
        match self {
            Self::Receipt(answer, result) => answer.send(result),
            Self::Recorded(answer, result) => drop(answer.send(result)),
        }
    }

    /// Tells the caller that nothing was written.
    pub(super) fn fail(self, error: &EngineError) {
        match self {
            Self::Receipt(answer, _) => answer.send(Err(error.clone())),
            Self::Recorded(answer, _) => drop(answer.send(Err(error.clone()))),
        }
    }
}
