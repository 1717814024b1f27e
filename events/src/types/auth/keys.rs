//! The keys that sign tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a signing key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SigningKeyState {
    /// Everybody may learn of it; it signs nothing yet.
    Published,
    /// It signs.
    Active,
    /// It signs no more; what it has signed is still good.
    Retained,
    /// Nothing that it has signed is good.
    Revoked,
}

/// `auth.signing_key_changed`: a key that signs tokens is further in its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SigningKeyChanged {
    /// The key's public id, as in the header of a token.
    pub kid: Box<str>,
    /// How far it is.
    pub state: SigningKeyState,
}
