//! Filters that tell, without a read, that a command is not in a segment.

use xorf::{BinaryFuse16, DmaSerializable};

use super::page::Shape;

/// A binary fuse filter (Graf and Lemire, 2022) with 16-bit fingerprints: no false negatives, and
/// one false positive in 65,536 look-ups.
///
/// `xorf` builds it; it is read here, so that a filter on disk stays readable whatever that crate
/// does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    seed: u64,
    segment_length: u32,
    segment_count_length: u32,
    fingerprints: Box<[u16]>,
}

/// Bytes of the numbers in front of the fingerprints.
const DESCRIPTOR: usize = 20;

impl Filter {
    /// A filter over `keys`, sorted and without repeats; the bytes are what [`Self::read`] reads.
    pub(super) fn write(keys: &[u64]) -> Vec<u8> {
        // It fails only on repeated keys, and there are none.
        let built = BinaryFuse16::try_from(keys).expect("distinct keys always make a filter");
        let mut bytes = vec![0; DESCRIPTOR];
        built.dma_copy_descriptor_to(&mut bytes);
        bytes.extend(built.fingerprints.iter().flat_map(|fingerprint| fingerprint.to_le_bytes()));
        bytes
    }

    /// Reads what [`Self::write`] made; `None` when it is anything else.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (descriptor, fingerprints) = bytes.split_at_checked(DESCRIPTOR)?;
        let (seed, lengths) = descriptor.split_first_chunk::<8>()?;
        let mut lengths = lengths.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let (segment_length, mask, segment_count_length) =
            (lengths.next()?, lengths.next()?, lengths.next()?);
        let fingerprints: Box<[u16]> =
            fingerprints.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        let needed = u64::from(segment_count_length) + 2 * u64::from(segment_length);
        let sound = segment_length.is_power_of_two()
            && mask == segment_length - 1
            && segment_count_length > 0
            && fingerprints.len() as u64 >= needed;
        let seed = u64::from_le_bytes(*seed);
        sound.then_some(Self { seed, segment_length, segment_count_length, fingerprints })
    }

    /// Whether the key may be in it; false is certain.
    fn contains(&self, key: u64) -> bool {
        let hash = murmur_finish(key.wrapping_add(self.seed));
        let mask = self.segment_length - 1;
        let first = ((u128::from(hash) * u128::from(self.segment_count_length)) >> 64) as u32;
        let second = (first + self.segment_length) ^ ((hash >> 18) as u32 & mask);
        let third = (first + 2 * self.segment_length) ^ (hash as u32 & mask);
        let at = |index: u32| self.fingerprints.get(index as usize).copied().unwrap_or(0);
        (hash ^ (hash >> 32)) as u16 == at(first) ^ at(second) ^ at(third)
    }
}

/// The finishing step of MurmurHash3, which spreads each bit over all others.
const fn murmur_finish(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// The filters of one segment, a block of fingerprints each.
#[derive(Debug)]
pub(super) struct SegmentFilter {
    pub(super) segment: u64,
    pub(super) shape: Shape,
    pub(super) blocks: Vec<Filter>,
}

impl SegmentFilter {
    /// Whether the segment may have an entry with this fingerprint; false is certain.
    pub(super) fn may_have(&self, fingerprint: u64) -> bool {
        let block = self.shape.block_of(fingerprint) as usize;
        self.blocks.get(block).is_none_or(|filter| filter.contains(fingerprint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::IdSet;

    #[test]
    fn a_filter_has_no_false_negatives_and_few_false_positives() {
        for count in [0, 1, 2, 3, 10, 1_000, 60_000] {
            let keys: Vec<u64> =
                (0..count).map(|n: u64| murmur_finish(n + 1)).collect::<IdSet<_>>().into_iter().collect();
            let bytes = Filter::write(&keys);
            let filter = Filter::read(&bytes).expect("a filter");
            assert!(keys.iter().all(|key| filter.contains(*key)), "{count}");
            let lucky = (0..100_000).filter(|n: &u64| filter.contains(murmur_finish(n + 1_000_000))).count();
            assert!(lucky < 30, "{lucky} of 100,000");
            assert_eq!(Filter::read(&bytes[..bytes.len() - 2]), None, "cut off");
        }
        assert_eq!(Filter::read(&[0; 64]), None);
    }
}
