//! Audit entries in few bytes, for stores that write many at a time: some 35 bytes each, of which the
//! wallet's id is 16.
//!
//! A page is a number of ids, these ids (organizations and apps, 16 bytes each), then the entries:
//! position and time as differences to the entry before, kind, index of the organization, index of the
//! app plus one or 0, the wallet's 16 bytes, amount, balance, the position referred to plus one or 0,
//! and the parts. Numbers are LEB128; those that may be negative are zigzag-coded first.

use events::{AppId, Credits, OrgId, Position, Time, WalletId};
use uuid::Uuid;

use super::parts;
use crate::{EntryKind, EntryRow, Parts, varint};

/// The page of some entries, which are in order of position.
#[must_use]
pub fn pack_entries(entries: &[EntryRow]) -> Vec<u8> {
    let mut ids = Vec::new();
    let mut packed = Vec::with_capacity(40 * entries.len());
    let (mut position, mut time) = (0, 0);
    for entry in entries {
        varint::put(&mut packed, entry.position.get() - position);
        varint::put_signed(&mut packed, entry.time.micros().wrapping_sub(time));
        (position, time) = (entry.position.get(), entry.time.micros());
        packed.push(entry.kind.code());
        varint::put(&mut packed, index_of(&mut ids, entry.org.0));
        varint::put(&mut packed, entry.app.map_or(0, |app| index_of(&mut ids, app.0) + 1));
        packed.extend(entry.wallet.0.as_bytes());
        varint::put_signed(&mut packed, entry.amount.micros());
        varint::put_signed(&mut packed, entry.balance.micros());
        varint::put(&mut packed, entry.refers_to.map_or(0, |position| position.get() + 1));
        parts::put(&mut packed, entry.amount, &entry.parts);
    }
    let mut page = Vec::with_capacity(2 + 16 * ids.len() + packed.len());
    varint::put(&mut page, ids.len() as u64);
    ids.iter().for_each(|id| page.extend(id.as_bytes()));
    page.append(&mut packed);
    page
}

/// The number of an id on its page. The last ones are the most likely ones, and there are few.
fn index_of(ids: &mut Vec<Uuid>, id: Uuid) -> u64 {
    let index = ids.iter().rposition(|known| *known == id).unwrap_or_else(|| {
        ids.push(id);
        ids.len() - 1
    });
    index as u64
}

/// Reads what [`pack_entries`] wrote; `None` when the bytes are anything else.
#[must_use]
pub fn unpack_entries(mut page: &[u8]) -> Option<Vec<EntryRow>> {
    let bytes = &mut page;
    let ids: Vec<Uuid> = (0..varint::take(bytes)?).map(|_| take_id(bytes)).collect::<Option<_>>()?;
    let id = |index: u64| ids.get(usize::try_from(index).ok()?).copied();
    let mut entries = Vec::with_capacity(bytes.len() / 30);
    let (mut position, mut time) = (0_u64, 0_i64);
    while !bytes.is_empty() {
        position = position.checked_add(varint::take(bytes)?)?;
        time = time.wrapping_add(varint::take_signed(bytes)?);
        let (&kind, rest) = bytes.split_first()?;
        *bytes = rest;
        let mut entry = EntryRow {
            position: Position(position),
            time: Time::from_micros(time),
            kind: EntryKind::from_code(kind)?,
            org: OrgId(id(varint::take(bytes)?)?),
            app: match varint::take(bytes)? {
                0 => None,
                number => Some(AppId(id(number - 1)?)),
            },
            wallet: WalletId(take_id(bytes)?),
            amount: Credits::from_micros(varint::take_signed(bytes)?),
            balance: Credits::from_micros(varint::take_signed(bytes)?),
            refers_to: varint::take(bytes)?.checked_sub(1).map(Position),
            parts: Parts::default(),
        };
        entry.parts = parts::take(bytes, entry.amount)?;
        entries.push(entry);
    }
    Some(entries)
}

fn take_id(bytes: &mut &[u8]) -> Option<Uuid> {
    let (id, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(Uuid::from_bytes(*id))
}

/// Positions in ascending order as LEB128 differences, each to the one before.
#[must_use]
pub fn pack_positions(positions: &[Position]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(8 + positions.len());
    let mut before = 0;
    for position in positions {
        varint::put(&mut packed, position.get() - before);
        before = position.get();
    }
    packed
}

/// Reads what [`pack_positions`] wrote; `None` when the bytes are anything else.
#[must_use]
pub fn unpack_positions(mut bytes: &[u8]) -> Option<Vec<Position>> {
    let mut positions = Vec::with_capacity(bytes.len());
    let mut position = 0_u64;
    while !bytes.is_empty() {
        position = position.checked_add(varint::take(&mut bytes)?)?;
        positions.push(Position(position));
    }
    Some(positions)
}

#[cfg(test)]
mod tests {
    use events::Currency;

    use super::*;
    use crate::Value;
    use crate::samples::{credits, history, org, wallet};

    #[test]
    fn entries_come_back_as_they_were() {
        let mut entries: Vec<EntryRow> =
            history().iter().filter_map(|recorded| EntryRow::of(recorded, Parts::default())).collect();
        entries.push(EntryRow {
            position: Position(u64::MAX - 1),
            time: Time::from_micros(i64::MIN),
            wallet: wallet(9),
            org: org(),
            app: None,
            kind: EntryKind::Expiry,
            amount: Credits::from_micros(i64::MIN),
            balance: Credits::from_micros(i64::MAX),
            refers_to: Some(Position(0)),
            parts: Parts::default(),
        });
        let currency = |code| Currency::parse(code).expect("a currency");
        let value =
            |code, change| Value { currency: currency(code), change, settled: -change, reversed: change / 2 };
        let last = entries.len() - 1;
        entries[last].parts.promotional = Credits::from_micros(i64::MIN);
        entries[last].parts.debt = Credits::from_micros(-1);
        entries[2].parts.promotional = credits(7);
        entries[2].parts.settled = credits(2);
        entries[2].parts.settled_promotional = credits(1);
        entries[2].parts.values = vec![value("EUR", i64::MAX), value("USD", -3)];
        entries[3].parts.values = vec![value("CHF", 1); 40];
        let page = pack_entries(&entries);
        assert_eq!(unpack_entries(&page).as_deref(), Some(&entries[..]));
        assert_eq!(unpack_entries(&pack_entries(&[])), Some(Vec::new()));
        assert_eq!(unpack_entries(&page[..page.len() - 1]), None, "cut off");
        assert_eq!(unpack_entries(&[]), None);
    }

    #[test]
    fn positions_come_back_as_they_were() {
        let positions = [0, 1, 2, 500, u64::MAX].map(Position);
        let packed = pack_positions(&positions);
        assert_eq!(unpack_positions(&packed).as_deref(), Some(&positions[..]));
        assert_eq!(unpack_positions(&[0xff]), None);
        assert_eq!(unpack_positions(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), None);
    }
}
