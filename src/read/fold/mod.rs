//! All projections at once, one event after the other, with the rows in use in memory.

mod batch;
mod liability;
mod wallets;

use std::{borrow::Borrow, collections::HashMap};

use events::{AppId, IdMap, LedgerId, Position, Recorded};
use projections::{
    Bases, Basis, Changed, EntryRow, Fault, Identity, Poison, ReturnedRow, RuleChanged, Rules, UsageCounts,
    UsageKey, answer, fingerprint, usage,
};

pub use self::{
    batch::{Batch, Found, Kept, LiabilityMark, Missing, Start, TimerChange, WalletMark},
    liability::mark_below,
};
use self::{liability::Liability, wallets::Wallets};

/// Rows in use, and what the events since the last [`Fold::clear`] changed.
#[derive(Debug)]
pub struct Fold {
    ledger: LedgerId,
    start: Position,
    next: Position,
    /// Nothing is forgotten: it folds from the first event on.
    everything: bool,
    wallets: Wallets,
    entries: Vec<EntryRow>,
    answers: Vec<(u64, Position)>,
    returned: IdMap<Position, ReturnedRow>,
    bases: Bases,
    new_bases: Vec<(Position, Basis)>,
    usage: HashMap<UsageKey, UsageCounts>,
    liability: Liability,
    identity: Identity,
    identity_changes: Vec<Changed>,
    rules: Rules,
    rule_changes: Vec<RuleChanged>,
}

/// All rows of a fold of everything.
#[derive(Debug)]
pub(in crate::read) struct Rows {
    pub(super) wallets: IdMap<events::WalletId, Kept>,
    pub(super) returned: IdMap<Position, ReturnedRow>,
    pub(super) bases: Bases,
    pub(super) usage: HashMap<UsageKey, UsageCounts>,
    pub(super) identity: Identity,
    pub(super) rules: Rules,
}

impl Fold {
    /// A fold of `ledger` that goes on from `start` and keeps about `capacity` wallets.
    #[must_use]
    pub fn new(ledger: LedgerId, start: Start, capacity: usize) -> Self {
        Self {
            ledger,
            start: start.checkpoint,
            next: start.checkpoint,
            everything: false,
            wallets: Wallets::new(capacity),
            entries: Vec::new(),
            answers: Vec::new(),
            returned: IdMap::default(),
            bases: Bases::default(),
            new_bases: Vec::new(),
            usage: HashMap::new(),
            liability: Liability::start(start.marks, &start.entries),
            identity: start.identity,
            identity_changes: Vec::new(),
            rules: start.rules,
            rule_changes: Vec::new(),
        }
    }

    /// A fold from the first event on that keeps every row.
    #[must_use]
    pub fn of_everything(ledger: LedgerId) -> Self {
        Self { everything: true, ..Self::new(ledger, Start::default(), usize::MAX) }
    }

    /// The position of the next event.
    #[must_use]
    pub const fn next(&self) -> Position {
        self.next
    }

    /// The rows that `events` need and that are not here.
    pub fn missing(&mut self, events: &[impl Borrow<Recorded>]) -> Missing {
        let mut missing = Missing::default();
        for recorded in events.iter().map(Borrow::borrow) {
            if let Some(wallet) = recorded.wallet()
                && !self.wallets.has(wallet)
            {
                missing.wallets.push(wallet);
            }
            if let Some(of) = ReturnedRow::undone_by(&recorded.event)
                && !self.returned.contains_key(&of)
            {
                missing.returned.push(of);
            }
            let lots = Basis::needed_by(&recorded.event);
            missing.bases.extend(lots.filter(|lot| !self.bases.contains_key(lot)));
        }
        missing.wallets.sort_unstable();
        missing.wallets.dedup();
        missing.bases.sort_unstable();
        missing.bases.dedup();
        missing
    }

    /// Takes in rows as they are at this fold's start.
    pub fn adopt(&mut self, found: Found) {
        found.wallets.into_iter().for_each(|kept| self.wallets.adopt(kept));
        for row in found.returned {
            self.returned.entry(row.of).or_insert(row);
        }
        self.bases.extend(found.bases);
    }

