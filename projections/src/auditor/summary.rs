//! What a whole log adds up to.

use events::{Credits, Event};

/// Counts of events and sums of micro-credits over a whole log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Events of every type.
    pub events: u64,
    /// Wallets ever opened.
    pub wallets: u64,
    /// Purchases.
    pub purchases: u64,
    /// Grants.
    pub grants: u64,
    /// Checks.
    pub checks: u64,
    /// Deductions.
    pub deductions: u64,
    /// Rollbacks.
    pub rollbacks: u64,
    /// Expiries.
    pub expiries: u64,
    /// Refusals.
    pub refusals: u64,
    /// Micro-credits bought.
    pub purchased: i128,
    /// Micro-credits given.
    pub granted: i128,
    /// Micro-credits spent.
    pub deducted: i128,
    /// Micro-credits given back.
    pub returned: i128,
    /// Micro-credits expired.
    pub expired: i128,
    /// Micro-credits of all wallets at the end.
    pub balances: i128,
}

impl Summary {
    /// What all balances must add up to: what came in less what went out.
    #[must_use]
    pub const fn credits_expected(&self) -> i128 {
        self.purchased + self.granted - self.deducted + self.returned - self.expired
    }

    pub(super) fn count(&mut self, event: &Event) {
        let micros = |amount: Credits| i128::from(amount.micros());
        self.events += 1;
        match event {
            Event::CreditsPurchased(e) => {
                self.purchases += 1;
                self.purchased += micros(e.amount);
            }
            Event::CreditsGranted(e) => {
                self.grants += 1;
                self.granted += micros(e.amount);
            }
            Event::CreditsChecked(_) => self.checks += 1,
            Event::CreditsDeducted(e) => {
                self.deductions += 1;
                self.deducted += micros(e.cost);
            }
            Event::DeductionRolledBack(e) => {
                self.rollbacks += 1;
                self.returned += micros(e.amount);
            }
            Event::CreditsExpired(e) => {
                self.expiries += 1;
                self.expired += micros(e.amount);
            }
            Event::CommandRefused(_) => self.refusals += 1,
            Event::WalletOpened(_)
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
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::OrganizationRegistered(_)
            | Event::AppRegistered(_)
            | Event::ApiKeyIssued(_)
            | Event::ApiKeyRevoked(_)
            | Event::WriterChanged(_) => {}
        }
    }
}
