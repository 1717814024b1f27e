//! A wallet as decisions see it.

use events::{
    AppId, Balances, Budget, Credits, OrgId, Period, Position, Refusal, ReturnedSlice, Slice, Slices, Time,
};
use smallvec::SmallVec;

use crate::{Lots, Special};

/// The most open holds of a wallet.
pub const MAX_HOLDS: usize = 100;

/// The most caps of a wallet.
pub const MAX_CAPS: usize = 50;

/// The state of one open wallet. Always: free lots + slices of holds - debt = balance; what holds
/// reserve = `reserved`; and while there is debt there are no free lots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// The organization it belongs to.
    pub org: OrgId,
    /// All credits; below zero only by debt.
    pub balance: Credits,
    /// What holds reserve.
    pub reserved: Credits,
    /// What was overdrawn or taken back after it was spent, zero or more.
    pub debt: Credits,
    /// Whether spending is stopped.
    pub frozen: bool,
    /// How many events have changed it.
    pub account_seq: u64,
    /// Its last event, checks and refusals included.
    pub last: Position,
    /// Its live lots, without what is held.
    pub lots: Lots,
    /// What few wallets have: holds, caps, a credit limit, a threshold.
    pub special: Special,
}

/// Every decision copies its wallet.
const _: () = assert!(size_of::<Wallet>() <= 160, "keep what few wallets have in `Special`");

/// A hold that may still be captured from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenHold {
    /// Position of the hold.
    pub id: Position,
    /// The app that placed it.
    pub app: Option<AppId>,
    /// What it pays for.
    pub service: Box<str>,
    /// The budget that it counts against.
    pub budget: Option<Budget>,
    /// When it is released by itself.
    pub expires: Time,
    /// The most that may be captured in all.
    pub cap: Credits,
    /// What was captured so far.
    pub captured: Credits,
    /// What is still reserved of lots, in order.
    pub slices: SmallVec<[ReturnedSlice; 1]>,
    /// What is still reserved of the credit limit, captured after the slices.
    pub overdrawn: Credits,
}

impl OpenHold {
    /// What is still reserved.
    #[must_use]
    pub fn rest(&self) -> Credits {
        // The parts of what was held once cannot leave the range.
        self.slices.iter().fold(self.overdrawn, |sum, slice| sum.checked_add(slice.amount).unwrap_or(sum))
    }

    /// Takes what a capture of `amount` takes of the slices, in order; `None` never in a sound state.
    pub(crate) fn take(&mut self, amount: Credits) -> Option<Slices> {
        let mut due = amount;
        let mut taken = Slices::new();
        while !due.is_zero() && !self.slices.is_empty() {
            let slice = &mut self.slices[0];
            let part = due.min(slice.amount);
            taken.push(Slice { lot: slice.lot, amount: part });
            due = due.checked_sub(part)?;
            slice.amount = slice.amount.checked_sub(part)?;
            if slice.amount.is_zero() {
                self.slices.remove(0);
            }
        }
        Some(taken)
    }

    /// What may still be captured.
    #[must_use]
    pub fn capturable(&self) -> Credits {
        self.cap.checked_sub(self.captured).unwrap_or(Credits::ZERO)
    }
}

/// What an app, or a budget of it, may spend in each period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
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

impl Wallet {
    /// A wallet that was just opened at `position`.
    #[must_use]
    pub fn empty(org: OrgId, position: Position) -> Self {
        Self {
            org,
            balance: Credits::ZERO,
            reserved: Credits::ZERO,
            debt: Credits::ZERO,
            frozen: false,
            account_seq: 0,
            last: position,
            lots: Lots::default(),
            special: Special::default(),
        }
    }

    /// What is not reserved.
    #[must_use]
    pub fn available(&self) -> Credits {
        // Neither can leave the range: events that would make it so are refused.
        self.balance.checked_sub(self.reserved).unwrap_or(Credits::ZERO)
    }

    /// What can be spent: what is available, and the credit limit.
    #[must_use]
    pub fn spendable(&self) -> Credits {
        self.available().checked_add(self.special.limit).unwrap_or(Credits::MAX)
    }

    /// The amounts that every event about the wallet states.
    #[must_use]
    pub fn balances(&self) -> Balances {
        Balances { balance: self.balance, available: self.available(), reserved: self.reserved }
    }

