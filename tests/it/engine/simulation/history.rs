//! Who asked what, when, and what they were told.

use credit_ledger::engine::{Ask, EngineError, Receipt};

/// One try of one caller.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) ask: Ask,
    /// When it was sent, on a clock that counts sends and answers.
    pub(super) sent: u64,
    /// How many events were stored then, and when it was answered.
    pub(super) heads: (u64, u64),
    /// When it was answered, and with what; never, when the engine crashed first.
    pub(super) answer: Option<(u64, Result<Receipt, EngineError>)>,
}

impl Attempt {
    pub(super) fn outcome_name(&self) -> &'static str {
        match &self.answer {
            None => "unanswered",
            Some((_, Ok(receipt))) if receipt.replayed => "replayed",
            Some((_, Ok(_))) => "stored",
            Some((_, Err(error))) => match error {
                EngineError::Rejected(_) => "rejected",
                EngineError::KeyReused => "key-reused",
                EngineError::Overloaded => "overloaded",
                EngineError::Unavailable(_) => "unavailable",
                EngineError::Stopping => "stopping",
                EngineError::OutcomeUnknown(_) => "unknown",
            },
        }
    }

    pub(super) fn receipt(&self) -> Option<&Receipt> {
        self.answer.as_ref().and_then(|(_, answer)| answer.as_ref().ok())
    }

    /// Whether this try may have written an event: not when its answer says that it has not.
    pub(super) fn may_have_written(&self) -> bool {
        ["stored", "unknown", "unanswered"].contains(&self.outcome_name())
    }
}

/// All tries, in the order in which they were sent.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    pub(super) attempts: Vec<Attempt>,
    now: u64,
}

impl History {
    /// Notes that something is sent; returns its number.
    pub(super) fn sent(&mut self, ask: Ask, head: u64) -> usize {
        let sent = self.tick();
        self.attempts.push(Attempt { ask, sent, heads: (head, head), answer: None });
        self.attempts.len() - 1
    }

    pub(super) fn answered(&mut self, attempt: usize, head: u64, answer: Result<Receipt, EngineError>) {
        let now = self.tick();
        self.attempts[attempt].heads.1 = head;
        self.attempts[attempt].answer = Some((now, answer));
    }

    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }
}
