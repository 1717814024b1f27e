//! Waits between attempts, without end: longer each time, and never the same for two relays.

use std::time::Duration;

use crate::clock::{Entropy, sixteen};

/// The waits of one relay.
pub(super) struct Backoff {
    least: Duration,
    most: Duration,
    failures: u32,
    entropy: Box<dyn Entropy>,
}

impl Backoff {
    pub(super) fn new((least, most): (Duration, Duration), entropy: Box<dyn Entropy>) -> Self {
        Self { least, most, failures: 0, entropy }
    }

    /// Something worked: the next wait is a short one.
    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }

    /// How long to wait now: from half of what is due to all of it.
    pub(super) fn wait(&mut self) -> Duration {
        let due = self.least.saturating_mul(1 << self.failures.min(20)).min(self.most);
        self.failures = self.failures.saturating_add(1);
        let drawn = u32::from(sixteen(&mut *self.entropy)[0]);
        due / 2 + due / 2 * drawn / 255
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Generator;

    #[test]
    fn waits_double_up_to_the_most_and_start_anew() {
        let range = (Duration::from_millis(100), Duration::from_secs(10));
        let mut backoff = Backoff::new(range, Box::new(Generator::from_seed(1)));
        for due in [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000].map(Duration::from_millis) {
            let wait = backoff.wait();
            assert!(due / 2 <= wait && wait <= due, "{wait:?} of {due:?}");
        }
        (0..100).for_each(|_| assert!(backoff.wait() <= range.1));
        backoff.reset();
        assert!(backoff.wait() <= range.0);
    }
}
