//! Idempotency keys that never repeat and look random, and the random numbers of a run.

use uuid::Uuid;

/// Requests that one connection can send before its keys would meet those of the next one.
const KEYS_PER_CONNECTION_BITS: u32 = 40;

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a bijection whose results look random,
/// so distinct numbers stay distinct.
pub(super) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The keys of one connection.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    seed: u64,
    next: u64,
}

impl Keys {
    pub(super) fn new(seed: u64, connection: usize) -> Self {
        Self { seed: mix(seed), next: (connection as u64) << KEYS_PER_CONNECTION_BITS }
    }

    /// A fresh key and, independent of it, a random number to choose a wallet by.
    ///
    /// The key's second half is a bijection of connection and counter and so never repeats within
    /// a run; its first half tells runs with different seeds apart.
    pub(super) fn next(&mut self) -> (Uuid, u64) {
        let number = self.next;
        self.next += 1;
        let first = mix(self.seed ^ number);
        (Uuid::from_u64_pair(first, mix(number)), mix(first))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn drawn(seed: u64) -> Vec<Uuid> {
        let mut connections: Vec<_> = (0..4).map(|n| Keys::new(seed, n)).collect();
        (0..1_000)
            .flat_map(|_| connections.iter_mut().map(|keys| keys.next().0).collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn no_key_repeats_within_a_run_or_across_seeds() {
        let all: HashSet<Uuid> = drawn(1).into_iter().chain(drawn(2)).collect();
        assert_eq!(all.len(), 8_000);
    }

    #[test]
    fn a_seed_gives_the_same_keys_again() {
        assert_eq!(drawn(7), drawn(7));
    }
}
