//! How often somebody may ask: the generic cell rate algorithm, one moment for each bucket.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use events::{AppId, KeyId, UserId};
use hashbrown::HashMap;

/// Buckets remembered before those at rest are forgotten.
const BUCKETS_MAX: usize = 10_000;

/// For whom requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Bucket {
    /// One API key.
    Key(KeyId),
    /// A user, by all of its tokens.
    User(UserId),
    /// A service, by all of its tokens.
    Service(AppId),
    /// An app, by everything that it has.
    Client(AppId),
}

/// Lets each through a fixed number of times a second, in bursts of up to one second's worth.
#[derive(Debug)]
pub(super) struct Rates {
    per_second: u32,
    interval: Duration,
    /// When each bucket will be full again.
    full_at: Mutex<HashMap<Bucket, Duration>>,
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

    /// Whether it may ask at `now`, in the time of [`crate::clock::Clock::monotonic`].
    pub(super) fn admit(&self, bucket: Bucket, now: Duration) -> bool {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= BUCKETS_MAX {
            full_at.retain(|_, at| *at > now);
        }
        let at = full_at.entry(bucket).or_default();
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
        let id = Uuid::from_u128(1);
        let (one, other) = (Bucket::Key(KeyId(id)), Bucket::User(UserId(id)));
        let start = Duration::from_secs(100);
        let admitted = (0..50).filter(|_| rates.admit(one, start)).count();
        assert_eq!(admitted, 10);
        assert!(rates.admit(other, start), "nobody shares a rate");
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
