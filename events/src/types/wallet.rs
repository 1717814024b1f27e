//! What happened to a wallet itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AppId, Asked, Balances, Budget, Credits, Period};

/// `wallet.opened`: a wallet came to be, empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WalletOpened {
    /// Key and request hash; absent when a first purchase or grant opened the wallet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// The wallet afterwards: nothing.
    pub wallet: Balances,
}

/// `wallet.frozen`: nothing is spent or held until it is unfrozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WalletFrozen {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// Why, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `wallet.unfrozen`: spending is possible again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WalletUnfrozen {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// Why, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `wallet.limit_set`: how far the wallet may be overdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LimitSet {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// The agreed overdraft; zero for none.
    pub limit: Credits,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `wallet.cap_set`: how much an app, or a budget that it delegates, may spend in each period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CapSet {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// The app that spends.
    pub app: AppId,
    /// The budget's name; absent for all that the app spends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Over which time.
    pub period: Period,
    /// The most that may be spent in it; absent when the cap is taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Credits>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `wallet.threshold_set`: below which amount the wallet's credits are low.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThresholdSet {
    /// Key and request hash of the command.
    pub asked: Asked,
    /// The amount; absent when nobody wants to know any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Credits>,
    /// The wallet afterwards.
    pub wallet: Balances,
}

/// `wallet.balance_low`: the available credits fell below the threshold. Once for each crossing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BalanceLow {
    /// The threshold.
    pub threshold: Credits,
    /// The wallet as it is.
    pub wallet: Balances,
}
