//! A wallet as an auditor recomputes it: smaller than a row, and by code of its own.

use events::{AppId, Balances, Credits, Event, Position, Slice};

use super::{
    Wrong,
    lots::{Lot, Terms},
    more::More,
};
use crate::{HoldRow, LotRow, WalletRow};

/// A wallet recomputed from slices. Amounts are micro-credits.
#[derive(Debug)]
pub struct Account {
    pub(super) balance: i64,
    pub(super) seq: u64,
    pub(super) last: u64,
    /// Which of the organizations seen.
    pub(super) org: u32,
    pub(super) number: u32,
    /// In no particular order.
    lots: Vec<Lot>,
    /// What few wallets have.
    more: Option<Box<More>>,
}

impl Account {
    /// A wallet that was just opened at `last`.
    pub(super) const fn new(last: u64, org: u32, number: u32) -> Self {
        Self { balance: 0, seq: 1, last, org, number, lots: Vec::new(), more: None }
    }

    /// All credits.
    #[must_use]
    pub const fn balance(&self) -> Credits {
        Credits::from_micros(self.balance)
    }

    /// How many events have changed it.
    #[must_use]
    pub const fn account_seq(&self) -> u64 {
        self.seq
    }

    /// Its last event.
    #[must_use]
    pub const fn last(&self) -> Position {
        Position(self.last)
    }

    /// What is left of each live lot, without what is held, in no particular order.
    pub fn lots(&self) -> impl ExactSizeIterator<Item = (Position, Credits)> {
        self.lots.iter().map(|lot| (Position(lot.id), Credits::from_micros(lot.left)))
    }

    /// Whether a projected row says the same of everything that is recomputed here.
    #[must_use]
    pub fn equals(&self, row: &WalletRow) -> bool {
        let mut lots = self.lots.clone();
        let lot = |lot: &LotRow| Lot {
            id: lot.id.get(),
            left: lot.remaining.micros(),
            terms: Terms::of(&lot.terms),
        };
        let mut projected: Vec<_> = row.lots.iter().map(lot).collect();
        lots.sort_unstable();
        projected.sort_unstable();
        let amounts = Balances { balance: row.balance, available: row.available, reserved: row.reserved };
        let place = (row.account_seq, row.last.get()) == (self.seq, self.last);
        place && lots == projected && self.states(&amounts) && self.equals_more(row)
    }

    fn equals_more(&self, row: &WalletRow) -> bool {
        let nothing = More::default();
        let more = self.more.as_deref().unwrap_or(&nothing);
        let rests = more.holds.iter().map(|hold| (hold.id, hold.captured, Some(hold.rest())));
        let row_rest = |hold: &HoldRow| hold.rest().map(Credits::micros);
        let caps = more.caps.iter().map(|cap| (cap.app, cap.amount, cap.since, cap.used));
        (more.debt, more.limit, more.frozen) == (row.debt.micros(), row.limit.micros(), row.frozen)
            && more.threshold == row.threshold.map(Credits::micros)
            && rests.eq(row.holds.iter().map(|hold| (hold.id, hold.captured.micros(), row_rest(hold))))
            && caps
                .eq(row.caps.iter().map(|cap| (cap.app, cap.amount.micros(), cap.since, cap.used.micros())))
    }

    /// Whether these are the wallet's amounts.
    pub(super) fn states(&self, stated: &Balances) -> bool {
        let reserved = self.more.as_ref().map_or(0, |more| more.reserved);
        (stated.balance.micros(), stated.reserved.micros()) == (self.balance, reserved)
            && self.balance.checked_sub(reserved) == Some(stated.available.micros())
    }

    /// The app that placed the open hold that the event captures from, if it does.
    pub(super) fn holder(&self, event: &Event) -> Option<AppId> {
        let Event::HoldCaptured(e) = event else { return None };
        self.more.as_ref()?.holds.iter().find(|hold| hold.id == e.hold)?.app
    }

    /// What is not reserved.
    pub(super) fn available(&self) -> i64 {
        self.balance.saturating_sub(self.more.as_ref().map_or(0, |more| more.reserved))
    }

