//! What apps and budgets may spend, and what they have spent in the current period.

use events::{AppId, Budget, CapSet, Credits, Period, Time};

use crate::Fault;

/// What an app, or a budget of it, may spend in each period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapRow {
    /// The app.
    pub app: AppId,
    /// The budget; all that the app spends, when absent.
    pub budget: Option<Budget>,
    /// Over which time.
    pub period: Period,
    /// The most.
    pub amount: Credits,
    /// From when on `used` counts: the beginning of a period, or the setting of the cap within it.
    pub since: Time,
    /// What was spent since then in the same period, without what is held.
    pub used: Credits,
}

impl CapRow {
    /// Whether it counts what `app` spends from `budget`.
    fn counts(&self, app: Option<AppId>, budget: Option<&str>) -> bool {
        Some(self.app) == app && (self.budget.is_none() || self.budget.as_deref() == budget)
    }
}

/// Sets a cap, which counts from now on, or goes on counting when it was set before; or takes it away.
pub(super) fn set(caps: &mut Vec<CapRow>, set: &CapSet, time: Time) -> Result<(), Fault> {
    if set.amount.is_some_and(|amount| amount < Credits::ZERO) {
        return Err(Fault::Amounts);
    }
    let same = |cap: &CapRow| (cap.app, &cap.budget, cap.period) == (set.app, &set.budget, set.period);
    match (caps.iter().position(same), set.amount) {
        (Some(at), Some(amount)) => caps[at].amount = amount,
        (Some(at), None) => drop(caps.remove(at)),
        (None, Some(amount)) => caps.push(CapRow {
            app: set.app,
            budget: set.budget.clone(),
            period: set.period,
            amount,
            since: time,
            used: Credits::ZERO,
        }),
        (None, None) => {}
    }
    Ok(())
}

/// Counts what was spent at `time`.
pub(super) fn spent(
    caps: &mut [CapRow],
    app: Option<AppId>,
    budget: Option<&str>,
    amount: Credits,
    time: Time,
) -> Result<(), Fault> {
    for cap in caps.iter_mut().filter(|cap| cap.counts(app, budget)) {
        let start = cap.period.start(time);
        if cap.since < start {
            (cap.since, cap.used) = (start, Credits::ZERO);
        }
        cap.used = cap.used.checked_add(amount).ok_or(Fault::Amounts)?;
    }
    Ok(())
}

/// Takes back what was counted at `time`, unless that was before the current period or the cap.
pub(super) fn given_back(
    caps: &mut [CapRow],
    app: Option<AppId>,
    budget: Option<&str>,
    amount: Credits,
    time: Time,
) -> Result<(), Fault> {
    for cap in caps.iter_mut().filter(|cap| cap.counts(app, budget)) {
        if cap.since <= time {
            let used = cap.used.checked_sub(amount).filter(|used| *used >= Credits::ZERO);
            cap.used = used.ok_or(Fault::Amounts)?;
        }
    }
    Ok(())
}
