//! How rows differ, in words and numbers.

use std::fmt::Debug;

/// Differences of one projection that are described; the others are counted.
const DESCRIBED: usize = 100;

/// How one projection differs from the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// How many rows were compared.
    pub rows: u64,
    /// How many differ, are missing or are too many.
    pub differing: u64,
    /// The first hundred of those, in words.
    pub described: Vec<String>,
}

impl Differences {
    /// Compares a live row with what the log makes it.
    pub(super) fn compare<R: PartialEq + Debug>(&mut self, live: Option<&R>, folded: Option<&R>) {
        self.rows += 1;
        match (live, folded) {
            (Some(live), Some(folded)) if live == folded => {}
            (Some(live), Some(folded)) => {
                self.note(|| format!("{live:?} is stored, the log makes it {folded:?}"))
            }
            (Some(live), None) => self.note(|| format!("{live:?} is stored, the log has no such thing")),
            (None, Some(folded)) => self.note(|| format!("{folded:?} is not stored")),
            (None, None) => self.rows -= 1,
        }
    }

    /// Counts a difference, and describes it when it is among the first.
    pub(super) fn note(&mut self, words: impl FnOnce() -> String) {
        self.differing += 1;
        if self.described.len() < DESCRIBED {
            self.described.push(words());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hundred_are_described_and_all_are_counted() {
        let mut differences = Differences::default();
        for number in 0..150 {
            differences.compare(Some(&number), Some(&7));
        }
        differences.compare(Some(&1), None);
        differences.compare(None, Some(&1));
        differences.compare::<u8>(None, None);
        assert_eq!((differences.rows, differences.differing, differences.described.len()), (152, 151, 100));
        assert_eq!(differences.described[0], "0 is stored, the log makes it 7");
    }
}
