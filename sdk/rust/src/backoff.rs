//! Waits between attempts, without end: longer each time, and never the same for two consumers.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

/// The waits of one thing that is tried.
#[derive(Debug)]
pub(crate) struct Backoff {
    least: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) const fn new((least, most): (Duration, Duration)) -> Self {
        Self { least, most, failures: 0 }
    }

    /// Something worked: the next wait is a short one.
    pub(crate) const fn reset(&mut self) {
        self.failures = 0;
    }

    /// How long to wait now: from half of what is due to all of it.
    pub(crate) fn wait(&mut self) -> Duration {
        let due = self.least.saturating_mul(1 << self.failures.min(20)).min(self.most);
        self.failures = self.failures.saturating_add(1);
        // A new hasher has a new random key: enough to spread consumers.
        let drawn = RandomState::new().build_hasher().finish() % 256;
        due / 2 + due / 2 * u32::try_from(drawn).unwrap_or_default() / 255
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_most_and_start_anew() {
        let range = (Duration::from_millis(100), Duration::from_secs(10));
        let mut backoff = Backoff::new(range);
        for due in [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000].map(Duration::from_millis) {
            let wait = backoff.wait();
            assert!(due / 2 <= wait && wait <= due, "{wait:?} of {due:?}");
        }
        (0..100).for_each(|_| assert!(backoff.wait() <= range.1));
        backoff.reset();
        assert!(backoff.wait() <= range.0);
    }
}
