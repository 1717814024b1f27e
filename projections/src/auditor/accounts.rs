//! Wallets as an auditor recomputes them: smaller than rows, and by code of their own.

use events::{Balances, Credits, Event, OrgId, Position, Recorded, WalletId};

use super::Wrong;
use crate::IdMap;

/// A wallet recomputed from slices.
#[derive(Debug)]
pub struct Account {
    balance: i64,
    seq: u64,
    last: u64,
    /// Which of the organizations seen.
    org: u32,
    number: u32,
    /// Id and remaining micro-credits, in no particular order.
    lots: Vec<(u64, i64)>,
}

impl Account {
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

    /// What is left of each live lot, in no particular order.
    pub fn lots(&self) -> impl ExactSizeIterator<Item = (Position, Credits)> {
        self.lots.iter().map(|(lot, remaining)| (Position(*lot), Credits::from_micros(*remaining)))
    }

    /// Counts the wallets, in the order in which they were opened.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    fn give(&mut self, lot: Position, amount: Credits) -> Result<(), Wrong> {
        let micros = positive(amount)?;
        self.balance = self.balance.checked_add(micros).ok_or("the balance leaves the range of credits")?;
        match self.lots.iter_mut().find(|(id, _)| *id == lot.get()) {
            // A part of the balance, which is in range.
            Some((_, remaining)) => *remaining += micros,
            None => self.lots.push((lot.get(), micros)),
        }
        Ok(())
    }

    fn take(&mut self, lot: Position, amount: Credits) -> Result<i64, Wrong> {
        let micros = positive(amount)?;
        let found = self.lots.iter().position(|(id, _)| *id == lot.get());
        let at = found.ok_or_else(|| format!("lot {lot} is not live"))?;
        let rest = self.lots[at].1 - micros;
        if rest < 0 {
            return Err(format!(
                "lot {lot} holds {}, less than {amount}",
                Credits::from_micros(self.lots[at].1)
            ));
        }
        if rest == 0 {
            self.lots.swap_remove(at);
        } else {
            self.lots[at].1 = rest;
        }
        self.balance -= micros;
        Ok(rest)
    }

    /// Does to the wallet what the event says was done.
    fn perform(&mut self, event: &Event, position: Position) -> Result<(), Wrong> {
        match event {
            Event::CreditsPurchased(e) => self.give(position, e.amount),
            Event::CreditsGranted(e) => self.give(position, e.amount),
            Event::CreditsDeducted(e) => {
                e.slices.iter().try_for_each(|slice| self.take(slice.lot, slice.amount).map(drop))?;
                adds_up(e.cost, e.slices.iter().map(|slice| slice.amount))
            }
            Event::DeductionRolledBack(e) => {
                e.slices.iter().try_for_each(|slice| self.give(slice.lot, slice.amount))?;
                adds_up(e.amount, e.slices.iter().map(|slice| slice.amount))
            }
            Event::CreditsExpired(e) => match self.take(e.lot, e.amount)? {
                0 => Ok(()),
                rest => {
                    Err(format!("lot {} expired, yet {} of it are left", e.lot, Credits::from_micros(rest)))
                }
            },
            Event::CreditsChecked(_)
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
            | Event::BalanceLow(_) => Ok(()),
            Event::WalletOpened(_) => Err("the wallet was opened before".to_owned()),
            Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::OrganizationRegistered(_)
            | Event::AppRegistered(_)
            | Event::ApiKeyIssued(_)
            | Event::ApiKeyRevoked(_)
            | Event::WriterChanged(_) => Err("its subject is a wallet, its type is not".to_owned()),
        }
    }
}

fn positive(amount: Credits) -> Result<i64, Wrong> {
    if amount.is_positive() {
        Ok(amount.micros())
    } else {
        Err(format!("an amount of {amount} is not above zero"))
    }
}

fn adds_up(stated: Credits, slices: impl Iterator<Item = Credits>) -> Result<(), Wrong> {
    let sum: i128 = slices.map(|amount| i128::from(amount.micros())).sum();
    if sum == i128::from(stated.micros()) {
        return Ok(());
    }
    Err(format!("it says {stated}, its slices make {sum} micro-credits"))
}

/// All wallets.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    by_wallet: IdMap<WalletId, Account>,
    orgs: Vec<OrgId>,
}

impl Accounts {
    pub(super) fn get(&self, wallet: WalletId) -> Option<&Account> {
        self.by_wallet.get(&wallet)
    }

    pub(super) fn len(&self) -> usize {
        self.by_wallet.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (WalletId, &Account)> {
        self.by_wallet.iter().map(|(wallet, account)| (*wallet, account))
    }

    /// Applies a wallet's event and holds everything it states against the result; returns the
    /// account's number.
    pub(super) fn apply(&mut self, wallet: WalletId, recorded: &Recorded) -> Result<u32, Wrong> {
        let envelope = &recorded.envelope;
        let org = envelope.org.ok_or("it names no organization")?;
        if !self.by_wallet.contains_key(&wallet) {
            return self.open(wallet, org, recorded);
        }
        let account = self.by_wallet.get_mut(&wallet).ok_or("the wallet was never opened")?;
        if self.orgs.get(account.org as usize) != Some(&org) {
            return Err(format!("it names organization {org}, which the wallet does not belong to"));
        }
        if envelope.previous != Some(Position(account.last)) {
            return Err(format!(
                "`previous` is {:?}, the wallet's last event is {}",
                envelope.previous, account.last
            ));
        }
        account.last = envelope.position.get();
        account.seq += u64::from(recorded.event.changes_wallet());
        account.perform(&recorded.event, envelope.position)?;
        states(account, recorded)?;
        Ok(account.number)
    }

    fn open(&mut self, wallet: WalletId, org: OrgId, recorded: &Recorded) -> Result<u32, Wrong> {
        let envelope = &recorded.envelope;
        if !matches!(recorded.event, Event::WalletOpened(_)) {
            return Err(format!("wallet {wallet} was never opened"));
        }
        if let Some(previous) = envelope.previous {
            return Err(format!("`previous` is {previous}, yet it is the wallet's first event"));
        }
        let known = self.orgs.iter().rposition(|seen| *seen == org);
        let org_number = known.unwrap_or_else(|| {
            self.orgs.push(org);
            self.orgs.len() - 1
        });
        let number = self.by_wallet.len() as u32;
        let last = envelope.position.get();
        let account = Account { balance: 0, seq: 1, last, org: org_number as u32, number, lots: Vec::new() };
        states(&account, recorded)?;
        self.by_wallet.insert(wallet, account);
        Ok(number)
    }
}

/// Holds what the event states of the wallet against the wallet.
fn states(account: &Account, recorded: &Recorded) -> Result<(), Wrong> {
    if recorded.envelope.account_seq != Some(account.seq) {
        let stated = recorded.envelope.account_seq;
        return Err(format!(
            "`accountseq` is {stated:?}, but {} events have changed the wallet",
            account.seq
        ));
    }
    let stated = recorded.event.balances().ok_or("it states no balance")?;
    let balance = account.balance();
    // No event reserves credits yet.
    if *stated == (Balances { balance, available: balance, reserved: Credits::ZERO }) {
        return Ok(());
    }
    Err(format!(
        "it states a balance of {} ({} available), its slices make {balance}",
        stated.balance, stated.available
    ))
}
