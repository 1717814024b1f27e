//! The parts of an entry's movement: a byte when all of it is of paid lots that cost nothing known.

use events::Credits;

use super::field::{put_currency, take_byte, take_currency};
use crate::{Parts, Value, varint};

/// The whole amount is promotional.
const PROMOTIONAL: u8 = 1;
/// Some other amount is.
const MIXED: u8 = 2;
const DEBT: u8 = 4;
const SETTLED: u8 = 8;
/// Above it: how many values, up to [`MANY`], which says that their number follows.
const VALUE: u8 = 16;
const MANY: u8 = 15;

/// Flags; then the promotional part, debt, what settled and the promotional part of it, and the
/// values, when the flags say so.
pub(super) fn put(bytes: &mut Vec<u8>, amount: Credits, parts: &Parts) {
    let all = !amount.is_zero() && parts.promotional == amount;
    let mixed = !all && !parts.promotional.is_zero();
    let count = u8::try_from(parts.values.len()).unwrap_or(MANY).min(MANY);
    let has = |flag, yes| if yes { flag } else { 0 };
    let (debt, settled) = (has(DEBT, !parts.debt.is_zero()), has(SETTLED, !parts.settled.is_zero()));
    bytes.push(has(PROMOTIONAL, all) | has(MIXED, mixed) | debt | settled | (count * VALUE));
    if mixed {
        varint::put_signed(bytes, parts.promotional.micros());
    }
    if debt != 0 {
        varint::put_signed(bytes, parts.debt.micros());
    }
    if settled != 0 {
        varint::put_signed(bytes, parts.settled.micros());
        varint::put_signed(bytes, parts.settled_promotional.micros());
    }
    if count == MANY {
        varint::put(bytes, parts.values.len() as u64);
    }
    for value in &parts.values {
        put_currency(bytes, value.currency);
        varint::put_signed(bytes, value.change);
        varint::put_signed(bytes, value.settled);
        varint::put_signed(bytes, value.reversed);
    }
}

pub(super) fn take(bytes: &mut &[u8], amount: Credits) -> Option<Parts> {
    let flags = take_byte(bytes)?;
    let mut parts = Parts::default();
    if flags & PROMOTIONAL != 0 {
        parts.promotional = amount;
    }
    if flags & MIXED != 0 {
        parts.promotional = Credits::from_micros(varint::take_signed(bytes)?);
    }
    if flags & DEBT != 0 {
        parts.debt = Credits::from_micros(varint::take_signed(bytes)?);
    }
    if flags & SETTLED != 0 {
        parts.settled = Credits::from_micros(varint::take_signed(bytes)?);
        parts.settled_promotional = Credits::from_micros(varint::take_signed(bytes)?);
    }
    let count = match flags / VALUE {
        MANY => varint::take(bytes)?,
        few => u64::from(few),
    };
    for _ in 0..count {
        let currency = take_currency(bytes)?;
        let (change, settled) = (varint::take_signed(bytes)?, varint::take_signed(bytes)?);
        parts.values.push(Value { currency, change, settled, reversed: varint::take_signed(bytes)? });
    }
    Some(parts)
}
