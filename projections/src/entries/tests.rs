use super::*;
use crate::samples::{app, credits, history, org, wallet, whole};

#[test]
fn every_wallet_event_is_one_entry() {
    let entries: Vec<EntryRow> =
        history().iter().filter_map(|recorded| EntryRow::of(recorded, Parts::default())).collect();
    let wanted = [
        (2, EntryKind::Opened, 0, 0),
        (3, EntryKind::Opened, 0, 0),
        (4, EntryKind::Purchase, 100, 100),
        (5, EntryKind::Grant, 10, 110),
        (6, EntryKind::Deduction, -40, 70),
        (7, EntryKind::Check, 0, 70),
        (8, EntryKind::Refusal, 0, 70),
        (9, EntryKind::Rollback, 30, 100),
        (10, EntryKind::Rollback, 4, 104),
        (11, EntryKind::Expiry, -4, 100),
        (12, EntryKind::Purchase, 3, 3),
        (13, EntryKind::Deduction, -38, 62),
    ];
    let brief: Vec<_> = entries.iter().map(|e| (e.position.get(), e.kind, e.amount, e.balance)).collect();
    assert_eq!(
        brief,
        wanted.map(|(at, kind, amount, balance)| (at, kind, credits(amount), credits(balance)))
    );
    assert_eq!(entries[7].refers_to, Some(Position(6)), "the deduction");
    assert_eq!(entries[9].refers_to, Some(Position(5)), "the lot");
    assert!(entries.iter().all(|e| (e.org, e.app) == (org(), Some(app()))));
    assert_eq!(entries[10].wallet, wallet(2));
}

#[test]
fn references_say_what_it_was_about() {
    let references: Vec<_> = history().iter().map(|recorded| reference(&recorded.event)).collect();
    let at = |position: usize| references[position].as_deref();
    assert_eq!((at(0), at(2), at(4)), (None, None, Some("pay_1")));
    assert_eq!(
        (at(6), at(8), at(9), at(11)),
        (Some("chat"), Some("insufficient-credits"), Some("6"), Some("5"))
    );
}

#[test]
fn kinds_have_names_and_numbers() {
    for (code, &kind) in (0..).zip(EntryKind::ALL) {
        assert_eq!(EntryKind::parse(kind.as_str()), Some(kind));
        assert_eq!((kind.code(), EntryKind::from_code(code)), (code, Some(kind)));
    }
    assert_eq!((EntryKind::parse("Check"), EntryKind::from_code(23)), (None, None));
}

#[test]
fn codes_never_change() {
    let kinds = [EntryKind::Opened, EntryKind::Refusal, EntryKind::Hold, EntryKind::LowBalance];
    assert_eq!(kinds.map(EntryKind::code), [0, 7, 8, 22]);
    assert_eq!(EntryKind::HoldExpiry.as_str(), "hold_expiry");
}

#[test]
fn entries_of_the_whole_credit_add_up() {
    let entries: Vec<EntryRow> =
        whole::history().iter().filter_map(|recorded| EntryRow::of(recorded, Parts::default())).collect();
    let mut balance = Credits::ZERO;
    for entry in &entries {
        balance = balance.checked_add(entry.amount).expect("in range");
        assert_eq!(entry.balance, balance, "{}", entry.position);
    }
    let kinds: Vec<_> = entries[10..15].iter().map(|entry| (entry.kind, entry.refers_to)).collect();
    let at = |position| Some(Position(position));
    assert_eq!(
        kinds,
        [
            (EntryKind::Capture, at(7)),
            (EntryKind::Purchase, None),
            (EntryKind::Rollback, at(9)),
            (EntryKind::Refund, at(2)),
            (EntryKind::Proposal, None)
        ]
    );
}
