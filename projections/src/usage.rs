//! What was spent on what: counters by organization, app, service and day.

use events::{AppId, Credits, Event, OrgId, Period, Recorded, Time};

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 2;

/// What a counter counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageKey {
    /// The organization.
    pub org: OrgId,
    /// The app that spent, or placed the hold that was captured; none when an operator did.
    pub app: Option<AppId>,
    /// What was bought.
    pub service: Box<str>,
    /// When the day began, in UTC.
    pub day: Time,
}

/// How often, and how many micro-credits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsageCounts {
    /// Deductions and captures.
    pub spendings: u64,
    /// What they spent.
    pub spent: i128,
    /// Rollbacks, on the day on which they happened.
    pub rollbacks: u64,
    /// What they gave back.
    pub returned: i128,
}

impl UsageCounts {
    /// Adds other counts of the same key.
    pub const fn add(&mut self, other: &Self) {
        self.spendings += other.spendings;
        self.spent += other.spent;
        self.rollbacks += other.rollbacks;
        self.returned += other.returned;
    }

    /// What was spent less what was given back.
    #[must_use]
    pub const fn net(&self) -> i128 {
        self.spent - self.returned
    }
}

/// What an event adds to which counter, if it does. A capture is counted for whoever had placed the
/// hold, which is `holder`, and a rollback for whoever had spent. The first rollbacks name neither app
/// nor service: they are counted for operators, under the empty name, which no service has.
#[must_use]
pub fn usage(recorded: &Recorded, holder: Option<AppId>) -> Option<(UsageKey, UsageCounts)> {
    let envelope = &recorded.envelope;
    let spending = |amount| UsageCounts { spendings: 1, spent: micros(amount), ..UsageCounts::default() };
    let (app, service, counts) = match &recorded.event {
        Event::CreditsDeducted(e) => (envelope.app, e.service.clone(), spending(e.cost)),
        Event::HoldCaptured(e) => (envelope.app.or(holder), e.service.clone(), spending(e.amount)),
        Event::DeductionRolledBack(e) => {
            let returned = micros(e.amount);
            let service = e.service.clone().unwrap_or_default();
            (e.spender, service, UsageCounts { rollbacks: 1, returned, ..UsageCounts::default() })
        }
        Event::WalletOpened(_)
        | Event::CreditsPurchased(_)
        | Event::CreditsGranted(_)
        | Event::CreditsChecked(_)
        | Event::CreditsExpired(_)
        | Event::CommandRefused(_)
        | Event::CreditsHeld(_)
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
        | Event::Auth(_)
        | Event::WriterChanged(_) => return None,
    };
    let day = Period::Day.start(envelope.time);
    Some((UsageKey { org: envelope.org?, app, service, day }, counts))
}

fn micros(amount: Credits) -> i128 {
    i128::from(amount.micros())
}

#[cfg(test)]
mod tests;
