//! Wallets with their lots and holds: what each holds now.

mod caps;
mod change;
mod holds;
mod lots;
mod moved;
mod moves;

use events::{AppId, Balances, Credits, Event, OrgId, Position, Recorded, Time, WalletId};

use self::change::Change;
pub use self::{
    caps::CapRow,
    holds::HoldRow,
    lots::LotRow,
    moved::{Parts, Value},
};
use crate::{Bases, Fault, Poison};

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 2;

/// One wallet. Free lots + slices of holds - debt = balance; what holds reserve = `reserved`; and
/// while there is debt, there is no free lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletRow {
    /// Its id.
    pub id: WalletId,
    /// The organization it belongs to.
    pub org: OrgId,
    /// All credits; below zero only by debt.
    pub balance: Credits,
    /// What is not reserved.
    pub available: Credits,
    /// What holds reserve.
    pub reserved: Credits,
    /// What was overdrawn or taken back after it was spent, zero or more.
    pub debt: Credits,
    /// The agreed overdraft, zero or more.
    pub limit: Credits,
    /// Below which available amount the credits are low.
    pub threshold: Option<Credits>,
    /// Whether spending is stopped.
    pub frozen: bool,
    /// How many events have changed it.
    pub account_seq: u64,
    /// Its last event, checks and refusals included.
    pub last: Position,
    /// Its live lots in burn-down order, without what is held.
    pub lots: Vec<LotRow>,
    /// Its open holds, in order of position.
    pub holds: Vec<HoldRow>,
    /// What apps and budgets may spend, in the order in which it was set.
    pub caps: Vec<CapRow>,
}

impl WalletRow {
    /// The row after an event about its wallet, and the parts of its movement, with everything that the
    /// event states checked. `bases` knows the lots of [`Basis::needed_by`](crate::Basis::needed_by).
    ///
    /// # Errors
    /// When the event cannot follow `row`.
    pub fn apply(row: Option<Self>, recorded: &Recorded, bases: &Bases) -> Result<(Self, Parts), Poison> {
        let mut row = match row {
            Some(row) => row,
            None => return Ok((Self::open(recorded)?, Parts::default())),
        };
        let parts = row.update(recorded, bases)?;
        Ok((row, parts))
    }

    /// The row of a wallet that `recorded` opens.
    ///
    /// # Errors
    /// When it is not the opening of a wallet, or an impossible one.
    pub fn open(recorded: &Recorded) -> Result<Self, Poison> {
        let envelope = &recorded.envelope;
        let refuse = |fault: Fault| Err(fault.at(envelope.position));
        let Some(id) = recorded.wallet() else {
            return refuse(Fault::Subject);
        };
        let Event::WalletOpened(opened) = &recorded.event else {
            return refuse(Fault::Opening);
        };
        let Some(org) = envelope.org else {
            return refuse(Fault::Organization);
        };
        if envelope.previous.is_some() || envelope.account_seq != Some(1) {
            return refuse(Fault::Chain);
        }
        if opened.wallet != Balances::default() {
            return refuse(Fault::Amounts);
        }
        Ok(Self::empty(id, org, 1, envelope.position))
    }

    /// A wallet with nothing in it and nothing ruled.
    pub(crate) const fn empty(id: WalletId, org: OrgId, account_seq: u64, last: Position) -> Self {
        Self {
            id,
            org,
            balance: Credits::ZERO,
            available: Credits::ZERO,
            reserved: Credits::ZERO,
            debt: Credits::ZERO,
            limit: Credits::ZERO,
            threshold: None,
            frozen: false,
            account_seq,
            last,
            lots: Vec::new(),
            holds: Vec::new(),
            caps: Vec::new(),
        }
    }

    /// Applies an event in place; returns the parts of its movement. After an error the row is of no further use.
    ///
    /// # Errors
    /// When the event cannot follow this row.
    pub fn update(&mut self, recorded: &Recorded, bases: &Bases) -> Result<Parts, Poison> {
        let envelope = &recorded.envelope;
        let parts = self.follow(recorded, bases).map_err(|fault| fault.at(envelope.position))?;
        self.last = envelope.position;
        Ok(parts)
    }

    /// The app that placed the open hold that the event captures from, if it does.
    #[must_use]
    pub fn holder(&self, event: &Event) -> Option<AppId> {
        let Event::HoldCaptured(e) = event else { return None };
        self.holds.iter().find(|hold| hold.id == e.hold)?.app
    }

    /// When the wallet changes by itself next: a hold or a free lot expires.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        let holds = self.holds.iter().map(|hold| hold.expires);
        holds.chain(self.lots.iter().filter_map(|lot| lot.terms.expires)).min()
    }

    fn follow(&mut self, recorded: &Recorded, bases: &Bases) -> Result<Parts, Fault> {
        let envelope = &recorded.envelope;
        if recorded.wallet() != Some(self.id) {
            return Err(Fault::Subject);
        }
        if envelope.org != Some(self.org) {
            return Err(Fault::Organization);
        }
        self.account_seq += u64::from(recorded.event.changes_wallet());
        if envelope.previous != Some(self.last) || envelope.account_seq != Some(self.account_seq) {
            return Err(Fault::Chain);
        }
        let stated = recorded.event.balances().ok_or(Fault::Subject)?;
        let mut change = Change::new(self, bases);
        moves::by(&mut change, recorded)?;
        let moved = change.moved;
        self.balance = self.balance.checked_add(moved.amount).ok_or(Fault::Amounts)?;
        self.available = self.balance.checked_sub(self.reserved).ok_or(Fault::Amounts)?;
        let computed = Balances { balance: self.balance, available: self.available, reserved: self.reserved };
        if *stated != computed {
            return Err(Fault::Amounts);
        }
        if self.debt < Credits::ZERO || self.debt.is_positive() && !self.lots.is_empty() {
            return Err(Fault::Debt);
        }
        Ok(moved.parts)
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod whole_tests;
