//! The readiness of a process that serves several ledgers.

use std::sync::Arc;

use events::{LedgerId, Position};
use serde_json::{Value, json};

use super::Ledger;
use crate::{engine::Commands, http::Readiness, read::Reads};

/// All ledgers of a process, the default one first.
pub(super) struct Several(Vec<Part>);

struct Part {
    ledger: LedgerId,
    commands: Arc<dyn Commands>,
    reads: Arc<dyn Reads>,
    readiness: Arc<dyn Readiness>,
}

impl Several {
    pub(super) fn new(first: &Ledger, others: &[Ledger]) -> Self {
        let part = |ledger: &Ledger| Part {
            ledger: ledger.id,
            commands: Arc::clone(&ledger.commands),
            reads: Arc::clone(&ledger.reads),
            readiness: Arc::clone(&ledger.readiness),
        };
        Self([first].into_iter().chain(others).map(part).collect())
    }
}

impl Part {
    fn told(&self) -> Value {
        let (head, checkpoint) = (self.commands.head(), *self.reads.checkpoint().borrow());
        let mut told = self.readiness.details();
        told["ledger"] = json!(self.ledger);
        told["head"] = json!(head);
        told["checkpoint"] = json!(checkpoint);
        told["lag_events"] = json!(Position(head.get().saturating_sub(checkpoint.get())));
        told["obstacle"] = json!(self.readiness.obstacle());
        told
    }
}

impl Readiness for Several {
    /// One ledger that nobody writes is no reason to send the requests of the others elsewhere.
    fn obstacle(&self) -> Option<String> {
        let mut obstacles = self.0.iter().map(|part| part.readiness.obstacle());
        let first = obstacles.next()??;
        obstacles.all(|obstacle| obstacle.is_some()).then_some(first)
    }

    /// The default ledger's, and below `ledgers` each one's own.
    fn details(&self) -> Value {
        let mut told = self.0.first().map_or_else(|| json!({}), |first| first.readiness.details());
        told["ledgers"] = self.0.iter().map(Part::told).collect();
        told
    }
}
