//! Events as the log sees them: bytes, back to back.

use std::fmt;

use events::Position;

/// The bodies of the events of one append or one read, back to back in one buffer.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bodies {
    bytes: Vec<u8>,
    /// Where each body ends in `bytes`.
    ends: Vec<u32>,
}

impl Bodies {
    /// An empty list with room for `bodies` events of `bytes` bytes together.
    #[must_use]
    pub fn with_capacity(bodies: usize, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ends: Vec::with_capacity(bodies) }
    }

    /// Adds one body.
    pub fn push(&mut self, body: &[u8]) {
        self.push_with(|buffer| buffer.extend_from_slice(body));
    }

    /// Adds the body that `write` appends to the buffer: encodes an event in place.
    ///
    /// `write` must only append. When it fails after having written a part, [`truncate`](Self::truncate)
    /// to the length before takes that part away.
    pub fn push_with<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let result = write(&mut self.bytes);
        let end = u32::try_from(self.bytes.len()).expect("a group or page is far below 4 GiB");
        debug_assert!(end >= self.ends.last().copied().unwrap_or(0), "a writer took bytes away");
        self.ends.push(end);
        result
    }

    /// Keeps the first `len` bodies.
    pub fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.bytes.truncate(self.byte_len());
    }

    /// Takes all bodies away and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// How many bodies there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of all bodies together.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.ends.last().map_or(0, |&end| end as usize)
    }

    /// All bodies, back to back.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Body number `index`, from 0.
    ///
    /// # Panics
    /// When there is no such body.
    #[must_use]
    pub fn get(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[index] as usize]
    }

    /// The bodies in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Bodies of the given lengths, cut from `bytes`; `None` unless the lengths add up.
    pub(super) fn cut(bytes: Vec<u8>, lengths: impl Iterator<Item = u32>) -> Option<Self> {
        let mut end = 0u32;
        let mut ends = Vec::with_capacity(lengths.size_hint().0);
        for length in lengths {
            end = end.checked_add(length)?;
            ends.push(end);
        }
        (end as usize == bytes.len()).then_some(Self { bytes, ends })
    }
}

impl<B: AsRef<[u8]>> FromIterator<B> for Bodies {
    fn from_iter<I: IntoIterator<Item = B>>(bodies: I) -> Self {
        let mut all = Self::default();
        bodies.into_iter().for_each(|body| all.push(body.as_ref()));
        all
    }
}

impl fmt::Debug for Bodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(String::from_utf8_lossy)).finish()
    }
}

/// Events read from the log, at contiguous positions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The position of the first body; of an empty page, the position that was asked for.
    pub first: Position,
    /// The events as they are stored.
    pub bodies: Bodies,
}

impl Page {
    /// Each event with its position.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Position, &[u8])> + Clone {
        let first = self.first;
        (0..self.bodies.len()).map(move |index| (first.plus(index as u64), self.bodies.get(index)))
    }

    /// Where the next page starts.
    #[must_use]
    pub fn next(&self) -> Position {
        self.first.plus(self.bodies.len() as u64)
    }

    /// Whether there is no event, because the page starts at or past the head.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_come_out_as_they_went_in() {
        let mut bodies: Bodies = ["one", "", "three"].into_iter().collect();
        assert_eq!(bodies.iter().collect::<Vec<_>>(), [b"one".as_slice(), b"", b"three"]);
        assert_eq!((bodies.len(), bodies.byte_len()), (3, 8));
        bodies.truncate(1);
        bodies.push_with(|buffer| buffer.extend(*b"two"));
        assert_eq!(bodies.bytes(), b"onetwo");
        bodies.clear();
        assert!(bodies.is_empty() && bodies.byte_len() == 0);
    }

    #[test]
    fn lengths_must_add_up() {
        assert_eq!(Bodies::cut(b"abc".to_vec(), [1, 2].into_iter()), Some(["a", "bc"].into_iter().collect()));
        assert_eq!(Bodies::cut(b"abc".to_vec(), [1, 1].into_iter()), None);
        assert_eq!(Bodies::cut(b"abc".to_vec(), [u32::MAX, 4].into_iter()), None);
    }

    #[test]
    fn a_page_numbers_its_events() {
        let page = Page { first: Position(7), bodies: ["a", "b"].into_iter().collect() };
        assert_eq!(page.iter().map(|(position, _)| position.get()).collect::<Vec<_>>(), [7, 8]);
        assert_eq!(page.next(), Position(9));
    }
}
