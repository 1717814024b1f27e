//! Holds: reserved, captured within and beyond, extended, released, expired.

use events::{Credits, Event, Refusal};
use ledger::{Command, Hold, HoldTerms, MAX_HOLDS, MAX_LIVE_LOTS, Rejection};

use crate::{
    history::{History, given},
    words::{
        APP, HOUR, OTHER_APP, amount, capture, capture_last, captured, check, cost, credits, deduct,
        expiring, extend, freeze, hold, hold_for, limit, lot, priority, promotional, purchase, purchase_of,
        release, roll_back, slice,
    },
};

fn insufficient(available: &str, required: &str) -> Refusal {
    Refusal::InsufficientCredits { available: credits(available), required: credits(required) }
}

fn beyond(history: &History) -> (Vec<events::Slice>, Vec<events::Slice>, Credits) {
    let last = history.events.last().map(|recorded| &recorded.event);
    let Some(Event::HoldCaptured(e)) = last else { panic!("{last:?}") };
    (e.slices.to_vec(), e.beyond.to_vec(), e.overdrawn)
}

#[test]
fn a_hold_reserves_and_pins_its_slices() {
    let held = given([purchase("10"), purchase("10")]).when(hold("15")).leaves("20").has("5", "15", "0");
    let history = held.accepted();
    // A better lot comes in; the hold keeps what it has, a deduction takes the better one.
    let history = history.and(purchase_of("9", priority(0)));
    let history = history.when(deduct("10")).leaves("19").spends(&[(4, "9"), (2, "1")]);
    let after = history.when(capture(3, "12")).has("4", "3", "0").accepted();
    assert_eq!(beyond(&after), (vec![slice(1, "10"), slice(2, "2")], vec![], Credits::ZERO));
    after.when(deduct("5")).refused(insufficient("4", "5"));
}

#[test]
fn a_capture_goes_beyond_the_hold_up_to_its_cap() {
    let history = given([purchase("10"), purchase("10"), hold_for("5", Some("16"), HOUR)]);
    let after = history.clone().when(capture(3, "12")).has("8", "0", "0").accepted();
    assert_eq!(beyond(&after), (vec![slice(1, "5")], vec![slice(1, "5"), slice(2, "2")], Credits::ZERO));
    let exceeds = Refusal::CaptureExceedsHold { remaining: credits("4"), requested: credits("4.000001") };
    after.clone().when(capture(3, "4.000001")).refused(exceeds);
    // Nothing is reserved any more, so "the rest" is nothing; up to the cap it stays open.
    after.clone().when(captured(3, None, false)).refused(Refusal::CostIsZero);
    let closed = after.and(capture(3, "4"));
    assert!(closed.wallet.as_ref().expect("a wallet").special.holds.is_empty());
    closed.when(capture(3, "1")).refused(Refusal::HoldClosed);
    // Beyond the hold counts what the wallet has.
    history.and(deduct("14")).when(capture(3, "7")).refused(insufficient("1", "2"));
}

#[test]
fn a_capture_that_names_one_lot_twice_comes_back_as_one_slice() {
    let history = given([purchase("10"), hold_for("4", Some("9"), HOUR), capture_last(2, "7")]);
    let history = history.when(crate::words::roll_back_part(3, "5")).leaves("8").returns(&[(1, "5")]);
    let history = history.when(roll_back(3)).leaves("10").returns(&[(1, "2")]);
    let refusal = Refusal::RollbackExceedsDeduction { remaining: credits("0"), requested: credits("7") };
    history.when(roll_back(3)).refused(refusal);
}

#[test]
fn the_last_capture_releases_the_rest() {
    let history = given([purchase("10"), hold("8")]);
    let types = ["credits.hold_captured", "credits.hold_released"];
    let after = history.when(capture_last(2, "3")).follows(&types).has("7", "0", "0").accepted();
    assert_eq!(after.events.iter().rev().filter(|stored| stored.event.asked().is_some()).count(), 3);
    after.when(release(2)).refused(Refusal::HoldClosed);
    // A capture up to the cap has nothing left to release.
    let full = given([purchase("10"), hold("8")]).when(capture_last(2, "8"));
    full.follows(&["credits.hold_captured"]).has("2", "0", "0").accepted();
}

