//! Every deduction's slices, in about a dozen bytes each: a rollback may name any of them.

use events::{Position, Slice};

use crate::varint;

/// Deductions in one block: a search reads half of it.
const BLOCK: u64 = 256;

/// Deductions in ascending order of position, packed.
#[derive(Debug, Default)]
pub(super) struct Deductions {
    /// The first position of each block, and its bytes; the last one still grows.
    blocks: Vec<(u64, Vec<u8>)>,
    count: u64,
    last: u64,
}

impl Deductions {
    /// Adds one, at a position above all others, of the account with this number.
    pub(super) fn push(&mut self, position: Position, account: u32, slices: &[Slice]) {
        let position = position.get();
        if self.count.is_multiple_of(BLOCK) {
            if let Some((_, full)) = self.blocks.last_mut() {
                full.shrink_to_fit();
            }
            self.blocks.push((position, Vec::with_capacity(16 * BLOCK as usize)));
            self.last = position;
        }
        if let Some((_, bytes)) = self.blocks.last_mut() {
            varint::put(bytes, position - self.last);
            varint::put(bytes, u64::from(account));
            varint::put(bytes, slices.len() as u64);
            for slice in slices {
                varint::put(bytes, slice.lot.get());
                varint::put(bytes, slice.amount.micros().cast_unsigned());
            }
        }
        self.last = position;
        self.count += 1;
    }

    /// The account and the slices (lot and micro-credits) of the deduction at `position`.
    pub(super) fn find(&self, position: Position) -> Option<(u32, Vec<(u64, i64)>)> {
        let after = self.blocks.partition_point(|(first, _)| *first <= position.get());
        let (first, bytes) = self.blocks.get(after.checked_sub(1)?)?;
        let (mut at, mut rest) = (*first, bytes.as_slice());
        while at <= position.get() && !rest.is_empty() {
            at += varint::take(&mut rest)?;
            let account = u32::try_from(varint::take(&mut rest)?).ok()?;
            let count = varint::take(&mut rest)?;
            let mut slices = Vec::new();
            for _ in 0..count {
                slices.push((varint::take(&mut rest)?, varint::take(&mut rest)?.cast_signed()));
            }
            if at == position.get() {
                return Some((account, slices));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::Credits;

    #[test]
    fn every_deduction_is_found_and_nothing_else() {
        let mut deductions = Deductions::default();
        let slices = |position: u64| {
            let slice =
                |lot| Slice { lot: Position(lot), amount: Credits::from_micros((position * 7 + lot) as i64) };
            (0..position % 3 + 1).map(slice).collect::<Vec<_>>()
        };
        let positions: Vec<u64> = (0..2_000).map(|n| n * 5 + n % 4).collect();
        for &position in &positions {
            deductions.push(Position(position), position as u32 % 11, &slices(position));
        }
        for &position in &positions {
            let expected: Vec<_> =
                slices(position).iter().map(|slice| (slice.lot.get(), slice.amount.micros())).collect();
            assert_eq!(deductions.find(Position(position)), Some((position as u32 % 11, expected)));
        }
        for position in (0..10_100).filter(|position| !positions.contains(position)) {
            assert_eq!(deductions.find(Position(position)), None, "{position}");
        }
    }
}
