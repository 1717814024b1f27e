//! Prices and policies of organizations.

use std::collections::BTreeMap;

use events::{Event, IdMap, OrgId, PolicySet, Position, PriceSet, Recorded, Subject};

use crate::{Fault, Poison};

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 1;

/// One version of a service's price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRow {
    /// The event that set it: the price's version.
    pub version: Position,
    /// Whose price it is.
    pub org: OrgId,
    /// What was set.
    pub set: PriceSet,
}

/// An organization's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// Whose policy it is.
    pub org: OrgId,
    /// The event that set it.
    pub version: Position,
    /// What was set.
    pub set: PolicySet,
}

/// The row that an event made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleChanged {
    /// A new version of a price, by position.
    Price(Position),
    /// An organization's policy.
    Policy(OrgId),
}

/// All rules. They are few: organizations and what they sell, not wallets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Every version of every price, in order of position.
    pub prices: BTreeMap<Position, PriceRow>,
    /// The latest policy of each organization that has set one.
    pub policies: IdMap<OrgId, PolicyRow>,
}

impl Rules {
    /// Applies an event; tells which row it made or changed.
    ///
    /// # Errors
    /// When a rule is about anything but an organization, or named by another one than that.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<Option<RuleChanged>, Poison> {
        let version = recorded.envelope.position;
        match &recorded.event {
            Event::PriceSet(set) => {
                let org = organization(recorded)?;
                self.prices.insert(version, PriceRow { version, org, set: set.clone() });
                Ok(Some(RuleChanged::Price(version)))
            }
            Event::PolicySet(set) => {
                let org = organization(recorded)?;
                self.policies.insert(org, PolicyRow { org, version, set: *set });
                Ok(Some(RuleChanged::Policy(org)))
            }
            Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::CreditsChecked(_)
            | Event::CreditsDeducted(_)
            | Event::DeductionRolledBack(_)
            | Event::CreditsExpired(_)
            | Event::CommandRefused(_)
            | Event::CreditsHeld(_)
            | Event::HoldCaptured(_)
            | Event::HoldExtended(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::PurchaseRefunded(_)
            | Event::AdjustmentProposed(_)
            | Event::CreditsAdjusted(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_)
            | Event::Auth(_)
            | Event::WriterChanged(_) => Ok(None),
        }
    }

    /// Every version of the prices of an organization, in order of position.
    pub fn prices_of(&self, org: OrgId) -> impl Iterator<Item = &PriceRow> {
        self.prices.values().filter(move |price| price.org == org)
    }

    /// The organization's policy: that of nobody who ever set one, when it has not.
    #[must_use]
    pub fn policy_of(&self, org: OrgId) -> PolicySet {
        self.policies.get(&org).map_or_else(PolicySet::default, |row| row.set)
    }
}

/// The organization that a rule is about.
fn organization(recorded: &Recorded) -> Result<OrgId, Poison> {
    let position = recorded.envelope.position;
    match recorded.envelope.subject {
        Subject::Organization(org) if recorded.envelope.org == Some(org) => Ok(org),
        Subject::Organization(_) => Err(Fault::Organization.at(position)),
        Subject::Wallet(_) | Subject::App(_) | Subject::User(_) | Subject::Group(_) | Subject::Ledger(_) => {
            Err(Fault::Subject.at(position))
        }
    }
}

#[cfg(test)]
mod tests;
