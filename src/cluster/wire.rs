//! What the processes of a cluster send each other: JSON over HTTP, between the same versions.

use events::{LedgerId, Position};
use serde::{Deserialize, Serialize};

use crate::engine::{EngineError, Fact, Receipt, Stored};

/// Below which path each ledger has its own.
const LEDGERS: &str = "/internal/v1/ledgers/";
/// The status by which a process says that it does not write.
pub const NOT_THE_WRITER: u16 = 421;

/// Commands in one request, unless a single batch has more.
pub const COMMANDS_MAX: usize = 500;
/// Bytes after which no further commands join a request.
pub const BYTES_MAX: usize = 4 << 20;
/// The most bytes of a request: a batch and all that joined it before.
pub const BODY_BYTES_MAX: usize = 32 << 20;

/// The answer to one command.
pub type Answered = Result<Receipt, EngineError>;
/// The answer to a fact.
pub type Noted = Result<Stored, EngineError>;

/// What is posted to the writer of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// A JSON array of asks, answered by an array of [`Answered`] in the same order.
    Commands,
    /// A [`PostedFact`], answered by [`Noted`].
    Fact,
}

impl Posted {
    const ALL: [Self; 2] = [Self::Commands, Self::Fact];

    const fn word(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Fact => "facts",
        }
    }

    /// Where it is posted, such as `/internal/v1/ledgers/<id>/commands`.
    #[must_use]
    pub fn path(self, ledger: LedgerId) -> String {
        format!("{LEDGERS}{ledger}/{}", self.word())
    }

    /// What is posted to this path, and to which ledger.
    #[must_use]
    pub fn parse(path: &str) -> Option<(LedgerId, Self)> {
        let (ledger, word) = path.strip_prefix(LEDGERS)?.split_once('/')?;
        let posted = Self::ALL.into_iter().find(|posted| posted.word() == word)?;
        Some((ledger.parse().ok()?, posted))
    }
}

/// A fact on its way to the writer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PostedFact {
    /// The fact.
    pub fact: Fact,
    /// It was first sent after all events below this position: if it was recorded before, then above.
    pub since: Position,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_ledger() {
        let ledger = LedgerId(uuid::Uuid::from_u128(7));
        for posted in Posted::ALL {
            assert_eq!(Posted::parse(&posted.path(ledger)), Some((ledger, posted)));
        }
        for path in ["", "/internal/v1/commands", "/internal/v1/ledgers/7/commands", "/v1/events"] {
            assert_eq!(Posted::parse(path), None, "{path}");
        }
        assert_eq!(Posted::parse(&format!("{LEDGERS}{ledger}/")), None);
    }
}
