//! Commands on their way to a true answer.

use ledger::Command;

use super::wire::Answered;
use crate::engine::{Ask, EngineError};

/// Commands that are asked until each has an answer.
pub(super) struct Pending(Vec<Slot>);

struct Slot {
    ask: Ask,
    answer: Option<Answered>,
    /// Asked, and no word yet.
    asked: bool,
    /// It was asked, and no one said what became of it.
    unknown: bool,
}

impl Pending {
    pub(super) fn new(asks: Vec<Ask>) -> Self {
        let slot = |ask| Slot { ask, answer: None, asked: false, unknown: false };
        Self(asks.into_iter().map(slot).collect())
    }

    /// Whether every command has its answer.
    pub(super) fn is_settled(&self) -> bool {
        self.0.iter().all(|slot| slot.answer.is_some())
    }

    /// Those without an answer, in order, to be asked now.
    pub(super) fn ask(&mut self) -> Vec<Ask> {
        let open = self.0.iter_mut().filter(|slot| slot.answer.is_none());
        open.map(|slot| {
            slot.asked = true;
            slot.ask.clone()
        })
        .collect()
    }

    /// The answers to those that were asked.
    pub(super) fn answered(&mut self, answers: Vec<Answered>) {
        let mut answers = answers.into_iter();
        for slot in self.0.iter_mut().filter(|slot| slot.asked) {
            slot.asked = false;
            match answers.next() {
                Some(answer) => slot.take(answer),
                None => slot.unknown = true,
            }
        }
    }

    /// What was asked reached nobody.
    pub(super) fn not_taken(&mut self) {
        self.0.iter_mut().for_each(|slot| slot.asked = false);
    }

    /// Nobody will say what became of what was asked.
    pub(super) fn lost(&mut self) {
        for slot in self.0.iter_mut().filter(|slot| slot.asked) {
            slot.asked = false;
            slot.unknown = true;
        }
    }

    /// The answers in order. A command without one was not written, if that is certain.
    pub(super) fn into_answers(self, reason: &str) -> Vec<Answered> {
        let answer = |slot: Slot| match slot.answer {
            Some(answer) => answer,
            None if (slot.asked || slot.unknown) && !slot.ask.dry_run => {
                Err(EngineError::OutcomeUnknown(slot.ask.id))
            }
            None => Err(EngineError::Unavailable(reason.to_owned())),
        };
        self.0.into_iter().map(answer).collect()
    }
}

impl Slot {
    fn take(&mut self, answer: Answered) {
        match answer {
            Ok(mut receipt) => {
                // Nobody else can have asked under the random id of a command without a key.
                receipt.replayed &= !(self.unknown && self.has_own_id());
                self.answer = Some(Ok(receipt));
            }
            Err(error @ (EngineError::Rejected(_) | EngineError::KeyReused | EngineError::Contradicted)) => {
                self.answer = Some(Err(error))
            }
            // That nothing was written is true of this attempt alone.
            Err(error @ (EngineError::Overloaded | EngineError::Unavailable(_))) if !self.unknown => {
                self.answer = Some(Err(error));
            }
            Err(EngineError::Overloaded | EngineError::Unavailable(_) | EngineError::Stopping) => {}
            Err(EngineError::OutcomeUnknown(_)) => self.unknown = true,
        }
    }

    /// Whether the command came without a key. The items of an atomic batch share the key of the whole.
    fn has_own_id(&self) -> bool {
        self.ask.asked.key.is_none() && !matches!(self.ask.command, Command::DeductBatch(_))
    }
}