#[test]
fn a_hold_ends_by_release_or_by_time() {
    let history = given([purchase("10"), hold("8")]);
    history.clone().when(release(2)).follows(&["credits.hold_released"]).has("10", "0", "0").accepted();
    let late = history.later_by(HOUR - 1_000_000);
    let types = ["credits.hold_expired", "credits.checked"];
    let after = late.clone().when(check("10")).follows(&types).has("10", "0", "0").accepted();
    after.when(capture(2, "1")).refused(Refusal::HoldClosed);
    // The very capture that comes at its last moment is too late, and a microsecond earlier it is not.
    let types = ["credits.hold_expired", "credits.command_refused"];
    late.clone().when(capture(2, "1")).follows(&types).refused(Refusal::HoldClosed);
    late.later_by(-1).when(capture(2, "1")).follows(&["credits.hold_captured"]).accepted();
}

#[test]
fn an_extension_counts_from_now_and_may_shorten() {
    let history = given([purchase("10"), hold("8")]).later_by(HOUR / 2);
    let longer = history.clone().and(extend(2, HOUR)).later_by(HOUR - 1_000_001);
    longer.clone().when(capture(2, "1")).follows(&["credits.hold_captured"]).accepted();
    longer.later_by(1).when(capture(2, "1")).refused(Refusal::HoldClosed);
    let shorter = history.clone().and(extend(2, 1));
    shorter.when(capture(2, "1")).refused(Refusal::HoldClosed);
    for timeout in [0, -1, i64::MIN] {
        let after = history.clone().when(extend(2, timeout)).rejected(Rejection::ExpiryInPast);
        assert_eq!(after.events, history.events);
        history.clone().when(hold_for("1", None, timeout)).rejected(Rejection::ExpiryInPast);
    }
    history.and(extend(2, i64::MAX)).later(300_000).when(capture(2, "8")).leaves("2").accepted();
}

#[test]
fn held_credits_expire_only_when_they_are_released() {
    let two_days = HOUR * 48;
    let history = given([purchase_of("10", expiring(1)), hold_for("4", None, two_days)]).later(1);
    let history = history.when(check("1")).expires(&[(1, "6")]).has("0", "4", "0").accepted();
    let spent = history.clone().when(capture(2, "1")).leaves("3").accepted();
    spent.when(roll_back(5)).leaves("3").expires(&[(1, "1")]).accepted();
    let types = ["credits.hold_released", "credits.expired"];
    history.clone().when(release(2)).follows(&types).expires(&[(1, "4")]).leaves("0").accepted();
    let types = ["credits.hold_expired", "credits.expired", "credits.checked"];
    history.later(1).when(check("1")).follows(&types).leaves("0").accepted();
}

#[test]
fn of_a_hold_and_its_lot_at_the_same_time_the_hold_ends_first() {
    let at = ledger::Expiry::At(crate::words::start().plus_micros(2_000_000 + HOUR));
    let history = given([purchase_of("10", ledger::NewLot { expiry: Some(at), ..lot() }), hold("4")]);
    let types = ["credits.hold_expired", "credits.expired", "credits.checked"];
    history.later(1).when(check("1")).follows(&types).expires(&[(1, "10")]).leaves("0").accepted();
}

#[test]
fn a_capture_beyond_its_hold_may_use_the_credit_limit() {
    let history = given([purchase("5"), limit("3"), hold_for("4", Some("20"), HOUR)]);
    let history = history.when(capture(3, "8.000001")).refused(insufficient("4", "4.000001"));
    let after = history.when(capture(3, "8")).has("-3", "0", "3").accepted();
    assert_eq!(beyond(&after), (vec![slice(1, "4")], vec![slice(1, "1")], credits("3")));
}

#[test]
fn an_app_sees_its_own_holds_and_an_operator_all() {
    let history = given([purchase("10")]).by(APP).and(hold("8"));
    let stranger = history.clone().by(OTHER_APP);
    for command in [capture(2, "1"), extend(2, 1), release(2), capture(1, "1"), release(99)] {
        stranger.clone().when(command).rejected(Rejection::HoldNotFound);
    }
    history.clone().and(release(2)).by(OTHER_APP).when(release(2)).rejected(Rejection::HoldNotFound);
    history.by(None).when(capture(2, "1")).leaves("9").accepted();
}

#[test]
fn a_check_can_place_a_hold_behind_it() {
    let ask = |text, cap: Option<&str>| {
        let terms = HoldTerms { timeout_micros: HOUR, cap: cap.map(amount) };
        let Command::Check(check) = check(text) else { unreachable!("a check") };
        Command::Check(ledger::Check { hold: Some(terms), ..check })
    };
    let types = ["credits.checked", "credits.held"];
    let history = given([purchase("10")]);
    let outcome = history.clone().when(ask("4", None)).follows(&types).has("6", "4", "0");
    let Event::CreditsChecked(checked) = &outcome.events()[0] else { panic!("no check") };
    assert_eq!((checked.sufficient, checked.hold.map(events::Position::get)), (true, Some(3)));
    assert!(outcome.events()[1].asked().is_none());
    outcome.accepted().when(capture(3, "4")).leaves("6").accepted();
    let outcome = history.clone().when(ask("11", None)).follows(&["credits.checked"]).has("10", "0", "0");
    let Event::CreditsChecked(checked) = &outcome.events()[0] else { panic!("no check") };
    assert_eq!((checked.sufficient, checked.hold), (false, None));
    history.when(ask("4", Some("3"))).rejected(Rejection::CapBelowHold);
}