    /// Applies one event to every projection.
    ///
    /// # Errors
    /// When it cannot follow. The fold is of no further use then: what it holds of this batch must
    /// not be written.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<(), Poison> {
        let position = self.next;
        let envelope = &recorded.envelope;
        if envelope.position != position || envelope.ledger != self.ledger {
            return Err(Poison { position, fault: Fault::Chain });
        }
        self.next = position.next();
        match recorded.wallet() {
            Some(wallet) => {
                if let Some(basis) = Basis::of(&recorded.event) {
                    self.bases.insert(position, basis);
                    self.new_bases.push((position, basis));
                }
                let holder = self.wallets.holder(wallet, &recorded.event);
                let parts = self.wallets.apply(wallet, recorded, &self.bases)?;
                if let Some(entry) = EntryRow::of(recorded, parts) {
                    self.liability.add(&entry);
                    self.entries.push(entry);
                }
                self.apply_rest(recorded, holder)?;
            }
            None => {
                self.identity_changes.extend(self.identity.apply(recorded)?);
                self.rule_changes.extend(self.rules.apply(recorded)?);
            }
        }
        self.liability.reach(self.next);
        Ok(())
    }

    /// Counters, answers and what was undone.
    fn apply_rest(&mut self, recorded: &Recorded, holder: Option<AppId>) -> Result<(), Poison> {
        if let Some((key, counts)) = usage(recorded, holder) {
            self.usage.entry(key).or_default().add(&counts);
        }
        if let Some((command, position)) = answer(recorded) {
            self.answers.push((fingerprint(command), position));
        }
        if let Some(of) = ReturnedRow::undone_by(&recorded.event) {
            let before = self.returned.get(&of).copied();
            self.returned.extend(ReturnedRow::apply(before, recorded)?.map(|row| (of, row)));
        }
        Ok(())
    }

    /// What the events since the last [`Self::clear`] changed.
    #[must_use]
    pub fn batch(&self) -> Batch<'_> {
        let mut returned: Vec<ReturnedRow> =
            self.returned.values().filter(|row| row.last >= self.start).copied().collect();
        returned.sort_unstable_by_key(|row| row.of);
        let mut usage: Vec<_> = self.usage.iter().collect();
        usage.sort_unstable_by_key(|(key, _)| *key);
        let (wallets, timers) = self.wallets.changed();
        Batch {
            start: self.start,
            end: self.next,
            wallets,
            timers,
            wallet_marks: &self.wallets.marks,
            entries: &self.entries,
            answers: &self.answers,
            returned,
            bases: &self.new_bases,
            usage,
            liability_marks: &self.liability.marks,
            identity_changes: &self.identity_changes,
            identity: &self.identity,
            rule_changes: &self.rule_changes,
            rules: &self.rules,
        }
    }

    /// Forgets what was written, and rows that were not used lately.
    pub fn clear(&mut self) {
        self.start = self.next;
        self.wallets.clear();
        self.entries.clear();
        self.answers.clear();
        self.new_bases.clear();
        self.liability.marks.clear();
        self.identity_changes.clear();
        self.rule_changes.clear();
        if !self.everything {
            self.returned.clear();
            self.bases.clear();
            self.usage.clear();
        }
    }

    /// The entries since the last [`Self::clear`].
    pub(super) fn entries(&self) -> &[EntryRow] {
        &self.entries
    }

    /// Fingerprint and position of each answer since the last [`Self::clear`].
    pub(super) fn answers(&self) -> &[(u64, Position)] {
        &self.answers
    }

    /// The marks since the last [`Self::clear`].
    pub(super) fn marks(&self) -> (&[WalletMark], &[LiabilityMark]) {
        (&self.wallets.marks, &self.liability.marks)
    }

    /// All rows, of a fold of everything.
    pub(super) fn into_rows(self) -> Rows {
        Rows {
            wallets: self.wallets.into_rows(),
            returned: self.returned,
            bases: self.bases,
            usage: self.usage,
            identity: self.identity,
            rules: self.rules,
        }
    }
}
