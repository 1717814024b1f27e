//! How often a client may ask for tokens: in all, and for one scope. The generic cell rate algorithm,
//! as for API keys.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use events::AppId;
use hashbrown::HashMap;

use crate::identity::{Scope, Scopes};

/// Buckets remembered before those at rest are forgotten.
const BUCKETS_MAX: usize = 20_000;

/// A client and, of the bucket of one scope, that.
type Key = (AppId, Option<Scope>);

/// The most tokens a second; any number, when absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenRates {
    /// For one client.
    pub per_client: Option<u32>,
    /// For one client and one scope that it names.
    pub per_scope: Option<u32>,
}

/// Lets each client through so many times a second, in bursts of up to one second's worth.
#[derive(Debug, Default)]
pub struct Limits {
    per_client: Option<Duration>,
    per_scope: Option<Duration>,
    full_at: Mutex<HashMap<Key, Duration>>,
}

impl Limits {
    /// Limits of these rates; a rate of 0 limits nothing.
    #[must_use]
    pub fn new(rates: TokenRates) -> Self {
        let interval = |rate: Option<u32>| Duration::from_secs(1).checked_div(rate.unwrap_or_default());
        let TokenRates { per_client, per_scope } = rates;
        Self { per_client: interval(per_client), per_scope: interval(per_scope), full_at: Mutex::default() }
    }

    /// Whether a client may ask at `now`, in the time of [`crate::clock::Clock::monotonic`]. Only when
    /// every bucket has room is any of them charged.
    pub fn admit(&self, client: AppId, scope: Option<&str>, now: Duration) -> bool {
        let of_client = self.per_client.map(|interval| ((client, None), interval));
        // Names that are no scopes are refused later, and remembered nowhere.
        let named = Scopes::known(scope.unwrap_or_default());
        let of_scopes = self
            .per_scope
            .into_iter()
            .flat_map(|interval| named.iter().map(move |scope| ((client, Some(scope)), interval)));
        let keyed: Vec<(Key, Duration)> = of_client.into_iter().chain(of_scopes).collect();
        if keyed.is_empty() {
            return true;
        }
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= BUCKETS_MAX {
            full_at.retain(|_, at| *at > now);
        }
        let next = |full_at: &HashMap<_, Duration>, key: &Key, interval: Duration| {
            full_at.get(key).copied().unwrap_or_default().max(now) + interval
        };
        let last = now + Duration::from_secs(1);
        if keyed.iter().any(|(key, interval)| next(&full_at, key, *interval) > last) {
            return false;
        }
        for (key, interval) in keyed {
            let at = next(&full_at, &key, interval);
            full_at.insert(key, at);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: Duration = Duration::from_secs(100);

    fn app(number: u128) -> AppId {
        AppId(Uuid::from_u128(number))
    }

    #[test]
    fn each_client_has_its_own_rate() {
        let limits = Limits::new(TokenRates { per_client: Some(10), per_scope: None });
        let admitted = (0..50).filter(|_| limits.admit(app(1), None, NOW)).count();
        assert_eq!(admitted, 10);
        assert!(limits.admit(app(2), None, NOW));
        assert!(limits.admit(app(1), None, NOW + Duration::from_millis(100)));
        assert!(!limits.admit(app(1), None, NOW + Duration::from_millis(100)));
    }

    #[test]
    fn each_scope_has_its_own_rate_within_the_clients() {
        let limits = Limits::new(TokenRates { per_client: Some(100), per_scope: Some(3) });
        let admitted = (0..10).filter(|_| limits.admit(app(1), Some("groups:read"), NOW)).count();
        assert_eq!(admitted, 3);
        assert!(limits.admit(app(1), Some("members:read"), NOW));
        assert!(!limits.admit(app(1), Some("members:read groups:read"), NOW));
        assert!(limits.admit(app(1), None, NOW));
    }

    #[test]
    fn a_scope_counts_once_and_what_is_none_is_not_remembered() {
        let limits = Limits::new(TokenRates { per_client: None, per_scope: Some(1) });
        assert!(limits.admit(app(1), Some("groups:read groups:read  x groups:READ"), NOW));
        assert!((0..100).all(|number| limits.admit(app(1), Some(&format!("s{number}")), NOW)));
        let remembered: Vec<_> = limits.full_at.lock().expect("buckets").keys().copied().collect();
        assert_eq!(remembered, [(app(1), Some(Scope::GroupsRead))]);
    }

    #[test]
    fn without_rates_nothing_is_limited() {
        let limits = Limits::new(TokenRates { per_client: Some(0), per_scope: None });
        assert!((0..1_000).all(|_| limits.admit(app(1), Some("a"), NOW)));
    }
}
