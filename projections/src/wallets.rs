//! Wallets with their lots: what each holds now.

use events::{Balances, Class, Credits, Event, LotTerms, OrgId, Position, Recorded, Time, WalletId};

use crate::{Fault, Poison};

/// Bump to rebuild from the first event.
pub(crate) const VERSION: u32 = 1;

/// One wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletRow {
    /// Its id.
    pub id: WalletId,
    /// The organization it belongs to.
    pub org: OrgId,
    /// All credits.
    pub balance: Credits,
    /// What can be spent.
    pub available: Credits,
    /// What holds reserve.
    pub reserved: Credits,
    /// How many events have changed it.
    pub account_seq: u64,
    /// Its last event, checks and refusals included.
    pub last: Position,
    /// Its live lots in burn-down order.
    pub lots: Vec<LotRow>,
}

/// Credits that came in together and are not yet spent or expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotRow {
    /// Position of the purchase or grant.
    pub id: Position,
    /// What is left, above zero.
    pub remaining: Credits,
    /// Class, priority and expiry.
    pub terms: LotTerms,
}

impl LotRow {
    /// Priority, soonest expiry, promotional before paid, oldest.
    fn burn_down_key(&self) -> (u8, Time, Class, Position) {
        let expires = self.terms.expires.unwrap_or(Time::from_micros(i64::MAX));
        (self.terms.priority, expires, self.terms.class, self.id)
    }
}

impl WalletRow {
    /// The row after an event about its wallet, with everything that the event states checked:
    /// `previous`, `accountseq`, organization, slices and the resulting amounts.
    ///
    /// # Errors
    /// When the event cannot follow `row`.
    pub fn apply(row: Option<Self>, recorded: &Recorded) -> Result<Self, Poison> {
        let mut row = match row {
            Some(row) => row,
            None => return Self::open(recorded),
        };
        row.update(recorded)?;
        Ok(row)
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
        let zero = Credits::ZERO;
        let last = envelope.position;
        Ok(Self {
            id,
            org,
            balance: zero,
            available: zero,
            reserved: zero,
            account_seq: 1,
            last,
            lots: Vec::new(),
        })
    }

    /// Applies an event in place. After an error the row is of no further use.
    ///
    /// # Errors
    /// When the event cannot follow this row.
    pub fn update(&mut self, recorded: &Recorded) -> Result<(), Poison> {
        let envelope = &recorded.envelope;
        self.follow(recorded).map_err(|fault| fault.at(envelope.position))?;
        self.last = envelope.position;
        Ok(())
    }

    fn follow(&mut self, recorded: &Recorded) -> Result<(), Fault> {
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
        let moved = self.moved_by(&recorded.event, envelope.position)?;
        self.balance = self.balance.checked_add(moved).ok_or(Fault::Amounts)?;
        self.available = self.balance.checked_sub(self.reserved).ok_or(Fault::Amounts)?;
        let computed = Balances { balance: self.balance, available: self.available, reserved: self.reserved };
        if *stated == computed { Ok(()) } else { Err(Fault::Amounts) }
    }

    /// Moves the event's credits into and out of lots; returns what the balance gained.
    fn moved_by(&mut self, event: &Event, position: Position) -> Result<Credits, Fault> {
        match event {
            Event::CreditsPurchased(e) => self.give(position, e.amount, e.lot),
            Event::CreditsGranted(e) => self.give(position, e.amount, e.lot),
            Event::CreditsDeducted(e) => {
                let taken = sum(e.slices.iter().map(|slice| self.take(slice.lot, slice.amount)))?;
                if taken.checked_add(e.cost) == Some(Credits::ZERO) { Ok(taken) } else { Err(Fault::Amounts) }
            }
            Event::DeductionRolledBack(e) => {
                let given =
                    sum(e.slices.iter().map(|slice| self.give(slice.lot, slice.amount, slice.terms)))?;
                if given == e.amount { Ok(given) } else { Err(Fault::Amounts) }
            }
            Event::CreditsExpired(e) => self.take(e.lot, e.amount),
            Event::CreditsChecked(_) | Event::CommandRefused(_) => Ok(Credits::ZERO),
            Event::WalletOpened(_) => Err(Fault::Opening),
            Event::OrganizationRegistered(_)
            | Event::AppRegistered(_)
            | Event::ApiKeyIssued(_)
            | Event::ApiKeyRevoked(_)
            | Event::WriterChanged(_) => Err(Fault::Subject),
        }
    }

    /// Adds credits to a lot, which comes (back) to life when it is not live.
    fn give(&mut self, id: Position, amount: Credits, terms: LotTerms) -> Result<Credits, Fault> {
        if !amount.is_positive() {
            return Err(Fault::Slice);
        }
        if let Some(lot) = self.lots.iter_mut().find(|lot| lot.id == id) {
            if lot.terms != terms {
                return Err(Fault::Slice);
            }
            lot.remaining = lot.remaining.checked_add(amount).ok_or(Fault::Slice)?;
            return Ok(amount);
        }
        let lot = LotRow { id, remaining: amount, terms };
        let at = self.lots.partition_point(|other| other.burn_down_key() < lot.burn_down_key());
        self.lots.insert(at, lot);
        Ok(amount)
    }

    /// Takes credits from a live lot, which ends when nothing is left.
    fn take(&mut self, id: Position, amount: Credits) -> Result<Credits, Fault> {
        let at = self.lots.iter().position(|lot| lot.id == id).ok_or(Fault::Slice)?;
        let left = self.lots[at].remaining.checked_sub(amount).ok_or(Fault::Slice)?;
        if !amount.is_positive() || left < Credits::ZERO {
            return Err(Fault::Slice);
        }
        if left.is_zero() {
            self.lots.remove(at);
        } else {
            self.lots[at].remaining = left;
        }
        Credits::ZERO.checked_sub(amount).ok_or(Fault::Slice)
    }
}

fn sum(mut amounts: impl Iterator<Item = Result<Credits, Fault>>) -> Result<Credits, Fault> {
    amounts.try_fold(Credits::ZERO, |sum, amount| sum.checked_add(amount?).ok_or(Fault::Slice))
}

#[cfg(test)]
mod tests;
