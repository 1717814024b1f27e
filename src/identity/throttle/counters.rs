//! Counts failures of many things, in bounded memory: after so many, each costs a longer wait.

use std::{hash::Hash, time::Duration};

use hashbrown::HashMap;

/// How failures of one thing slow it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Failures that cost no wait.
    pub free: u32,
    /// The wait after the first failure beyond those; each further one doubles it.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// After how long without a failure, once a wait is over, all are forgotten.
    pub forgotten: Duration,
}

impl Policy {
    /// How long to wait after so many failures.
    fn wait(&self, failures: u32) -> Duration {
        match failures.checked_sub(self.free) {
            None | Some(0) => Duration::ZERO,
            Some(beyond) => {
                let factor = 1_u32.checked_shl(beyond - 1).unwrap_or(u32::MAX);
                self.first.saturating_mul(factor).min(self.longest)
            }
        }
    }
}

/// Failures of one thing.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    failures: u32,
    /// When the last one was, in the time of [`crate::clock::Clock::monotonic`].
    at: Duration,
}

/// Failures by key. Where there is no room left, those who failed least are forgotten first.
#[derive(Debug)]
pub struct Counters<K> {
    policy: Policy,
    room: usize,
    counts: HashMap<K, Count>,
}

impl<K: Hash + Eq> Counters<K> {
    /// Counts of at most `room` keys.
    #[must_use]
    pub fn new(policy: Policy, room: usize) -> Self {
        Self { policy, room, counts: HashMap::new() }
    }

    /// How long this one has to wait at `now`; zero when not at all. `longest` shortens the policy's own.
    #[must_use]
    pub fn wait(&self, key: &K, longest: Duration, now: Duration) -> Duration {
        let Some(count) = self.counts.get(key) else { return Duration::ZERO };
        let wait = self.policy.wait(count.failures).min(longest);
        (count.at + wait).saturating_sub(now)
    }

    /// Whether this one failed and that is not forgotten.
    #[must_use]
    pub fn knows(&self, key: &K, now: Duration) -> bool {
        self.counts.get(key).is_some_and(|count| !self.policy.forgets(count, now))
    }

    /// Counts one failure.
    pub fn strike(&mut self, key: K, now: Duration) {
        if self.counts.len() >= self.room && !self.counts.contains_key(&key) {
            self.make_room(now);
        }
        let count = self.counts.entry(key).or_default();
        if self.policy.forgets(count, now) {
            count.failures = 0;
        }
        *count = Count { failures: count.failures.saturating_add(1), at: now };
    }

    /// Takes one failure back.
    pub fn pardon(&mut self, key: &K) {
        if let Some(count) = self.counts.get_mut(key) {
            count.failures = count.failures.saturating_sub(1);
            if count.failures == 0 {
                self.counts.remove(key);
            }
        }
    }

    /// Forgets what this one did.
    pub fn clear(&mut self, key: &K) {
        self.counts.remove(key);
    }

    fn make_room(&mut self, now: Duration) {
        let policy = self.policy;
        self.counts.retain(|_, count| !policy.forgets(count, now));
        if self.counts.len() < self.room {
            return;
        }
        let mut all: Vec<_> = self.counts.values().map(|count| (count.failures, count.at)).collect();
        let middle = all.len() / 2;
        let (_, least, _) = all.select_nth_unstable(middle);
        let least = *least;
        // Equals go too, or a table of equals would have no room at all.
        self.counts.retain(|_, count| (count.failures, count.at) > least);
    }
}

impl Policy {
    fn forgets(&self, count: &Count, now: Duration) -> bool {
        now >= count.at + self.wait(count.failures) + self.forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        free: 3,
        first: Duration::from_secs(1),
        longest: Duration::from_secs(60),
        forgotten: Duration::from_secs(600),
    };

    fn waited(counters: &Counters<u32>, key: u32, now: Duration) -> u64 {
        counters.wait(&key, Duration::MAX, now).as_secs()
    }

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_wait() {
        let mut counters = Counters::new(POLICY, 10);
        let now = Duration::from_secs(1_000);
        let waits: Vec<_> = (0..12)
            .map(|_| {
                counters.strike(1, now);
                waited(&counters, 1, now)
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(waited(&counters, 2, now), 0, "others do not wait");
        assert_eq!(counters.wait(&1, Duration::from_secs(5), now), Duration::from_secs(5));
        assert_eq!(waited(&counters, 1, now + Duration::from_secs(59)), 1);
        assert_eq!(waited(&counters, 1, now + Duration::from_secs(60)), 0);
        (0..100).for_each(|_| counters.strike(1, now));
        assert_eq!(waited(&counters, 1, now), 60, "no overflow");
    }

    #[test]
    fn failures_are_forgotten_after_a_while_and_not_before() {
        let now = Duration::from_secs(1_000);
        let mut counters = Counters::new(POLICY, 10);
        (0..6).for_each(|_| counters.strike(1, now));
        assert!(counters.knows(&1, now + Duration::from_secs(603)));
        assert!(!counters.knows(&1, now + Duration::from_secs(604)));
        counters.strike(1, now + Duration::from_secs(604));
        assert_eq!(waited(&counters, 1, now + Duration::from_secs(604)), 0, "it begins anew");
    }

    #[test]
    fn a_pardon_takes_one_failure_back() {
        let mut counters = Counters::new(POLICY, 10);
        let now = Duration::from_secs(1_000);
        (0..4).for_each(|_| counters.strike(1, now));
        counters.pardon(&1);
        assert_eq!(waited(&counters, 1, now), 0);
        (0..3).for_each(|_| counters.pardon(&1));
        assert!(counters.counts.is_empty());
        counters.pardon(&1);
    }

    #[test]
    fn the_worst_stay_when_there_is_no_room() {
        let mut counters = Counters::new(POLICY, 100);
        let now = Duration::from_secs(1_000);
        (0..20).for_each(|_| counters.strike(0, now));
        for key in 1..10_000 {
            counters.strike(key, now);
            assert!(counters.counts.len() <= 100);
        }
        assert_eq!(waited(&counters, 0, now), 60);
        counters.strike(10_000, now + Duration::from_secs(3_600));
        assert!(!counters.counts.contains_key(&0) || counters.counts.len() <= 100);
    }
}
