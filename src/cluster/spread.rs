//! Which process writes which ledger: one that writes for more ledgers than another lets that one go
//! first, and hands a ledger over when it is two or more ahead.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use events::LedgerId;
use tokio::sync::watch;
use uuid::Uuid;

/// A process that could not write is given no ledger for so long.
const UNABLE: Duration = Duration::from_secs(60);

/// The processes of the cluster at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// The processes that live and can be reached, and the ledgers that each could write.
    pub live: BTreeMap<Uuid, BTreeSet<LedgerId>>,
    /// Who writes which ledger.
    pub holders: BTreeMap<LedgerId, Uuid>,
}

impl Overview {
    /// For how many ledgers a process writes.
    fn load(&self, process: Uuid) -> usize {
        self.holders.values().filter(|holder| **holder == process).count()
    }

    /// Whether another living process could write the ledger and writes for at least `fewer` ledgers
    /// less than this one.
    fn is_ahead(&self, process: Uuid, ledger: LedgerId, fewer: usize) -> bool {
        let load = self.load(process);
        let could = self.live.iter().filter(|(_, ledgers)| ledgers.contains(&ledger));
        could.into_iter().any(|(other, _)| *other != process && self.load(*other) + fewer <= load)
    }

    /// Whether a process that finds this ledger without a writer lets another one go first.
    #[must_use]
    pub fn yields(&self, process: Uuid, ledger: LedgerId) -> bool {
        self.is_ahead(process, ledger, 1)
    }

    /// The ledger that a process hands over now, if any: its last one that somebody with two ledgers
    /// less could write. One at a time: nothing moves while a ledger that somebody could write has no
    /// writer.
    #[must_use]
    pub fn hands_over(&self, process: Uuid) -> Option<LedgerId> {
        let settled = self.live.values().flatten().all(|ledger| self.holders.contains_key(ledger));
        let own = self.holders.iter().rev().filter(|(_, holder)| **holder == process);
        let mut own = own.map(|(ledger, _)| *ledger).filter(|_| settled);
        own.find(|ledger| self.is_ahead(process, *ledger, 2))
    }
}

/// How the writers are spread, as one process sees it: its nodes, one for each ledger, share this.
pub struct Spread {
    process: Uuid,
    seen: watch::Sender<Overview>,
    unable_until: Mutex<Duration>,
}

impl Spread {
    /// A process that knows of no other yet, and so takes what it gets and keeps it.
    #[must_use]
    pub fn new(process: Uuid) -> Self {
        Self { process, seen: watch::Sender::default(), unable_until: Mutex::default() }
    }

    /// The process that looks.
    #[must_use]
    pub const fn process(&self) -> Uuid {
        self.process
    }

    /// This is how it is now.
    pub fn saw(&self, overview: Overview) {
        self.seen.send_if_modified(|seen| {
            let changed = *seen != overview;
            *seen = overview;
            changed
        });
    }

    /// Whether this process lets another one go first.
    pub(super) fn yields(&self, ledger: LedgerId) -> bool {
        self.seen.borrow().yields(self.process, ledger)
    }

    /// Resolves when this process should hand the ledger over.
    pub(super) async fn hands_over(&self, ledger: LedgerId) {
        let due = |overview: &Overview| overview.hands_over(self.process) == Some(ledger);
        // The sender lives in `self`, so the wait can't end for want of one.
        let _ = self.seen.subscribe().wait_for(due).await;
    }

    /// This process had a lease at `now` (monotonic) and could not write.
    pub(super) fn failed(&self, now: Duration) {
        *self.unable_until.lock().unwrap_or_else(PoisonError::into_inner) = now + UNABLE;
    }

    /// Whether others should leave ledgers to this process at `now` (monotonic).
    #[must_use]
    pub fn is_able(&self, now: Duration) -> bool {
        now >= *self.unable_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spread").field("process", &self.process).finish_non_exhaustive()
    }
}

/// How long this process has let others go first for a ledger that has no writer.
#[derive(Debug, Default)]
pub(super) struct Courtesy {
    free_since: Option<Duration>,
}

impl Courtesy {
    /// Whether to leave the ledger to others at `now`, because they write less and have not had
    /// `time` to take it.
    pub(super) fn lasts(&self, yields: bool, now: Duration, time: Duration) -> bool {
        yields && self.free_since.is_none_or(|since| now < since + time)
    }

