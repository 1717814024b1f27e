//! Everything that may be undone, in about 17 bytes each: a rollback or refund may name any of it.

use events::Position;

use crate::varint;

/// Records in one block: a search reads half of it.
const BLOCK: u64 = 256;

/// A purchase, deduction or capture as its undoing must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The account's number.
    pub(super) account: u32,
    /// Who spent, by number; none for purchases.
    pub(super) spender: Option<u32>,
    /// When, in microseconds.
    pub(super) time: i64,
    /// Micro-credits that no lot paid.
    pub(super) overdrawn: i64,
    /// Lots and micro-credits.
    pub(super) slices: Vec<(u64, i64)>,
}

/// Records in ascending order of position and time, packed.
#[derive(Debug, Default)]
pub(super) struct Records {
    blocks: Vec<Block>,
    count: u64,
    last: u64,
    last_time: i64,
}

/// Some records; the last block still grows.
#[derive(Debug)]
struct Block {
    first: u64,
    first_time: i64,
    bytes: Vec<u8>,
}

impl Records {
    /// Adds one, at a position and time above all others.
    pub(super) fn push(
        &mut self,
        position: Position,
        time: i64,
        (account, spender): (u32, Option<u32>),
        overdrawn: i64,
        slices: impl ExactSizeIterator<Item = (u64, i64)>,
    ) {
        let position = position.get();
        if self.count.is_multiple_of(BLOCK) {
            if let Some(full) = self.blocks.last_mut() {
                full.bytes.shrink_to_fit();
            }
            let bytes = Vec::with_capacity(20 * BLOCK as usize);
            self.blocks.push(Block { first: position, first_time: time, bytes });
            (self.last, self.last_time) = (position, time);
        }
        if let Some(Block { bytes, .. }) = self.blocks.last_mut() {
            varint::put(bytes, position - self.last);
            varint::put_signed(bytes, time - self.last_time);
            varint::put(bytes, u64::from(account));
            varint::put(bytes, spender.map_or(0, |spender| u64::from(spender) + 1));
            varint::put(bytes, (slices.len() as u64) << 1 | u64::from(overdrawn != 0));
            if overdrawn != 0 {
                varint::put(bytes, overdrawn.cast_unsigned());
            }
            for (lot, amount) in slices {
                varint::put(bytes, lot);
                varint::put(bytes, amount.cast_unsigned());
            }
        }
        (self.last, self.last_time) = (position, time);
        self.count += 1;
    }

    /// The record of the event at `position`.
    pub(super) fn find(&self, position: Position) -> Option<Record> {
        let after = self.blocks.partition_point(|block| block.first <= position.get());
        let block = self.blocks.get(after.checked_sub(1)?)?;
        let (mut at, mut time, mut rest) = (block.first, block.first_time, block.bytes.as_slice());
        while at <= position.get() && !rest.is_empty() {
            at += varint::take(&mut rest)?;
            time += varint::take_signed(&mut rest)?;
            let record = take(&mut rest, time)?;
            if at == position.get() {
                return Some(record);
            }
        }
        None
    }
}

fn take(bytes: &mut &[u8], time: i64) -> Option<Record> {
    let account = u32::try_from(varint::take(bytes)?).ok()?;
    let spender = varint::take(bytes)?.checked_sub(1).and_then(|spender| u32::try_from(spender).ok());
    let header = varint::take(bytes)?;
    let overdrawn = if header & 1 == 0 { 0 } else { varint::take(bytes)?.cast_signed() };
    let mut slices = Vec::new();
    for _ in 0..header >> 1 {
        slices.push((varint::take(bytes)?, varint::take(bytes)?.cast_signed()));
    }
    Some(Record { account, spender, time, overdrawn, slices })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_found_and_nothing_else() {
        let mut records = Records::default();
        let record = |position: u64| Record {
            account: position as u32 % 11,
            spender: (!position.is_multiple_of(7)).then_some(position as u32 % 5),
            time: position as i64 * 1_000 - 1_000_000,
            overdrawn: if position.is_multiple_of(3) { position as i64 } else { 0 },
            slices: (0..position % 3 + 1).map(|lot| (lot, (position * 7 + lot) as i64)).collect(),
        };
        let positions: Vec<u64> = (0..2_000).map(|n| n * 5 + n % 4).collect();
        for &position in &positions {
            let Record { account, spender, time, overdrawn, slices } = record(position);
            records.push(Position(position), time, (account, spender), overdrawn, slices.into_iter());
        }
        for &position in &positions {
            assert_eq!(records.find(Position(position)), Some(record(position)));
        }
        for position in (0..10_100).filter(|position| !positions.contains(position)) {
            assert_eq!(records.find(Position(position)), None, "{position}");
        }
    }
}
