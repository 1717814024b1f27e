//! Rows in few bytes. A wallet's, which stores write at every change, has one byte beside the lots for
//! nearly all wallets.

mod entries;
pub(crate) mod field;
mod holds;
mod lots;
mod parts;

use events::{Credits, OrgId, Position, WalletId};

pub use self::entries::{pack_entries, pack_positions, unpack_entries, unpack_positions};
use self::field::{put_amount, take_amount, take_byte};
use crate::{HoldRow, WalletRow, varint};

const FROZEN: u8 = 1;
const DEBT: u8 = 2;
const LIMIT: u8 = 4;
const THRESHOLD: u8 = 8;
const HOLDS: u8 = 16;
const CAPS: u8 = 32;
const ALL: u8 = FROZEN | DEBT | LIMIT | THRESHOLD | HOLDS | CAPS;

impl WalletRow {
    /// Appends all but id, organization, `account_seq` and `last`: flags; debt, limit, threshold,
    /// holds and caps when the flags say so; then the lots to the end. Numbers are LEB128, those that
    /// may be negative zigzag-coded first. The amounts follow from the rest.
    pub fn pack(&self, bytes: &mut Vec<u8>) {
        let has = |flag, yes| if yes { flag } else { 0 };
        let (debt, limit) = (has(DEBT, !self.debt.is_zero()), has(LIMIT, !self.limit.is_zero()));
        let (holds, caps) = (has(HOLDS, !self.holds.is_empty()), has(CAPS, !self.caps.is_empty()));
        let threshold = has(THRESHOLD, self.threshold.is_some());
        bytes.push(has(FROZEN, self.frozen) | debt | limit | threshold | holds | caps);
        let amounts = [Some(self.debt), Some(self.limit)].into_iter().flatten();
        amounts.filter(|amount| !amount.is_zero()).for_each(|amount| put_amount(bytes, amount));
        self.threshold.iter().for_each(|threshold| put_amount(bytes, *threshold));
        if holds != 0 {
            varint::put(bytes, self.holds.len() as u64);
            self.holds.iter().for_each(|hold| holds::put(bytes, hold));
        }
        if caps != 0 {
            varint::put(bytes, self.caps.len() as u64);
            self.caps.iter().for_each(|cap| holds::put_cap(bytes, cap));
        }
        self.lots.iter().for_each(|lot| lots::put(bytes, lot));
    }

    /// Reads what [`Self::pack`] wrote; `None` when the bytes are anything else.
    #[must_use]
    pub fn unpack(
        id: WalletId,
        org: OrgId,
        account_seq: u64,
        last: Position,
        mut bytes: &[u8],
    ) -> Option<Self> {
        let bytes = &mut bytes;
        let mut row = Self::empty(id, org, account_seq, last);
        let flags = take_byte(bytes)?;
        if flags & !ALL != 0 {
            return None;
        }
        row.frozen = flags & FROZEN != 0;
        if flags & DEBT != 0 {
            row.debt = take_amount(bytes)?;
        }
        if flags & LIMIT != 0 {
            row.limit = take_amount(bytes)?;
        }
        if flags & THRESHOLD != 0 {
            row.threshold = Some(take_amount(bytes)?);
        }
        if flags & HOLDS != 0 {
            row.holds = (0..varint::take(bytes)?).map(|_| holds::take(bytes)).collect::<Option<_>>()?;
        }
        if flags & CAPS != 0 {
            row.caps = (0..varint::take(bytes)?).map(|_| holds::take_cap(bytes)).collect::<Option<_>>()?;
        }
        row.lots.reserve(bytes.len() / 8);
        while !bytes.is_empty() {
            row.lots.push(lots::take(bytes)?);
        }
        row.add_up()?;
        Some(row)
    }

    /// Computes balance, reserved and available.
    fn add_up(&mut self) -> Option<()> {
        let free = sum(self.lots.iter().map(|lot| lot.remaining))?;
        let held = sum(self.holds.iter().flat_map(|hold| &hold.slices).map(|slice| slice.remaining))?;
        let rests: Vec<Credits> = self.holds.iter().map(HoldRow::rest).collect::<Option<_>>()?;
        self.balance = free.checked_add(held)?.checked_sub(self.debt)?;
        self.reserved = sum(rests)?;
        self.available = self.balance.checked_sub(self.reserved)?;
        Some(())
    }
}

fn sum(amounts: impl IntoIterator<Item = Credits>) -> Option<Credits> {
    amounts.into_iter().try_fold(Credits::ZERO, Credits::checked_add)
}

#[cfg(test)]
mod tests;
