use events::Period;

use super::*;
use crate::{
    Bases, Basis, CapRow,
    samples::{app, credits, history, wallet, whole},
};

fn packed(row: &WalletRow) -> Vec<u8> {
    let mut bytes = Vec::new();
    row.pack(&mut bytes);
    bytes
}

#[test]
fn rows_come_back_as_they_were() {
    let mut bases = Bases::default();
    let mut row: Option<WalletRow> = None;
    for recorded in whole::history().iter().filter(|recorded| recorded.wallet().is_some()) {
        bases.extend(Basis::of(&recorded.event).map(|basis| (recorded.envelope.position, basis)));
        let (next, _) = WalletRow::apply(row.take(), recorded, &bases).expect("a valid history");
        let bytes = packed(&next);
        let read = WalletRow::unpack(next.id, next.org, next.account_seq, next.last, &bytes);
        assert_eq!(read.as_ref(), Some(&next), "{}", next.last);
        row = Some(next);
    }
}

#[test]
fn caps_of_every_period_come_back() {
    let mut row = WalletRow::empty(wallet(1), crate::samples::org(), 1, Position(2));
    for (period, budget) in [(Period::Day, None), (Period::Month, Some("agent")), (Period::Total, None)] {
        let since = period.start(events::Time::from_micros(1_790_000_000_000_000));
        let (budget, amount, used) = (budget.map(events::Budget::from), credits(5), credits(3));
        row.caps.push(CapRow { app: app(), budget, period, amount, since, used });
    }
    let bytes = packed(&row);
    assert_eq!(WalletRow::unpack(row.id, row.org, 1, Position(2), &bytes).as_ref(), Some(&row));
}

#[test]
fn a_plain_wallet_costs_a_byte_beside_its_lots() {
    let first = history().into_iter().filter(|recorded| recorded.wallet() == Some(wallet(1))).take(3);
    let row = first.fold(None, |row, recorded| {
        Some(WalletRow::apply(row, &recorded, &Bases::default()).expect("valid").0)
    });
    let bytes = packed(&row.expect("a wallet"));
    assert_eq!(bytes.len(), 1 + (1 + 4 + 2) + (1 + 4 + 2 + 2), "flags, a paid lot, one that expires");
}

#[test]
fn other_bytes_are_refused() {
    let unpack = |bytes: &[u8]| WalletRow::unpack(wallet(1), crate::samples::org(), 1, Position(2), bytes);
    assert_eq!(unpack(&[]), None);
    assert_eq!(unpack(&[64]), None, "an unknown flag");
    assert_eq!(unpack(&[DEBT]), None, "cut off");
    assert_eq!(unpack(&[0, 1, 1, 0xff, 0]), None, "unknown flags of a lot");
    assert_eq!(unpack(&[0, 1, 1, 1]), None, "half a lot");
    assert!(unpack(&[0]).is_some_and(|row| row.balance.is_zero()));
}
