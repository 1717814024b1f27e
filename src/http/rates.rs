//! How often one API key may ask: the generic cell rate algorithm, one moment for each key.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use events::KeyId;
use hashbrown::HashMap;

/// Keys remembered before those at rest are forgotten.
const KEYS_MAX: usize = 10_000;

/// Lets each key through a fixed number of times a second, in bursts of up to one second's worth.
#[derive(Debug)]
pub(super) struct Rates {
    per_second: u32,
    interval: Duration,
    /// When each key's bucket will be full again.
    full_at: Mutex<HashMap<KeyId, Duration>>,
}

impl Rates {
    /// `None` for a rate of zero, which would lock everybody out.
    pub(super) fn new(per_second: u32) -> Option<Self> {
        let interval = Duration::from_secs(1).checked_div(per_second)?;
        Some(Self { per_second, interval, full_at: Mutex::default() })
    }

    pub(super) const fn per_second(&self) -> u32 {
        self.per_second
    }

    /// Whether the key may ask at `now`, in the time of [`crate::clock::Clock::monotonic`].
    pub(super) fn admit(&self, key: KeyId, now: Duration) -> bool {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= KEYS_MAX {
            full_at.retain(|_, at| *at > now);
        }
        let at = full_at.entry(key).or_default();
        let next = (*at).max(now) + self.interval;
        let admitted = next <= now + Duration::from_secs(1);
        if admitted {
            *at = next;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_key_may_ask_so_often_a_second_and_no_more() {
        let rates = Rates::new(10).expect("a rate");
        let (one, other) = (KeyId(Uuid::from_u128(1)), KeyId(Uuid::from_u128(2)));
        let start = Duration::from_secs(100);
        let admitted = (0..50).filter(|_| rates.admit(one, start)).count();
        assert_eq!(admitted, 10);
        assert!(rates.admit(other, start), "keys do not share a rate");
        assert!(rates.admit(one, start + Duration::from_millis(100)));
        assert!(!rates.admit(one, start + Duration::from_millis(100)));
        let later = (0..50).filter(|_| rates.admit(one, start + Duration::from_secs(60))).count();
        assert_eq!(later, 10);
    }

    #[test]
    fn a_rate_of_zero_is_none() {
        assert!(Rates::new(0).is_none());
    }
}
