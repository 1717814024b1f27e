//! A check asks, is recorded and changes nothing.

use events::{Credits, Event};

use crate::{
    history::{History, given},
    words::{check, credits, deduct, expiring, purchase, purchase_of},
};

fn answer(history: &History) -> (bool, Credits) {
    let last = history.events.last().map(|recorded| &recorded.event);
    let Some(Event::CreditsChecked(checked)) = last else { panic!("{last:?}") };
    (checked.sufficient, checked.wallet.available)
}

#[test]
fn a_check_tells_whether_the_cost_could_be_paid() {
    let history = given([purchase("100"), deduct("70")]);
    for (cost, sufficient) in
        [("0.000001", true), ("30", true), ("30.000001", false), ("9000000000000", false)]
    {
        let checked = history.clone().when(check(cost)).leaves("30").accepted();
        assert_eq!(answer(&checked), (sufficient, credits("30")), "{cost}");
    }
}

#[test]
fn a_check_changes_nothing_but_the_last_event() {
    let before = given([purchase("100")]).wallet.expect("an open wallet");
    let after = given([purchase("100")]).and(check("1")).wallet.expect("an open wallet");
    assert_eq!(after.last, before.last.next());
    assert_eq!(ledger::Wallet { last: before.last, ..after }, before);
}

#[test]
fn a_check_sees_what_is_due_as_expired() {
    let history = given([purchase_of("100", expiring(1)), purchase("5")]).later(1);
    let checked = history.when(check("6")).expires(&[(1, "100")]).leaves("5").accepted();
    assert_eq!(answer(&checked), (false, credits("5")));
}
