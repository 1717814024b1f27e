//! Maps keyed by ids whose bits are random already, so that hashing them again would be a waste.

use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;

/// A map from a UUID-shaped id.
pub(super) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Takes 64 of an id's own bits as its hash, mixed once in case a caller chose them.
#[derive(Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            // The multiplier of Fibonacci hashing: 2^64 divided by the golden ratio.
            let mixed =
                (self.0.rotate_left(29) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 = mixed ^ (mixed >> 32);
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.write(&word.to_le_bytes());
    }
}
