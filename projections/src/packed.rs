//! A wallet's lots in few bytes, for stores that write a wallet's row at every change of it.

use events::{Class, Credits, LotTerms, Position, Time};

use crate::{LotRow, varint};

const PAID: u8 = 1;
const EXPIRES: u8 = 2;

/// Appends lots as they stand, about 12 bytes each: id, remaining micro-credits, flags (1 paid, 2
/// expires), priority, and the expiry in microseconds since 1970 when there is one. Numbers are
/// LEB128.
pub fn pack_lots(lots: &[LotRow], bytes: &mut Vec<u8>) {
    for lot in lots {
        let LotTerms { class, priority, expires } = lot.terms;
        let paid = match class {
            Class::Paid => PAID,
            Class::Promotional => 0,
        };
        varint::put(bytes, lot.id.get());
        varint::put(bytes, lot.remaining.micros().cast_unsigned());
        bytes.extend([paid | if expires.is_some() { EXPIRES } else { 0 }, priority]);
        if let Some(expires) = expires {
            varint::put(bytes, expires.micros().cast_unsigned());
        }
    }
}

/// Reads what [`pack_lots`] wrote; `None` when the bytes are anything else.
#[must_use]
pub fn unpack_lots(mut bytes: &[u8]) -> Option<Vec<LotRow>> {
    let mut lots = Vec::with_capacity(bytes.len() / 8);
    while !bytes.is_empty() {
        let id = Position(varint::take(&mut bytes)?);
        let remaining = Credits::from_micros(varint::take(&mut bytes)?.cast_signed());
        let (&[flags, priority], rest) = bytes.split_first_chunk()?;
        bytes = rest;
        if flags & !(PAID | EXPIRES) != 0 {
            return None;
        }
        let class = if flags & PAID == 0 { Class::Promotional } else { Class::Paid };
        let expires = match flags & EXPIRES {
            0 => None,
            _ => Some(Time::from_micros(varint::take(&mut bytes)?.cast_signed())),
        };
        lots.push(LotRow { id, remaining, terms: LotTerms { class, priority, expires } });
    }
    Some(lots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_come_back_as_they_were() {
        let lot = |id, remaining, class, priority, expires: Option<i64>| LotRow {
            id: Position(id),
            remaining: Credits::from_micros(remaining),
            terms: LotTerms { class, priority, expires: expires.map(Time::from_micros) },
        };
        let lots = [
            lot(0, 1, Class::Paid, 0, None),
            lot(5_000_000_000, i64::MAX, Class::Promotional, 255, Some(1_800_000_000_000_000)),
            lot(7, 2, Class::Promotional, 7, Some(-1)),
        ];
        let mut bytes = Vec::new();
        pack_lots(&lots, &mut bytes);
        assert_eq!(unpack_lots(&bytes).as_deref(), Some(&lots[..]));
        assert_eq!(unpack_lots(&[]), Some(Vec::new()));
        assert_eq!(unpack_lots(&bytes[..bytes.len() - 1]), None, "cut off");
        assert_eq!(unpack_lots(&[1, 1, 0xff, 0]), None, "unknown flags");
    }
}
