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
    /// Holds.
    pub holds: u64,
    /// Captures of holds.
    pub captures: u64,
    /// Refunds and chargebacks of purchases.
    pub refunds: u64,
    /// Corrections.
    pub adjustments: u64,
    /// Micro-credits bought.
    pub purchased: i128,
    /// Micro-credits given.
    pub granted: i128,
    /// Micro-credits spent by deductions.
    pub deducted: i128,
    /// Micro-credits spent from holds.
    pub captured: i128,
    /// Micro-credits of purchases that were taken back.
    pub refunded: i128,
    /// Micro-credits that corrections added, less those they took.
    pub adjusted: i128,
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
        let came = self.purchased + self.granted + self.returned + self.adjusted;
        came - self.deducted - self.captured - self.refunded - self.expired
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
            Event::CreditsHeld(_) => self.holds += 1,
            Event::HoldCaptured(e) => {
                self.captures += 1;
                self.captured += micros(e.amount);
            }
            Event::PurchaseRefunded(e) => {
                self.refunds += 1;
                self.refunded += micros(e.amount);
            }
            Event::CreditsAdjusted(e) => {
                self.adjustments += 1;
                self.adjusted += micros(e.amount);
            }
            Event::WalletOpened(_)
            | Event::HoldExtended(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::AdjustmentProposed(_)
            | Event::WalletFrozen(_)
            | Event::WalletUnfrozen(_)
            | Event::LimitSet(_)
            | Event::CapSet(_)
            | Event::ThresholdSet(_)
            | Event::BalanceLow(_)
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::Auth(_)
            | Event::WriterChanged(_) => {}
        }
    }
}