    /// What few wallets have, when it has any of it.
    pub(super) fn some_more(&mut self) -> Option<&mut More> {
        self.more.as_deref_mut()
    }

    /// The same, to be changed.
    pub(super) fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    pub(super) fn debt(&self) -> i64 {
        self.more.as_ref().map_or(0, |more| more.debt)
    }

    pub(super) fn credit(&mut self, micros: i64) -> Result<(), Wrong> {
        self.balance = self.balance.checked_add(micros).ok_or("the balance leaves the range of credits")?;
        Ok(())
    }

    /// Adds credits to a lot, new or not; a live one keeps its terms.
    pub(super) fn give(&mut self, id: u64, micros: i64, terms: Terms) -> Result<(), Wrong> {
        match self.lots.iter_mut().find(|lot| lot.id == id) {
            Some(lot) => {
                lot.left = lot.left.checked_add(micros).ok_or("a lot leaves the range of credits")?;
            }
            None => self.lots.push(Lot { id, left: micros, terms }),
        }
        Ok(())
    }

    /// The terms of a live lot.
    pub(super) fn terms_of(&self, lot: Position) -> Option<Terms> {
        self.lots.iter().find(|live| live.id == lot.get()).map(|live| live.terms)
    }

    /// Takes credits out of a lot; what is left of it.
    pub(super) fn take(&mut self, lot: Position, amount: Credits) -> Result<i64, Wrong> {
        let micros = positive(amount)?;
        let found = self.lots.iter().position(|live| live.id == lot.get());
        let at = found.ok_or_else(|| format!("lot {lot} is not live"))?;
        let left = &mut self.lots[at].left;
        if *left < micros {
            return Err(format!("lot {lot} holds {}, less than {amount}", Credits::from_micros(*left)));
        }
        *left -= micros;
        let rest = *left;
        if rest == 0 {
            self.lots.swap_remove(at);
        }
        Ok(rest)
    }

    /// Takes slices out of lots, each out of the one that burns down first.
    pub(super) fn burn(&mut self, slices: &[Slice]) -> Result<(), Wrong> {
        for slice in slices {
            let first = self.lots.iter().min_by_key(|lot| lot.burn_down_key()).map(|lot| lot.id);
            self.take(slice.lot, slice.amount)?;
            if let Some(first) = first.filter(|first| *first != slice.lot.get()) {
                return Err(format!("it takes from lot {}, though lot {first} burns down first", slice.lot));
            }
        }
        Ok(())
    }

    /// Adds to the debt, which no lot may stand beside.
    pub(super) fn owe(&mut self, amount: Credits) -> Result<(), Wrong> {
        match amount.micros() {
            0 => Ok(()),
            micros if micros < 0 => Err(format!("a debt of {amount} is below zero")),
            micros => {
                let more = self.more();
                more.debt = more.debt.checked_add(micros).ok_or("the debt leaves the range of credits")?;
                Ok(())
            }
        }
    }

    /// Takes off the debt.
    pub(super) fn pay(&mut self, micros: i64) -> Result<(), Wrong> {
        if micros == 0 {
            return Ok(());
        }
        let debt = self.debt();
        if !(0..=debt).contains(&micros) {
            return Err(format!("{micros} micro-credits of debt are paid, {debt} are owed"));
        }
        self.more().debt -= micros;
        Ok(())
    }

    /// Pays debt out of lots; the balance stays.
    pub(super) fn settle(&mut self, slices: &[Slice]) -> Result<(), Wrong> {
        self.burn(slices)?;
        slices.iter().try_for_each(|slice| self.pay(slice.amount.micros()))
    }

    /// Debt and free lots exclude each other.
    pub(super) fn owes_nothing_it_could_pay(&self) -> Result<(), Wrong> {
        if self.debt() == 0 || self.lots.is_empty() {
            return Ok(());
        }
        Err(format!("{} are owed, though lots have credits", Credits::from_micros(self.debt())))
    }
}

/// The micro-credits of an amount above zero.
pub(super) fn positive(amount: Credits) -> Result<i64, Wrong> {
    if amount.is_positive() {
        Ok(amount.micros())
    } else {
        Err(format!("an amount of {amount} is not above zero"))
    }
}
