//! What happened to the ledger as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `ledger.writer_changed`: from here on, another writer appends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WriterChanged {
    /// Above the epoch of every earlier writer: a decimal string, like all numbers that grow.
    #[serde(with = "crate::ids::decimal_u64")]
    #[schemars(with = "crate::Position")]
    pub epoch: u64,
}
