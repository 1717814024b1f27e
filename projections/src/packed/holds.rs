//! Holds and caps, which few wallets have.

use events::Period;

use super::{
    field::{
        put_amount, put_app, put_position, put_text, put_time, take_amount, take_app, take_byte,
        take_position, take_text, take_time,
    },
    lots,
};
use crate::{CapRow, HoldRow, varint};

const HAS_APP: u8 = 1;
const HAS_BUDGET: u8 = 2;
const HAS_PERIOD: u8 = 4;

/// Flags, id, app, service, budget, expiry, cap, captured, overdrawn, and its slices after their
/// number.
pub(super) fn put(bytes: &mut Vec<u8>, hold: &HoldRow) {
    let app = if hold.app.is_some() { HAS_APP } else { 0 };
    bytes.push(app | if hold.budget.is_some() { HAS_BUDGET } else { 0 });
    put_position(bytes, hold.id);
    hold.app.iter().for_each(|app| put_app(bytes, *app));
    put_text(bytes, &hold.service);
    hold.budget.iter().for_each(|budget| put_text(bytes, budget));
    put_time(bytes, hold.expires);
    put_amount(bytes, hold.cap);
    put_amount(bytes, hold.captured);
    put_amount(bytes, hold.overdrawn);
    varint::put(bytes, hold.slices.len() as u64);
    hold.slices.iter().for_each(|slice| lots::put(bytes, slice));
}

pub(super) fn take(bytes: &mut &[u8]) -> Option<HoldRow> {
    let flags = take_byte(bytes)?;
    if flags & !(HAS_APP | HAS_BUDGET) != 0 {
        return None;
    }
    Some(HoldRow {
        id: take_position(bytes)?,
        app: if flags & HAS_APP == 0 { None } else { Some(take_app(bytes)?) },
        service: take_text(bytes)?,
        budget: if flags & HAS_BUDGET == 0 { None } else { Some(take_text(bytes)?.into()) },
        expires: take_time(bytes)?,
        cap: take_amount(bytes)?,
        captured: take_amount(bytes)?,
        overdrawn: take_amount(bytes)?,
        slices: (0..varint::take(bytes)?).map(|_| lots::take(bytes)).collect::<Option<_>>()?,
    })
}

/// Flags, with the period above them, app, budget, amount, from when on it counts, and what was spent.
pub(super) fn put_cap(bytes: &mut Vec<u8>, cap: &CapRow) {
    let period = match cap.period {
        Period::Day => 0,
        Period::Month => 1,
        Period::Total => 2,
    };
    bytes.push((period * HAS_PERIOD) | if cap.budget.is_some() { HAS_BUDGET } else { 0 });
    put_app(bytes, cap.app);
    cap.budget.iter().for_each(|budget| put_text(bytes, budget));
    put_amount(bytes, cap.amount);
    put_time(bytes, cap.since);
    put_amount(bytes, cap.used);
}

pub(super) fn take_cap(bytes: &mut &[u8]) -> Option<CapRow> {
    let flags = take_byte(bytes)?;
    if flags & HAS_APP != 0 {
        return None;
    }
    let period = match flags / HAS_PERIOD {
        0 => Period::Day,
        1 => Period::Month,
        2 => Period::Total,
        _ => return None,
    };
    Some(CapRow {
        app: take_app(bytes)?,
        budget: if flags & HAS_BUDGET == 0 { None } else { Some(take_text(bytes)?.into()) },
        period,
        amount: take_amount(bytes)?,
        since: take_time(bytes)?,
        used: take_amount(bytes)?,
    })
}
