//! Taking in what was stored before this process began.

use std::sync::Arc;

use events::{Event, Position, Recorded, Subject};
use ledger::{
    EvolveError, evolve,
    planted::{self, Bug},
};

use super::Core;
use crate::engine::LoadedRules;

/// A stored event does not follow from the state before it: nothing can be decided on such a log.
#[derive(Debug, thiserror::Error)]
#[error("the event at position {position} does not follow from the state before it: {error}")]
pub struct Inconsistent {
    /// The event.
    pub position: Position,
    /// What is wrong.
    pub error: EvolveError,
}

impl Core {
    /// Takes in the rules that the projections have.
    pub(in crate::engine) fn adopt_rules(&mut self, loaded: LoadedRules) {
        self.rules = loaded.rules.into_iter().map(|(org, rules)| (org, Arc::new(rules))).collect();
    }

    /// Applies a stored event of the tail; its wallet must have been adopted. `rules_from` is the
    /// checkpoint of the rules that were adopted.
    pub(in crate::engine) fn replay(
        &mut self,
        recorded: &Recorded,
        rules_from: Position,
    ) -> Result<(), Inconsistent> {
        let position = recorded.envelope.position;
        if let Some(id) = recorded.wallet() {
            let before = self.wallets.get(id).cloned();
            // The projections may have gone on since the tail began: their row then has the event.
            if before.as_ref().is_none_or(|wallet| wallet.last < position) {
                let after = evolve(before, recorded).map_err(|error| Inconsistent { position, error })?;
                self.wallets.put(id, after);
            }
            if recorded.event.asked().is_some() {
                self.answers.put(recorded.envelope.causation, position);
            }
            if !planted::is(Bug::ReturnedForgotten) {
                self.returned.follow(&recorded.event, position);
            }
        } else if let Subject::Organization(org) = recorded.envelope.subject
            && is_rule(&recorded.event)
            && position >= rules_from
        {
            Arc::make_mut(self.rules.entry(org).or_default()).apply(&recorded.event, position);
        }
        self.head = position.next();
        self.last_time = recorded.envelope.time;
        self.draft.time = self.last_time;
        Ok(())
    }
}

/// Whether the event is about prices or policy.
pub(super) const fn is_rule(event: &Event) -> bool {
    matches!(event, Event::PriceSet(_) | Event::PolicySet(_))
}