    /// The ledger has a writer at `now`, or has none.
    pub(super) fn looked(&mut self, free: bool, now: Duration) {
        self.free_since = free.then(|| self.free_since.unwrap_or(now));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn process(number: usize) -> Uuid {
        Uuid::from_u128(number as u128)
    }

    fn ledger(number: usize) -> LedgerId {
        LedgerId(Uuid::from_u128(1_000 + number as u128))
    }

    /// Processes that could all write every ledger; `holders[i]` writes ledger i.
    fn overview(processes: usize, holders: &[usize]) -> Overview {
        let all: BTreeSet<_> = (0..holders.len()).map(ledger).collect();
        Overview {
            live: (0..processes).map(|number| (process(number), all.clone())).collect(),
            holders: holders.iter().enumerate().map(|(at, holder)| (ledger(at), process(*holder))).collect(),
        }
    }

    #[test]
    fn whoever_is_alone_takes_everything_and_keeps_it() {
        for alone in [Overview::default(), overview(1, &[0, 0, 0])] {
            assert_eq!(alone.hands_over(process(0)), None);
            assert!(!alone.yields(process(0), ledger(0)));
        }
    }

    #[test]
    fn two_ahead_is_too_much_and_one_is_not() {
        assert_eq!(overview(2, &[0, 0]).hands_over(process(0)), Some(ledger(1)));
        assert_eq!(overview(2, &[0, 0]).hands_over(process(1)), None);
        assert_eq!(overview(2, &[0, 1, 0]).hands_over(process(0)), None);
        assert_eq!(overview(3, &[0, 1]).hands_over(process(0)), None);
    }

    #[test]
    fn nothing_moves_while_a_ledger_has_no_writer() {
        let mut unsettled = overview(2, &[0, 0, 0]);
        unsettled.holders.remove(&ledger(2));
        assert_eq!(unsettled.hands_over(process(0)), None);
        assert!(unsettled.yields(process(0), ledger(2)));
        assert!(!unsettled.yields(process(1), ledger(2)));
    }

    #[test]
    fn only_who_knows_a_ledger_is_left_it() {
        let mut older = overview(2, &[0, 0]);
        older.live.insert(process(1), BTreeSet::from([ledger(0)]));
        assert_eq!(older.hands_over(process(0)), Some(ledger(0)));
        assert!(!older.yields(process(0), ledger(1)));
        older.live.insert(process(1), BTreeSet::new());
        assert_eq!(older.hands_over(process(0)), None);
    }

    #[test]
    fn the_dead_are_left_nothing() {
        let mut half_dead = overview(2, &[0, 0]);
        half_dead.live.remove(&process(1));
        assert_eq!(half_dead.hands_over(process(0)), None);
        assert!(!half_dead.yields(process(0), ledger(0)));
    }

    #[test]
    fn courtesy_ends() {
        let (mut courtesy, time) = (Courtesy::default(), Duration::from_secs(1));
        let at = Duration::from_millis;
        assert!(!courtesy.lasts(false, at(0), time));
        assert!(courtesy.lasts(true, at(0), time), "it has not looked yet");
        courtesy.looked(true, at(100));
        courtesy.looked(true, at(600));
        assert!(courtesy.lasts(true, at(1_099), time));
        assert!(!courtesy.lasts(true, at(1_100), time));
        courtesy.looked(false, at(1_100));
        assert!(courtesy.lasts(true, at(1_200), time));
    }

    #[test]
    fn who_could_not_write_is_left_alone_for_a_while() {
        let spread = Spread::new(process(0));
        assert!(spread.is_able(Duration::ZERO));
        spread.failed(Duration::from_secs(5));
        assert!(!spread.is_able(Duration::from_secs(64)));
        assert!(spread.is_able(Duration::from_secs(65)));
    }

    proptest! {
        #[test]
        fn handing_over_ends_when_all_write_nearly_as_much(
            processes in 1_usize..6,
            holders in prop::collection::vec(0_usize..6, 0..24),
        ) {
            let mut now = overview(processes, &holders);
            let moving = |now: &Overview| {
                let mut all = now.holders.values().copied().collect::<BTreeSet<_>>();
                all.retain(|holder| now.live.contains_key(holder));
                all.into_iter().find_map(|from| Some((from, now.hands_over(from)?)))
            };
            let mut moves = 0;
            while let Some((from, ledger)) = moving(&now) {
                now.holders.remove(&ledger);
                // Whoever does not let others go first takes it at once.
                let takers: Vec<_> = now.live.keys().filter(|one| !now.yields(**one, ledger)).copied().collect();
                prop_assert!(!takers.is_empty() && !takers.contains(&from));
                now.holders.insert(ledger, takers[0]);
                moves += 1;
                prop_assert!(moves <= holders.len());
            }
            let loads: Vec<_> = now.live.keys().map(|one| now.load(*one)).collect();
            let (least, most) = (loads.iter().min(), loads.iter().max());
            prop_assert!(most.unwrap_or(&0) - least.unwrap_or(&0) <= 1, "{loads:?}");
        }
    }
}