    /// When the wallet changes by itself next: a hold or a lot expires.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        let holds = self.special.holds.iter().map(|hold| hold.expires);
        holds.chain(self.lots.iter().filter_map(|lot| lot.terms.expires)).min()
    }

    /// How many lots have credits left, free or held.
    #[must_use]
    pub fn live_lots(&self) -> usize {
        self.lots.len() + self.held_lots().iter().filter(|lot| self.lots.get(**lot).is_none()).count()
    }

    /// The lots of which holds reserve something, in order of position.
    pub(crate) fn held_lots(&self) -> Vec<Position> {
        let held = self.special.holds.iter().flat_map(|hold| &hold.slices);
        let mut lots: Vec<Position> = held.map(|slice| slice.lot).collect();
        lots.sort_unstable();
        lots.dedup();
        lots
    }

    /// What is left of a lot, free or held.
    pub(crate) fn left_of(&self, lot: Position) -> Credits {
        let free = self.lots.get(lot).map_or(Credits::ZERO, |lot| lot.remaining);
        let held = self.special.holds.iter().flat_map(|hold| &hold.slices);
        let held = held.filter(|slice| slice.lot == lot).map(|slice| slice.amount);
        // The parts of what once came in cannot leave the range.
        held.fold(free, |sum, part| sum.checked_add(part).unwrap_or(sum))
    }

    /// The open hold at this position.
    #[must_use]
    pub fn hold(&self, id: Position) -> Option<&OpenHold> {
        self.special.holds.iter().find(|hold| hold.id == id)
    }

    pub(crate) fn hold_mut(&mut self, id: Position) -> Option<&mut OpenHold> {
        self.special.holds.iter_mut().find(|hold| hold.id == id)
    }

    /// The caps, for counting: a wallet without any stays plain.
    fn caps_mut(&mut self) -> &mut [Cap] {
        if self.special.caps.is_empty() { &mut [] } else { &mut self.special.caps }
    }

    /// Whether the app's caps, and the budget it names, allow `cost` more.
    ///
    /// # Errors
    /// The refusal when they do not.
    pub(crate) fn within_caps(
        &self,
        app: Option<AppId>,
        budget: Option<&str>,
        cost: Credits,
        now: Time,
    ) -> Result<(), Refusal> {
        let mut known = budget.is_none();
        for cap in self.special.caps.iter().filter(|cap| cap.covers(app, budget)) {
            known |= cap.budget.is_some();
            let spent = if cap.since >= cap.period.start(now) { cap.used } else { Credits::ZERO };
            let held = self.special.holds.iter().filter(|hold| cap.covers(hold.app, hold.budget.as_deref()));
            let used = held.fold(spent, |sum, hold| sum.checked_add(hold.rest()).unwrap_or(Credits::MAX));
            if used.checked_add(cost).is_none_or(|sum| sum > cap.amount) {
                return Err(Refusal::CapExceeded {
                    period: cap.period,
                    cap: cap.amount,
                    used,
                    required: cost,
                });
            }
        }
        if known { Ok(()) } else { Err(Refusal::UnknownBudget) }
    }

    /// Counts what was spent at `time` against the caps.
    pub(crate) fn count_spending(
        &mut self,
        app: Option<AppId>,
        budget: Option<&str>,
        cost: Credits,
        time: Time,
    ) -> Option<()> {
        for cap in self.caps_mut().iter_mut().filter(|cap| cap.covers(app, budget)) {
            let start = cap.period.start(time);
            if cap.since < start {
                (cap.since, cap.used) = (start, Credits::ZERO);
            }
            cap.used = cap.used.checked_add(cost)?;
        }
        Some(())
    }

    /// Takes back what was counted at `spent`, unless that was before the current period or the cap.
    pub(crate) fn forget_spending(
        &mut self,
        app: Option<AppId>,
        budget: Option<&str>,
        amount: Credits,
        spent: Time,
    ) -> Option<()> {
        for cap in self.caps_mut().iter_mut().filter(|cap| cap.covers(app, budget)) {
            if cap.since <= spent {
                cap.used = cap.used.checked_sub(amount).filter(|used| *used >= Credits::ZERO)?;
            }
        }
        Some(())
    }
}

impl Cap {
    /// Whether it counts what `app` spends from `budget`.
    fn covers(&self, app: Option<AppId>, budget: Option<&str>) -> bool {
        Some(self.app) == app && (self.budget.is_none() || self.budget.as_deref() == budget)
    }
}
