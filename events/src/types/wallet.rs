//! What happened to a wallet itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Asked, Balances};

/// `wallet.opened`: a wallet came to be, empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WalletOpened {
    /// Key and request hash; absent when a first purchase or grant opened the wallet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// The wallet afterwards: nothing.
    pub wallet: Balances,
}
