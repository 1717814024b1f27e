//! What happened to the ledger as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `ledger.writer_changed`: from here on, another writer appends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WriterChanged {
    /// Counts the writers of this ledger, from 1.
    pub epoch: u64,
}
