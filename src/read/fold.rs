//! All projections at once, one event after the other, with the rows in use in memory.

use std::mem;

use events::{LedgerId, Position, Recorded, WalletId};
use projections::{
    Changed, EntryRow, Fault, IdMap, IdSet, Identity, Poison, ReturnedRow, WalletRow, answer, fingerprint,
};

/// Rows of wallets in use, and what the events since the last [`Fold::clear`] changed.
#[derive(Debug)]
pub struct Fold {
    ledger: LedgerId,
    start: Position,
    next: Position,
    /// Recently used rows in two generations: when the young one is full, the old one is forgotten.
    young: IdMap<WalletId, Held>,
    old: IdMap<WalletId, Held>,
    capacity: usize,
    batch: u64,
    changed: Vec<WalletId>,
    entries: Vec<EntryRow>,
    answers: Vec<(u64, Position)>,
    returned: IdMap<Position, ReturnedRow>,
    identity: Identity,
    identity_changes: Vec<Changed>,
}

/// A row, and the batch that changed it last.
#[derive(Debug)]
struct Held {
    row: WalletRow,
    batch: u64,
}

/// Rows that a page of events needs and that are not in memory.
#[derive(Debug, Default)]
pub struct Missing {
    /// Wallets, those that the page opens among them: one that exists already must not open again.
    pub wallets: Vec<WalletId>,
    /// Deductions that the page gives back.
    pub returned: Vec<Position>,
}

/// What a run of events changed.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The first event of the run.
    pub start: Position,
    /// The position after its last event.
    pub end: Position,
    /// Each wallet that changed, as it is now, in order of id.
    pub wallets: Vec<&'a WalletRow>,
    /// The entries, in order of position.
    pub entries: &'a [EntryRow],
    /// Fingerprint of each answered command, and where its answer is.
    pub answers: &'a [(u64, Position)],
    /// What was given back of deductions, as it is now.
    pub returned: Vec<ReturnedRow>,
    /// The identity rows that changed, by name.
    pub identity_changes: &'a [Changed],
    /// All identity rows.
    pub identity: &'a Identity,
}

impl Fold {
    /// A fold that has applied `checkpoint` events of `ledger` and keeps about `capacity` wallets.
    #[must_use]
    pub fn new(ledger: LedgerId, checkpoint: Position, identity: Identity, capacity: usize) -> Self {
        Self {
            ledger,
            start: checkpoint,
            next: checkpoint,
            young: IdMap::default(),
            old: IdMap::default(),
            capacity,
            batch: 1,
            changed: Vec::new(),
            entries: Vec::new(),
            answers: Vec::new(),
            returned: IdMap::default(),
            identity,
            identity_changes: Vec::new(),
        }
    }

    /// A fold from the first event on that keeps every row.
    #[must_use]
    pub fn of_everything(ledger: LedgerId) -> Self {
        Self::new(ledger, Position(0), Identity::default(), usize::MAX)
    }

    /// The position of the next event.
    #[must_use]
    pub const fn next(&self) -> Position {
        self.next
    }

    /// The rows that `events` need and that are not here.
    pub fn missing(&mut self, events: &[Recorded]) -> Missing {
        let mut wallets = IdSet::default();
        let mut missing = Missing::default();
        for recorded in events {
            if let Some(wallet) = recorded.wallet()
                && !self.young.contains_key(&wallet)
            {
                if let Some(held) = self.old.remove(&wallet) {
                    self.young.insert(wallet, held);
                } else if wallets.insert(wallet) {
                    missing.wallets.push(wallet);
                }
            }
            if let Some(deduction) = ReturnedRow::deduction_of(&recorded.event)
                && !self.returned.contains_key(&deduction)
            {
                missing.returned.push(deduction);
            }
        }
        missing
    }

    /// Takes in rows as they are at this fold's start.
    pub fn adopt(&mut self, wallets: Vec<WalletRow>, returned: Vec<ReturnedRow>) {
        for row in wallets {
            self.young.entry(row.id).or_insert(Held { row, batch: 0 });
        }
        for row in returned {
            self.returned.entry(row.deduction).or_insert(row);
        }
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
        let Some(wallet) = recorded.wallet() else {
            self.identity_changes.extend(self.identity.apply(recorded)?);
            return Ok(());
        };
        self.apply_wallet(wallet, recorded)?;
        self.entries.extend(EntryRow::of(recorded));
        if let Some((command, position)) = answer(recorded) {
            self.answers.push((fingerprint(command), position));
        }
        if let Some(deduction) = ReturnedRow::deduction_of(&recorded.event) {
            let before = self.returned.get(&deduction).copied();
            self.returned.extend(ReturnedRow::apply(before, recorded)?.map(|row| (deduction, row)));
        }
        Ok(())
    }

    fn apply_wallet(&mut self, wallet: WalletId, recorded: &Recorded) -> Result<(), Poison> {
        let batch = self.batch;
        if let Some(held) = self.young.get_mut(&wallet) {
            held.row.update(recorded)?;
            if mem::replace(&mut held.batch, batch) != batch {
                self.changed.push(wallet);
            }
            return Ok(());
        }
        let row = WalletRow::open(recorded)?;
        self.young.insert(wallet, Held { row, batch });
        self.changed.push(wallet);
        Ok(())
    }

    /// What the events since the last [`Self::clear`] changed.
    #[must_use]
    pub fn batch(&self) -> Batch<'_> {
        let mut wallets: Vec<&WalletRow> =
            self.changed.iter().filter_map(|id| self.young.get(id)).map(|held| &held.row).collect();
        // In order of id, so that neighbours are written to one page after the other.
        wallets.sort_unstable_by_key(|row| row.id);
        let mut returned: Vec<ReturnedRow> =
            self.returned.values().filter(|row| row.last >= self.start).copied().collect();
        returned.sort_unstable_by_key(|row| row.deduction);
        Batch {
            start: self.start,
            end: self.next,
            wallets,
            entries: &self.entries,
            answers: &self.answers,
            returned,
            identity_changes: &self.identity_changes,
            identity: &self.identity,
        }
    }

    /// Forgets what was written, and rows that were not used lately.
    pub fn clear(&mut self) {
        self.start = self.next;
        self.batch += 1;
        self.changed.clear();
        self.entries.clear();
        self.answers.clear();
        self.identity_changes.clear();
        if self.capacity != usize::MAX {
            self.returned.clear();
        }
        if self.young.len() > self.capacity / 2 {
            self.old = mem::take(&mut self.young);
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

    pub(super) const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The wallets and the returned amounts in memory: all there are, in a fold of everything.
    pub(super) fn into_rows(self) -> (IdMap<WalletId, WalletRow>, IdMap<Position, ReturnedRow>) {
        let wallets = self.young.into_iter().chain(self.old).map(|(id, held)| (id, held.row)).collect();
        (wallets, self.returned)
    }
}
