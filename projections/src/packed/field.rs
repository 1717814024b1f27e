//! Fields of packed rows.

use events::{AppId, Credits, Currency, Position, Time};
use uuid::Uuid;

use crate::varint;

/// Appends an amount that is never negative.
pub(crate) fn put_amount(bytes: &mut Vec<u8>, amount: Credits) {
    varint::put(bytes, amount.micros().cast_unsigned());
}

pub(crate) fn take_amount(bytes: &mut &[u8]) -> Option<Credits> {
    varint::take(bytes).map(|micros| Credits::from_micros(micros.cast_signed()))
}

pub(crate) fn put_time(bytes: &mut Vec<u8>, time: Time) {
    varint::put_signed(bytes, time.micros());
}

pub(crate) fn take_time(bytes: &mut &[u8]) -> Option<Time> {
    varint::take_signed(bytes).map(Time::from_micros)
}

pub(crate) fn put_position(bytes: &mut Vec<u8>, position: Position) {
    varint::put(bytes, position.get());
}

pub(crate) fn take_position(bytes: &mut &[u8]) -> Option<Position> {
    varint::take(bytes).map(Position)
}

/// Appends a text by its length.
pub(crate) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    varint::put(bytes, text.len() as u64);
    bytes.extend(text.as_bytes());
}

pub(crate) fn take_text(bytes: &mut &[u8]) -> Option<Box<str>> {
    let length = usize::try_from(varint::take(bytes)?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    str::from_utf8(text).ok().map(Box::from)
}

pub(crate) fn put_app(bytes: &mut Vec<u8>, app: AppId) {
    bytes.extend(app.0.as_bytes());
}

pub(crate) fn take_app(bytes: &mut &[u8]) -> Option<AppId> {
    take_array(bytes).map(|id| AppId(Uuid::from_bytes(id)))
}

pub(crate) fn put_currency(bytes: &mut Vec<u8>, currency: Currency) {
    bytes.extend(currency.as_str().as_bytes());
}

pub(crate) fn take_currency(bytes: &mut &[u8]) -> Option<Currency> {
    let code: [u8; 3] = take_array(bytes)?;
    Currency::parse(str::from_utf8(&code).ok()?)
}

pub(crate) fn take_byte(bytes: &mut &[u8]) -> Option<u8> {
    take_array(bytes).map(|[byte]| byte)
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (array, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*array)
}
