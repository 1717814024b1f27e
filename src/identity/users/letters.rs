//! Mails that anybody can have sent to somebody's address: a few at once, then slowly. Whoever asks for
//! more is answered as always.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::identity::throttle::{Counters, Policy};

/// Three at once, then one after ten minutes, twenty, and so on up to an hour.
const POLICY: Policy = Policy {
    free: 2,
    first: Duration::from_secs(600),
    longest: Duration::from_secs(3_600),
    forgotten: Duration::from_secs(3_600),
};

/// Addresses that are remembered.
const ROOM: usize = 50_000;

/// Counts mails by address, which it knows by its keyed hash alone.
pub(super) struct Letters(Mutex<Counters<Box<str>>>);

impl Default for Letters {
    fn default() -> Self {
        Self(Mutex::new(Counters::new(POLICY, ROOM)))
    }
}

impl Letters {
    /// Whether another one may go there now; then it is counted.
    pub(super) fn admit(&self, address: Box<str>, now: Duration) -> bool {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = counters.wait(&address, Duration::MAX, now).is_zero();
        if admitted {
            counters.strike(address, now);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_at_once_then_slowly() {
        let letters = Letters::default();
        let mut now = Duration::from_secs(1_000);
        let sent = |address: &str, now| (0..100).filter(|_| letters.admit(address.into(), now)).count();
        assert_eq!((sent("ann", now), sent("eve", now)), (3, 3));
        now += Duration::from_secs(599);
        assert_eq!(sent("ann", now), 0);
        for (minutes, admitted) in [(10, 1), (10, 0), (10, 1), (30, 0), (10, 1)] {
            now += Duration::from_secs(minutes * 60);
            assert_eq!(sent("ann", now), admitted, "after {minutes} minutes more");
        }
        now += Duration::from_secs(3 * 3_600);
        assert_eq!(sent("ann", now), 3, "it is forgotten");
    }
}
