//! When wallets change by themselves: the earliest timers of all committed wallets, as many as memory
//! may hold. The rest waits in the projections.

use std::collections::BTreeSet;

use events::{Time, WalletId};
use ledger::{
    Wallet,
    planted::{self, Bug},
};
use uuid::Uuid;

use super::{
    cold::{LoadedTimers, Timer},
    draft::Moved,
};

/// Every committed wallet's timer below the horizon is in the set. The set may have others, of wallets
/// that the projections knew in an older state: to look at one too many does no harm.
#[derive(Debug)]
pub(super) struct Timers {
    set: BTreeSet<Timer>,
    /// From here on the projections must be asked; none when they have no more.
    horizon: Option<Timer>,
    capacity: usize,
}

impl Timers {
    /// Nothing is known yet.
    pub(super) fn new(capacity: usize) -> Self {
        let first = (Time::from_micros(i64::MIN), WalletId(Uuid::nil()));
        // A page ends with the first timer of the next one.
        let horizon = Some(first).filter(|_| !planted::is(Bug::TimersForgotten));
        Self { set: BTreeSet::new(), horizon, capacity: capacity.max(2) }
    }

    /// When something must be done next.
    pub(super) fn next(&self) -> Option<Time> {
        self.set.first().or(self.horizon.as_ref()).map(|(time, _)| *time)
    }

    /// Where to read on, when timers that are not in memory may be due at `now`.
    pub(super) fn missing(&self, now: Time) -> Option<Timer> {
        self.horizon.filter(|(time, _)| self.set.is_empty() && *time <= now)
    }

    /// How many to read at once.
    pub(super) const fn page(&self) -> usize {
        self.capacity
    }

    /// Takes in what the projections have from the horizon on. Wallets whose last event they had not
    /// seen are all in memory: `wallets`.
    pub(super) fn adopt<'w>(
        &mut self,
        loaded: LoadedTimers,
        wallets: impl Iterator<Item = (WalletId, &'w Wallet)>,
    ) {
        let from = self.horizon;
        let full = loaded.timers.len() >= self.capacity;
        self.set.extend(&loaded.timers);
        self.horizon = if full { self.set.pop_last() } else { None };
        let above = |wallet: &Wallet| wallet.last >= loaded.checkpoint;
        for (id, wallet) in wallets.filter(|(_, wallet)| above(wallet)) {
            if let Some(due) = wallet.due().filter(|due| from.is_none_or(|from| (*due, id) >= from)) {
                self.put((due, id));
            }
        }
    }

    /// At most `limit` timers that are due at `now`, in order.
    pub(super) fn due(&self, now: Time, limit: usize) -> Vec<Timer> {
        self.set.iter().take_while(|(time, _)| *time <= now).take(limit).copied().collect()
    }

    /// Takes one out.
    pub(super) fn take(&mut self, timer: Timer) {
        self.set.remove(&timer);
    }

    /// Puts back what was taken.
    pub(super) fn restore(&mut self, timers: impl IntoIterator<Item = Timer>) {
        timers.into_iter().for_each(|timer| self.put(timer));
    }

    /// Follows a wallet that was committed.
    pub(super) fn follow(&mut self, moved: Moved) {
        let Moved { wallet, before, after } = moved;
        if let Some(before) = before {
            self.set.remove(&(before, wallet));
        }
        if let Some(after) = after {
            self.put((after, wallet));
        }
    }

    fn put(&mut self, timer: Timer) {
        if self.horizon.is_some_and(|horizon| timer >= horizon) {
            return;
        }
        self.set.insert(timer);
        // Half of the room is for what is committed meanwhile.
        if self.set.len() > 2 * self.capacity {
            while self.set.len() > self.capacity {
                self.horizon = self.set.pop_last();
            }
        }
    }
}
