//! The whole credit: every event is followed, and nothing that cannot have been.

use events::{Credits, Event, Position, Recorded, Time};

use super::*;
use crate::{
    Basis,
    samples::{app, credits, slice, whole},
};

/// Row and parts after each event of the wallet.
fn fold(events: &[Recorded]) -> Result<Vec<(WalletRow, Parts)>, Poison> {
    let mut bases = Bases::default();
    let mut all: Vec<(WalletRow, Parts)> = Vec::new();
    for recorded in events.iter().filter(|recorded| recorded.wallet().is_some()) {
        bases.extend(Basis::of(&recorded.event).map(|basis| (recorded.envelope.position, basis)));
        let before = all.last().map(|(row, _)| row.clone());
        all.push(WalletRow::apply(before, recorded, &bases)?);
    }
    Ok(all)
}

/// The row after the event at `position`.
fn at(position: usize) -> WalletRow {
    fold(&whole::history()[..=position]).expect("valid").pop().expect("a wallet").0
}

/// What `spoil` makes of the event at `position` is refused with `fault`.
#[track_caller]
fn poison(position: usize, fault: Fault, spoil: impl FnOnce(&mut Event)) {
    let mut events = whole::history();
    spoil(&mut events[position].event);
    let refused = fold(&events[..=position]).map(|_| ());
    assert_eq!(refused, Err(fault.at(Position(position as u64))));
}

macro_rules! spoil {
    ($type:ident, $e:ident => $change:expr) => {
        |event: &mut Event| match event {
            Event::$type($e) => {
                $change;
            }
            other => panic!("{other:?}"),
        }
    };
}

#[test]
fn lots_holds_and_debt_always_make_the_balance() {
    for (row, _) in fold(&whole::history()).expect("a valid history") {
        let held: i64 = row.holds.iter().flat_map(|hold| &hold.slices).map(|s| s.remaining.micros()).sum();
        let free: i64 = row.lots.iter().map(|lot| lot.remaining.micros()).sum();
        assert_eq!(row.balance.micros(), free + held - row.debt.micros(), "{}", row.last);
        let reserved: i64 = row.holds.iter().filter_map(HoldRow::rest).map(Credits::micros).sum();
        assert_eq!(row.reserved.micros(), reserved, "{}", row.last);
    }
}

#[test]
fn rows_keep_all_that_decisions_need() {
    let held = at(8);
    let hold = &held.holds[0];
    assert_eq!(
        (hold.id, hold.app, hold.cap, hold.captured),
        (Position(7), Some(app()), credits(70), credits(25))
    );
    assert_eq!(
        hold.slices.iter().map(|s| (s.id, s.remaining)).collect::<Vec<_>>(),
        [(Position(2), credits(35))]
    );
    assert_eq!((held.limit, held.threshold), (credits(20), Some(credits(3))));
    assert_eq!((held.caps[0].used, held.due()), (credits(25), Some(Time::from_micros(5_000))));
    assert_eq!((at(9).debt, at(11).debt, at(12).debt), (credits(10), credits(20), Credits::ZERO));
    assert_eq!((at(11).holds.len(), at(11).caps[0].used), (0, credits(130)), "a full capture closes");
    assert_eq!(at(13).caps[0].used, credits(70), "given back");
    assert_eq!((at(17).frozen, at(18).frozen), (true, false));
    assert_eq!((at(22).due(), at(23).due()), (Some(Time::from_micros(6_000)), None));
    assert_eq!(at(26).caps, []);
    let lots: Vec<_> = at(26).lots.iter().map(|lot| (lot.id.get(), lot.remaining)).collect();
    assert_eq!(lots, [(19, credits(3)), (13, credits(6))]);
}

#[test]
fn a_revived_lot_has_its_price_again() {
    let lots = at(13).lots;
    let revived = lots.iter().find(|lot| lot.id == Position(2)).and_then(|lot| lot.basis);
    assert_eq!(revived.map(|basis| (basis.amount, basis.paid)), Some((credits(100), 10_000_000)));
    assert_eq!(lots.iter().filter(|lot| lot.basis.is_some()).count(), 1);
}

#[test]
fn captures_that_do_not_fit_their_hold_are_poison() {
    poison(8, Fault::Slice, spoil!(HoldCaptured, e => e.slices[0].lot = Position(2)));
    poison(8, Fault::Slice, spoil!(HoldCaptured, e => e.slices[1].amount = credits(14)));
    poison(8, Fault::Amounts, spoil!(HoldCaptured, e => e.captured = credits(26)));
    poison(8, Fault::Subject, spoil!(HoldCaptured, e => e.hold = Position(6)));
    poison(8, Fault::Subject, spoil!(HoldCaptured, e => e.service = "chat".into()));
    poison(11, Fault::Amounts, spoil!(HoldCaptured, e => e.overdrawn = credits(9)));
    poison(
        11,
        Fault::Amounts,
        spoil!(HoldCaptured, e => {
            (e.amount, e.captured, e.overdrawn) = (credits(46), credits(71), credits(11));
        }),
    );
}

#[test]
fn holds_that_do_not_fit_are_poison() {
    poison(7, Fault::Amounts, spoil!(CreditsHeld, e => e.amount = credits(61)));
    poison(7, Fault::Amounts, spoil!(CreditsHeld, e => e.cap = credits(59)));
    poison(7, Fault::Slice, spoil!(CreditsHeld, e => e.slices[0].amount = credits(11)));
    poison(23, Fault::Slice, spoil!(HoldReleased, e => e.slices[0].amount = credits(2)));
    poison(23, Fault::Amounts, spoil!(HoldReleased, e => e.amount = credits(4)));
    poison(25, Fault::Subject, spoil!(HoldExpired, e => e.hold = Position(21)));
    poison(20, Fault::Subject, spoil!(CreditsChecked, e => e.hold = Some(Position(22))));
    let mut early = whole::history();
    early[25].envelope.time = Time::from_micros(1_024);
    assert_eq!(fold(&early).map(drop), Err(Fault::Terms.at(Position(25))));
}

#[test]
fn debt_that_lots_could_pay_is_poison() {
    poison(12, Fault::Debt, spoil!(CreditsPurchased, e => e.settled.clear()));
    poison(12, Fault::Debt, spoil!(CreditsPurchased, e => e.settled[0].amount = credits(21)));
    poison(14, Fault::Debt, spoil!(PurchaseRefunded, e => e.settled[0].amount = credits(29)));
    poison(
        14,
        Fault::Slice,
        spoil!(PurchaseRefunded, e => {
            (e.taken, e.debt) = (credits(40), credits(40));
        }),
    );
    poison(9, Fault::Amounts, spoil!(CreditsDeducted, e => e.overdrawn = credits(11)));
    poison(13, Fault::Debt, spoil!(DeductionRolledBack, e => e.formed = None));
}

#[test]
fn what_was_never_ruled_is_poison() {
    poison(10, Fault::Amounts, spoil!(BalanceLow, e => e.threshold = credits(31)));
    poison(4, Fault::Amounts, spoil!(LimitSet, e => e.limit = credits(-1)));
    poison(6, Fault::Amounts, spoil!(CapSet, e => e.amount = Some(credits(-1))));
    poison(16, Fault::Amounts, spoil!(CreditsAdjusted, e => e.slices = [slice(13, 5)].into_iter().collect()));
    poison(19, Fault::Slice, spoil!(CreditsAdjusted, e => e.lot = None));
}