#[test]
fn a_wallet_has_a_hundred_open_holds_and_no_more() {
    let history = given([purchase("200")]);
    let full = (0..MAX_HOLDS).fold(history, |history, _| history.and(hold("1")));
    let full = full.when(hold("1")).leaves("200").refused(Refusal::TooManyHolds);
    full.and(release(2)).when(hold("1")).accepted();
}

#[test]
fn what_is_reserved_stays_within_the_range() {
    let most = "9223372036854.775807";
    let history = given([purchase(most), limit(most), hold(most)]);
    history.clone().when(hold("1")).has("0", most, "0").refused(Refusal::BalanceOverflow);
    history.when(hold(most)).refused(Refusal::BalanceOverflow);
    // A deduction of the same is no question of what is reserved.
    let spent = given([purchase("1"), limit(most)]).when(deduct(most)).has(
        "-9223372036853.775807",
        "0",
        "9223372036853.775807",
    );
    spent.accepted().when(deduct("1.000001")).refused(insufficient("1", "1.000001"));
}

/// Each lot is held in part and free in part, so that a capture takes 400 slices.
#[test]
fn the_largest_capture_and_its_rollback_fit_into_their_events() {
    let half = "10000000000.0000005".replace(".0000005", ".000001");
    let mut history = given([]);
    for burns_first in (0..MAX_LIVE_LOTS).rev() {
        let far = ledger::Expiry::At("9000-12-31T23:59:59.999999Z".parse().expect("a time"));
        let new = ledger::NewLot { priority: burns_first as u8, expiry: Some(far), ..promotional() };
        history = history.and(purchase_of("20000000000.000002", new)).and(deduct(&half));
    }
    let deductions: Vec<u64> = (0..history.events.len() as u64)
        .filter(|at| matches!(history.events[*at as usize].event, Event::CreditsDeducted(_)))
        .collect();
    let held = history.balance();
    let all = Hold {
        service: "s".repeat(64).into(),
        charge: ledger::Charge::Cost(ledger::Amount::new(held).expect("credits")),
        terms: HoldTerms { timeout_micros: HOUR, cap: ledger::Amount::new(Credits::MAX) },
        budget: None,
        metadata: None,
    };
    history = history.and(Command::Hold(all));
    let hold = history.last();
    for deduction in deductions {
        history = history.and(roll_back(deduction));
    }
    let all = history.balance();
    history = history.and(capture(hold, &all.to_string()));
    let (slices, beyond, _) = beyond(&history);
    assert_eq!((slices.len(), beyond.len()), (MAX_LIVE_LOTS, MAX_LIVE_LOTS));
    let captured = history.last();
    history = history.and(limit(&all.to_string())).and(deduct(&all.to_string()));
    // 200 lots come back and all of it pays debt: `store` has encoded it, so it fits.
    let after = history.when(roll_back(captured)).leaves("0").has("0", "0", "0").accepted();
    let Some(Event::DeductionRolledBack(e)) = after.events.last().map(|stored| &stored.event) else {
        panic!()
    };
    assert_eq!((e.slices.len(), e.settled.len()), (MAX_LIVE_LOTS, MAX_LIVE_LOTS));
}

#[test]
fn nothing_is_held_or_captured_while_frozen_but_released() {
    let history = given([purchase("10"), hold("4"), freeze()]);
    for command in [hold("1"), capture(2, "1"), extend(2, HOUR), deduct("1")] {
        history.clone().when(command).has("6", "4", "0").refused(Refusal::WalletFrozen);
    }
    history.clone().when(release(2)).has("10", "0", "0").accepted();
    history.later(1).when(check("1")).has("10", "0", "0").accepted();
}

#[test]
fn a_held_lot_still_counts_as_live() {
    let history = given([purchase_of("1", lot()), hold("1")]);
    let full = (1..MAX_LIVE_LOTS).fold(history, |history, _| history.and(purchase("1")));
    full.clone().when(purchase("1")).refused(Refusal::TooManyLots);
    full.and(captured(2, Some(cost("1")), false)).when(purchase("1")).accepted();
}
