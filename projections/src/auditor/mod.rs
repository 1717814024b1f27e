//! The fold behind `verify`: recomputes the whole ledger from what the events say happened, and
//! believes no number that it can compute.

mod accounts;
mod deductions;
mod summary;
#[cfg(test)]
mod tests;

use events::{
    CommandId, DeductionRolledBack, Envelope, Event, EventId, LedgerId, Position, Recorded, Time, WalletId,
};
use hashbrown::hash_map::Entry;

pub use self::{accounts::Account, summary::Summary};
use self::{accounts::Accounts, deductions::Deductions};
use crate::{IdMap, IdSet};

/// The first thing that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("position {position}: {what}")]
pub struct Finding {
    /// Where.
    pub position: Position,
    /// What, in words for a person.
    pub what: String,
}

/// What is wrong with one event.
type Wrong = String;

/// Checks events one after the other, from position 0. Memory: about 150 bytes a wallet, 12 bytes a
/// deduction (which a rollback may name at any time) and 9 to 18 bytes an answered command.
#[derive(Debug, Default)]
pub struct Auditor {
    next: Position,
    ledger: Option<LedgerId>,
    time: Option<Time>,
    command: Option<(CommandId, u32)>,
    answered: IdSet<u64>,
    accounts: Accounts,
    deductions: Deductions,
    /// Deductions that were rolled back, in part at least.
    returnable: IdMap<u64, Returnable>,
    summary: Summary,
}

/// What may still be given back of a deduction.
#[derive(Debug)]
struct Returnable {
    /// The account's number.
    owner: u32,
    /// Micro-credits in all.
    taken: i128,
    /// Micro-credits by lot.
    left: Vec<(u64, i64)>,
}

impl Auditor {
    /// An auditor before the first event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks the event stored at `position`.
    ///
    /// # Errors
    /// What is wrong with it; the auditor is of no further use then.
    pub fn check(&mut self, position: Position, recorded: &Recorded) -> Result<(), Finding> {
        let checked = self.envelope(position, &recorded.envelope).and_then(|()| match recorded.wallet() {
            Some(wallet) => self.wallet_event(wallet, recorded),
            None => without_wallet(recorded),
        });
        checked.map_err(|what| Finding { position, what })?;
        self.next = position.next();
        self.summary.count(&recorded.event);
        Ok(())
    }

    /// What the log adds up to.
    ///
    /// # Errors
    /// When the balances are not what came in less what went out.
    pub fn finish(&mut self) -> Result<Summary, Finding> {
        let balances = self.accounts.iter().map(|(_, account)| i128::from(account.balance().micros())).sum();
        let summary = Summary { wallets: self.accounts.len() as u64, balances, ..self.summary.clone() };
        if summary.credits_expected() == balances {
            return Ok(summary);
        }
        let expected = summary.credits_expected();
        let what = format!("the balances add up to {balances} micro-credits, the movements to {expected}");
        Err(Finding { position: self.next, what })
    }

