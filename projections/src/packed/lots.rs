//! Lots in about 12 bytes each, and 11 more when they were bought at a known price.

use events::{Class, LotTerms};

use super::field::{
    put_amount, put_currency, put_position, put_time, take_amount, take_byte, take_currency, take_position,
    take_time,
};
use crate::{Basis, LotRow, varint};

const PAID: u8 = 1;
const EXPIRES: u8 = 2;
const PRICED: u8 = 4;

/// Id, remaining micro-credits, flags, priority, and what the flags say: the expiry; credits bought,
/// price and currency.
pub(super) fn put(bytes: &mut Vec<u8>, lot: &LotRow) {
    let LotTerms { class, priority, expires } = lot.terms;
    let mut flags = match class {
        Class::Paid => PAID,
        Class::Promotional => 0,
    };
    flags |= if expires.is_some() { EXPIRES } else { 0 };
    flags |= if lot.basis.is_some() { PRICED } else { 0 };
    put_position(bytes, lot.id);
    put_amount(bytes, lot.remaining);
    bytes.extend([flags, priority]);
    if let Some(expires) = expires {
        put_time(bytes, expires);
    }
    if let Some(basis) = &lot.basis {
        put_amount(bytes, basis.amount);
        varint::put_signed(bytes, basis.paid);
        put_currency(bytes, basis.currency);
    }
}

pub(super) fn take(bytes: &mut &[u8]) -> Option<LotRow> {
    let (id, remaining) = (take_position(bytes)?, take_amount(bytes)?);
    let (flags, priority) = (take_byte(bytes)?, take_byte(bytes)?);
    if flags & !(PAID | EXPIRES | PRICED) != 0 {
        return None;
    }
    let class = if flags & PAID == 0 { Class::Promotional } else { Class::Paid };
    let expires = if flags & EXPIRES == 0 { None } else { Some(take_time(bytes)?) };
    let basis = if flags & PRICED == 0 {
        None
    } else {
        let (amount, paid) = (take_amount(bytes)?, varint::take_signed(bytes)?);
        Some(Basis { amount, paid, currency: take_currency(bytes)? })
    };
    Some(LotRow { id, remaining, terms: LotTerms { class, priority, expires }, basis })
}
