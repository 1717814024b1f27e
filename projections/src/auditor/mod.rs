//! The fold behind `verify`: recomputes the whole ledger from what the events say happened, and
//! believes no number that it can compute.

mod account;
mod accounts;
mod catalogue;
mod lots;
mod more;
mod perform;
mod records;
mod sequence;
mod spenders;
mod summary;
#[cfg(test)]
mod tests;
mod undoing;
#[cfg(test)]
mod whole_tests;

use events::{CommandId, Envelope, Event, EventId, IdSet, LedgerId, Position, Recorded, Time, WalletId};

pub use self::{account::Account, summary::Summary};
use self::{accounts::Accounts, catalogue::Catalogue, sequence::Sequence, undoing::Undoing};

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

/// Checks events one after the other, from position 0. Memory: about 170 bytes a wallet, 17 bytes a
/// deduction, capture or purchase (which may be undone at any time) and 9 to 18 bytes an answered
/// command.
#[derive(Debug, Default)]
pub struct Auditor {
    next: Position,
    ledger: Option<LedgerId>,
    time: Option<Time>,
    command: Option<(CommandId, u32)>,
    /// Whether all that is known of the current decision is what time caused.
    only_time: bool,
    answered: IdSet<u64>,
    accounts: Accounts,
    sequence: Sequence,
    catalogue: Catalogue,
    undoing: Undoing,
    summary: Summary,
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
            None => self.other_event(recorded),
        });
        checked.map_err(|what| Finding { position, what })?;
        self.next = position.next();
        self.summary.count(&recorded.event);
        Ok(())
    }

    /// What the log adds up to.
    ///
    /// # Errors
    /// When the balances are not what came in less what went out, or the log ends within a batch.
    pub fn finish(&mut self) -> Result<Summary, Finding> {
        self.sequence.end().map_err(|what| Finding { position: self.next, what })?;
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
        let envelope = &recorded.envelope;
        let (event, index) = (&recorded.event, self.command.map_or(0, |(_, index)| index));
        if event.asked().is_some() {
            self.answer(envelope.causation)?;
        }
        self.sequence.follow(wallet, event, envelope.position, index > 0)?;
        let mut holder = None;
        if let Some(account) = self.accounts.get(wallet) {
            self.undoing.check(account.number, event, envelope)?;
            holder = account.holder(event);
        }
        // Each event of a decision is stamped a microsecond after the one before.
        let decided = envelope.time.plus_micros(-i64::from(index));
        self.catalogue.check(envelope.org, event, decided)?;
        // Each expiry before a command warns for itself, and so does the command after them.
        let (first, low) = (index == 0, matches!(event, Event::BalanceLow(_)));
        let begins = first || self.only_time && !low;
        self.only_time = (first || self.only_time) && event.is_of_time();
        let account = self.accounts.apply(wallet, recorded, begins)?;
        self.undoing.keep(account, event, envelope, holder);
        Ok(())
    }

    fn other_event(&mut self, recorded: &Recorded) -> Result<(), Wrong> {
        without_wallet(recorded)?;
        self.sequence.end()?;
        self.catalogue.take_in(recorded)
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
