//! Seeded choices for tests.

use credit_ledger::clock::{Entropy, Generator};

/// The same throws for the same seed.
pub(crate) struct Dice(Generator);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Generator::from_seed(seed))
    }

    /// A number from 0 to `end` - 1.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize].clone()
    }
}
