//! A deduction is given back to the lots it came from, whole or in parts, never more than once.

use events::{Credits, Refusal};
use ledger::{MAX_LIVE_LOTS, Question, Rejection};

use crate::{
    history::{ORG, WALLET, given},
    stored::{facts, rollback},
    words::{
        check, credits, deduct, expiring, grant, hold, priority, purchase, purchase_of, refund, roll_back,
        roll_back_part,
    },
};

fn exceeds(remaining: &str, requested: &str) -> Refusal {
    Refusal::RollbackExceedsDeduction { remaining: credits(remaining), requested: credits(requested) }
}

#[test]
fn a_rollback_gives_all_back() {
    given([purchase("100"), deduct("70")]).when(roll_back(2)).leaves("100").returns(&[(1, "70")]);
}

#[test]
fn slices_come_back_in_reverse() {
    given([purchase("10"), purchase("10"), purchase("10"), deduct("25")])
        .when(roll_back(4))
        .leaves("30")
        .returns(&[(3, "5"), (2, "10"), (1, "10")]);
}

#[test]
fn parts_continue_where_the_last_one_stopped() {
    let history = given([purchase("10"), purchase("10"), purchase("10"), deduct("25")]);
    let history = history.when(roll_back_part(4, "3")).leaves("8").returns(&[(3, "3")]);
    let history = history.when(roll_back_part(4, "9")).leaves("17").returns(&[(3, "2"), (2, "7")]);
    let history = history.when(roll_back_part(4, "3")).leaves("20").returns(&[(2, "3")]);
    let history = history.when(roll_back(4)).leaves("30").returns(&[(1, "10")]);
    let rollbacks = history.events.iter().filter_map(|recorded| rollback(&recorded.event));
    assert_eq!(rollbacks.map(|e| e.returned).collect::<Vec<Credits>>(), ["3", "12", "15", "25"].map(credits));
}

#[test]
fn no_more_comes_back_than_was_taken() {
    let history = given([purchase("100"), deduct("70")]);
    let history = history.when(roll_back_part(2, "70.000001")).refused(exceeds("70", "70.000001"));
    let history = history.and(roll_back_part(2, "69"));
    let history = history.when(roll_back_part(2, "2")).leaves("99").refused(exceeds("1", "2"));
    let history = history.and(roll_back_part(2, "1"));
    let history = history.when(roll_back_part(2, "0.000001")).leaves("100").refused(exceeds("0", "0.000001"));
    history.when(roll_back(2)).leaves("100").refused(exceeds("0", "70"));
}

#[test]
fn a_spent_lot_lives_again_with_its_old_terms() {
    let history = given([purchase_of("10", priority(3)), purchase("10"), deduct("10"), roll_back(3)]);
    history.when(deduct("12")).spends(&[(1, "10"), (2, "2")]);
}

#[test]
fn a_lot_that_is_still_live_grows() {
    let history = given([purchase("10"), deduct("4"), roll_back_part(2, "1")]);
    let wallet = history.wallet.expect("an open wallet");
    assert_eq!(wallet.lots.iter().map(|lot| lot.remaining).collect::<Vec<_>>(), [credits("7")]);
}

#[test]
fn what_comes_back_to_an_expired_lot_expires_at_once() {
    let history = given([purchase_of("20", expiring(1)), purchase("50"), deduct("30")]).later(1);
    history.when(roll_back(3)).expires(&[(1, "20")]).leaves("50").returns(&[(2, "10"), (1, "20")]);
}

#[test]
fn what_is_left_of_a_due_lot_expires_before_the_rollback_and_the_rest_after_it() {
    let history = given([purchase_of("20", expiring(1)), deduct("15")]).later(1);
    let outcome = history.when(roll_back(2)).expires(&[(1, "5"), (1, "15")]).leaves("0");
    let kinds: Vec<_> = outcome.accepted().events.iter().map(|r| r.event.event_type().as_str()).collect();
    assert_eq!(kinds[3..], ["credits.expired.v1", "credits.deduction_rolled_back.v1", "credits.expired.v1"],);
}

#[test]
fn only_deductions_are_rolled_back() {
    let history = given([purchase("100"), deduct("70"), roll_back_part(2, "1"), check("5")]);
    for other in [0, 1, 3, 4, 5, u64::MAX] {
        let after = history.clone().when(roll_back(other)).rejected(Rejection::DeductionNotFound);
        assert_eq!(after.events, history.events, "position {other}");
    }
}

#[test]
fn a_deduction_of_another_wallet_is_not_found() {
    let history = given([purchase("100"), deduct("70")]);
    let asked = events::Asked { key: None, request: events::RequestHash([0; 16]) };
    let mut facts = facts(&history.events, &roll_back(2));
    facts.deduction.as_mut().expect("a deduction").wallet = events::WalletId(uuid::Uuid::from_u128(99));
    let (rules, now) = (ledger::Rules::default(), history.now());
    let question =
        Question { wallet: WALLET, org: ORG, app: None, actor: None, asked: &asked, rules: &rules, now };
    let decided = ledger::decide(history.wallet.as_ref(), &roll_back(2), &facts, question, history.next());
    assert_eq!(decided, Err(Rejection::DeductionNotFound));
}

#[test]
fn a_rollback_that_would_make_too_many_lots_is_refused() {
    // Position 0 opens, 1 is the lot that gets spent, 2 the deduction.
    let spent = given([purchase("1"), deduct("1")]);
    let full = std::iter::repeat_n(grant("1"), MAX_LIVE_LOTS).fold(spent, |history, ask| history.and(ask));
    let full = full.when(roll_back(2)).leaves("200").refused(Refusal::TooManyLots);
    full.and(deduct("1")).when(roll_back(2)).leaves("200").returns(&[(1, "1")]);
}

#[test]
fn what_a_rollback_brings_back_only_to_expire_or_to_pay_debt_takes_no_room() {
    let spent = given([purchase_of("1", expiring(1)), deduct("1")]);
    let full = std::iter::repeat_n(grant("1"), MAX_LIVE_LOTS).fold(spent, |history, ask| history.and(ask));
    full.later(1).when(roll_back(2)).leaves("200").expires(&[(1, "1")]).returns(&[(1, "1")]);
    // 200 lots are held, so that the debt of a refund stands beside them.
    let spent = given([purchase("1"), deduct("1")]);
    let full = std::iter::repeat_n(grant("1"), MAX_LIVE_LOTS).fold(spent, |history, ask| history.and(ask));
    let owing = full.and(hold("200")).and(refund(1, None));
    owing.when(roll_back(2)).leaves("200").has("0", "200", "0").returns(&[(1, "1")]);
}

#[test]
fn a_rollback_beyond_the_largest_balance_is_refused() {
    let largest = "9223372036854.775807";
    let history = given([purchase("1"), deduct("1"), purchase(largest)]);
    history.when(roll_back(2)).leaves(largest).refused(Refusal::BalanceOverflow);
}
