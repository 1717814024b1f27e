//! How a segment's entries are cut into buckets and blocks, and what a bucket's page looks like.

/// Where an answer may be: a command's fingerprint, and a position.
pub(super) type Entry = (u64, u64);

/// Entries of a bucket on average: its page then fits one page of the database, also when chance has
/// put a few more into it.
const BUCKET: u64 = 200;

/// Entries of a block on average. A filter is built for a block at a time, so it bounds the work.
const BLOCK: u64 = 51_200;

/// Bits of a page's number that count the bucket.
pub(super) const BUCKET_BITS: u32 = 24;

/// How a segment is cut: by the first bits of the fingerprint, which are spread evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    blocks: u64,
    buckets_a_block: u64,
}

impl Shape {
    /// The shape of a segment with so many entries.
    pub(super) fn of(entries: u64) -> Self {
        let blocks = entries.div_ceil(BLOCK).max(1);
        Self { blocks, buckets_a_block: entries.div_ceil(blocks * BUCKET).max(1) }
    }

    pub(super) const fn blocks(self) -> u64 {
        self.blocks
    }

    pub(super) const fn buckets(self) -> u64 {
        self.blocks * self.buckets_a_block
    }

    pub(super) fn bucket_of(self, fingerprint: u64) -> u64 {
        scale(fingerprint, self.buckets())
    }

    pub(super) fn block_of(self, fingerprint: u64) -> u64 {
        scale(fingerprint, self.blocks)
    }

    /// The largest fingerprint that belongs to a block.
    pub(super) fn last_of_block(self, block: u64) -> u64 {
        let end = ((u128::from(block) + 1) << 64).div_ceil(u128::from(self.blocks));
        (end - 1).min(u128::from(u64::MAX)) as u64
    }
}

/// Maps a fingerprint to 0..parts, in order.
fn scale(fingerprint: u64, parts: u64) -> u64 {
    ((u128::from(fingerprint) * u128::from(parts)) >> 64) as u64
}

/// The number of the page of a segment's bucket, or of the filter of its block.
pub(super) const fn number(segment: u64, bucket: u64) -> i64 {
    (segment << BUCKET_BITS | bucket).cast_signed()
}

/// The bytes of a page.
pub(super) fn write(entries: &[Entry]) -> Vec<u8> {
    entries
        .iter()
        .flat_map(|(fingerprint, position)| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&fingerprint.to_be_bytes());
            bytes[8..].copy_from_slice(&position.to_be_bytes());
            bytes
        })
        .collect()
}

/// The entries of a page.
pub(super) fn read(bytes: &[u8]) -> impl Iterator<Item = Entry> {
    let (entries, _) = bytes.as_chunks::<16>();
    entries.iter().map(|entry| {
        let both = u128::from_be_bytes(*entry);
        ((both >> 64) as u64, both as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_buckets_agree() {
        for entries in [0, 1, 200, 201, 51_200, 51_201, 1_000_000] {
            let shape = Shape::of(entries);
            for block in 0..shape.blocks() {
                let last = shape.last_of_block(block);
                assert_eq!(shape.block_of(last), block, "{entries}");
                assert_eq!((shape.bucket_of(last) + 1) % shape.buckets_a_block, 0, "{entries}");
                if let Some(next) = last.checked_add(1) {
                    assert_eq!(shape.block_of(next), block + 1, "{entries}");
                }
            }
            assert_eq!(shape.last_of_block(shape.blocks() - 1), u64::MAX);
            assert!(shape.buckets() * BUCKET >= entries, "{entries}");
        }
    }

    #[test]
    fn entries_come_back() {
        let entries = [(1, 2), (u64::MAX, u64::MAX - 1)];
        assert_eq!(read(&write(&entries)).collect::<Vec<_>>(), entries);
    }
}
