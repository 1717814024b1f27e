//! What the processes of a cluster send each other: JSON over HTTP, between the same versions.

use events::Position;
use serde::{Deserialize, Serialize};

use crate::engine::{EngineError, Fact, Receipt, Stored};

/// Where commands are posted: a JSON array of asks, answered by an array of [`Answered`] in the same
/// order.
pub const COMMANDS_PATH: &str = "/internal/v1/commands";
/// Where a [`PostedFact`] is posted; answered by [`Noted`].
pub const FACTS_PATH: &str = "/internal/v1/facts";
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

/// A fact on its way to the writer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PostedFact {
    /// The fact.
    pub fact: Fact,
    /// It was first sent after all events below this position: if it was recorded before, then above.
    pub since: Position,
}
