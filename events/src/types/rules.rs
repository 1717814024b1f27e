//! What an organization has ruled for all of its wallets.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Credits, Time, UnitPrice};

/// `price.set`: what the units of a service cost; its position is the price's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriceSet {
    /// The service.
    pub service: Box<str>,
    /// The price of each unit, by name; none to take the service's price away.
    pub units: BTreeMap<Box<str>, UnitPrice>,
    /// From when on it holds.
    pub valid_from: Time,
    /// Until when, exclusively; for ever, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Time>,
}

/// `organization.policy_set`: how the organization wants its wallets treated. Each one replaces the
/// one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PolicySet {
    /// What a rollback does with credits whose lot has expired.
    pub returned_to_expired: ExpiryPolicy,
    /// Whether a request may state a cost for a service that has a price.
    pub cost_of_priced_service: CostPolicy,
    /// Adjustments above this amount, either way, need a second person; none do, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_above: Option<Credits>,
}

/// What becomes of credits that are given back to a lot that has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum ExpiryPolicy {
    /// They expire again at once.
    #[default]
    Original,
    /// They live for so many microseconds from the rollback on.
    Grace {
        /// How long.
        micros: i64,
    },
    /// They live as long as the lot once did, from the rollback on.
    Reissue,
}

/// Whether an explicit cost is accepted for a service that has a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CostPolicy {
    /// It is.
    #[default]
    Allowed,
    /// It is refused.
    Forbidden,
}