    /// How many events were checked.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.next
    }

    /// A wallet as recomputed.
    #[must_use]
    pub fn account(&self, wallet: WalletId) -> Option<&Account> {
        self.accounts.get(wallet)
    }

    /// Every wallet as recomputed.
    pub fn accounts(&self) -> impl Iterator<Item = (WalletId, &Account)> {
        self.accounts.iter()
    }

    fn envelope(&mut self, position: Position, envelope: &Envelope) -> Result<(), Wrong> {
        if position != self.next || envelope.position != position {
            let (due, says) = (self.next, envelope.position);
            return Err(format!(
                "positions are not dense: {due} is due, {position} is stored, the event says {says}"
            ));
        }
        let ledger = *self.ledger.get_or_insert(envelope.ledger);
        if envelope.ledger != ledger {
            return Err(format!("it belongs to ledger {}, the log to {ledger}", envelope.ledger));
        }
        if let Some(before) = self.time.replace(envelope.time)
            && envelope.time <= before
        {
            return Err(format!("its time {} is not later than {before}, the time before", envelope.time));
        }
        let command = envelope.causation;
        let index = match self.command {
            Some((before, index)) if before == command => index + 1,
            Some(_) | None => 0,
        };
        self.command = Some((command, index));
        self.event_id(envelope.id, command, index)
    }

    fn event_id(&self, id: EventId, command: CommandId, index: u32) -> Result<(), Wrong> {
        if id == command.event(index) {
            return Ok(());
        }
        Err(format!("its id {id} is not that of event {index} of command {command}"))
    }

    fn wallet_event(&mut self, wallet: WalletId, recorded: &Recorded) -> Result<(), Wrong> {
        if recorded.event.asked().is_some() {
            self.answer(recorded.envelope.causation)?;
        }
        let position = recorded.envelope.position;
        match &recorded.event {
            Event::DeductionRolledBack(rollback) => {
                let account = self.accounts.get(wallet).map(Account::number);
                let account = account.ok_or("the wallet was never opened")?;
                self.give_back(account, rollback)?;
            }
            Event::CreditsDeducted(_)
            | Event::WalletOpened(_)
            | Event::CreditsPurchased(_)
            | Event::CreditsGranted(_)
            | Event::CreditsChecked(_)
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
            | Event::PriceSet(_)
            | Event::PolicySet(_)
            | Event::OrganizationRegistered(_)
            | Event::AppRegistered(_)
            | Event::ApiKeyIssued(_)
            | Event::ApiKeyRevoked(_)
            | Event::WriterChanged(_) => {}
        }
        let account = self.accounts.apply(wallet, recorded)?;
        if let Event::CreditsDeducted(deducted) = &recorded.event {
            self.deductions.push(position, account, &deducted.slices);
        }
        Ok(())
    }

    /// A command is answered once. Its id is kept as 64 of its 122 hash bits: that two of ten million
    /// commands share them by chance is less likely than one in a hundred thousand.
    fn answer(&mut self, command: CommandId) -> Result<(), Wrong> {
        let (high, low) = command.0.as_u64_pair();
        // Version and variant bits are constant; turned, each falls on hash bits of the other half.
        if self.answered.insert(high ^ low.rotate_left(32)) {
            return Ok(());
        }
        Err(format!("command {command} was answered before"))
    }

    /// Checks each slice of a rollback against what is left of the deduction's.
    fn give_back(&mut self, account: u32, rollback: &DeductionRolledBack) -> Result<(), Wrong> {
        let deduction = rollback.deduction;
        let open = match self.returnable.entry(deduction.get()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let found = self.deductions.find(deduction);
                let (owner, left) =
                    found.ok_or_else(|| format!("{deduction}, which it gives back, is no deduction"))?;
                entry.insert(Returnable { owner, taken: total(&left), left })
            }
        };
        if open.owner != account {
            return Err(format!("deduction {deduction}, which it gives back, is another wallet's"));
        }
        for slice in &rollback.slices {
            let of_lot = open.left.iter_mut().find(|(lot, _)| *lot == slice.lot.get());
            let (lot, rest) =
                of_lot.ok_or_else(|| format!("the deduction took nothing from lot {}", slice.lot))?;
            *rest = rest.checked_sub(slice.amount.micros()).filter(|rest| *rest >= 0).ok_or_else(|| {
                format!("more is given back to lot {lot} than deduction {deduction} took from it")
            })?;
        }
        let returned = open.taken - total(&open.left);
        if returned == i128::from(rollback.returned.micros()) {
            return Ok(());
        }
        Err(format!(
            "it says {} were given back in all, the slices make {returned} micro-credits",
            rollback.returned
        ))
    }
}

fn total(slices: &[(u64, i64)]) -> i128 {
    slices.iter().map(|(_, amount)| i128::from(*amount)).sum()
}

/// Events about no wallet have no place in a wallet's chain.
fn without_wallet(recorded: &Recorded) -> Result<(), Wrong> {
    let envelope = &recorded.envelope;
    let type_name = recorded.event.event_type().as_str();
    if recorded.event.balances().is_some() {
        return Err(format!("{type_name} is about a wallet, its subject is not"));
    }
    if envelope.previous.is_some() || envelope.account_seq.is_some() {
        return Err(format!("{type_name} is about no wallet, yet it claims a place in a wallet's history"));
    }
    Ok(())
}
