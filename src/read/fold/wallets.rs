//! Rows of wallets in use, and what a batch changes of them.

use std::mem;

use events::{AppId, Event, IdMap, Recorded, Time, WalletId};
use projections::{Bases, Parts, Poison, WalletRow};

use super::{Kept, TimerChange, WalletMark};

/// Events of a wallet between two marks.
const MARK_EVERY: u64 = 64;

/// Recently used rows in two generations: when the young one is full, the old one is forgotten.
#[derive(Debug)]
pub(super) struct Wallets {
    young: IdMap<WalletId, Used>,
    old: IdMap<WalletId, Used>,
    capacity: usize,
    batch: u64,
    changed: Vec<WalletId>,
    pub(super) marks: Vec<WalletMark>,
}

/// A row, the batch that changed it last, and the timer that is stored for it.
#[derive(Debug)]
struct Used {
    kept: Kept,
    batch: u64,
    timer: Option<Time>,
}

impl Wallets {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            young: IdMap::default(),
            old: IdMap::default(),
            capacity,
            batch: 1,
            changed: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// Whether the row is here; it is used now.
    pub(super) fn has(&mut self, wallet: WalletId) -> bool {
        if self.young.contains_key(&wallet) {
            return true;
        }
        let old = self.old.remove(&wallet);
        old.is_some_and(|used| self.young.insert(wallet, used).is_none())
    }

    /// Takes in a row as it is stored.
    pub(super) fn adopt(&mut self, kept: Kept) {
        let timer = kept.row.due();
        self.young.entry(kept.row.id).or_insert(Used { kept, batch: 0, timer });
    }

    /// The app that placed the open hold that the event captures from, if it does.
    pub(super) fn holder(&self, wallet: WalletId, event: &Event) -> Option<AppId> {
        self.young.get(&wallet)?.kept.row.holder(event)
    }

    /// Applies an event about `wallet`; returns the parts of its movement.
    pub(super) fn apply(
        &mut self,
        wallet: WalletId,
        recorded: &Recorded,
        bases: &Bases,
    ) -> Result<Parts, Poison> {
        let batch = self.batch;
        let Some(used) = self.young.get_mut(&wallet) else {
            let kept = Kept { row: WalletRow::open(recorded)?, events: 1 };
            self.young.insert(wallet, Used { kept, batch, timer: None });
            self.changed.push(wallet);
            return Ok(Parts::default());
        };
        let parts = used.kept.row.update(recorded, bases)?;
        used.kept.events += 1;
        if mem::replace(&mut used.batch, batch) != batch {
            self.changed.push(wallet);
        }
        if used.kept.events.is_multiple_of(MARK_EVERY) {
            self.marks.push(mark(&used.kept.row));
        }
        Ok(parts)
    }

    /// The wallets that changed, in order of id, so that neighbours are written to one page after the
    /// other; and their timers that changed.
    pub(super) fn changed(&self) -> (Vec<&Kept>, Vec<TimerChange>) {
        let mut used: Vec<&Used> = self.changed.iter().filter_map(|id| self.young.get(id)).collect();
        used.sort_unstable_by_key(|used| used.kept.row.id);
        let timer = |used: &&Used| {
            let (wallet, due) = (used.kept.row.id, used.kept.row.due());
            (due != used.timer).then_some(TimerChange { wallet, due })
        };
        let timers = used.iter().filter_map(timer).collect();
        (used.into_iter().map(|used| &used.kept).collect(), timers)
    }

    /// Everything was written; rows that were not used lately are forgotten.
    pub(super) fn clear(&mut self) {
        for id in self.changed.drain(..) {
            if let Some(used) = self.young.get_mut(&id) {
                used.timer = used.kept.row.due();
            }
        }
        self.batch += 1;
        self.marks.clear();
        if self.young.len() > self.capacity / 2 {
            self.old = mem::take(&mut self.young);
        }
    }

    /// The rows in memory.
    pub(super) fn into_rows(self) -> IdMap<WalletId, Kept> {
        self.young.into_iter().chain(self.old).map(|(id, used)| (id, used.kept)).collect()
    }
}

fn mark(row: &WalletRow) -> WalletMark {
    let mut state = Vec::with_capacity(16 + 24 * row.lots.len());
    row.pack(&mut state);
    WalletMark { wallet: row.id, last: row.last, account_seq: row.account_seq, state }
}
