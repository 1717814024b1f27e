//! The credit limit, refunds, chargebacks and the debt they leave.

use events::{Credits, Event, Refusal, Slice};
use ledger::Rejection;

use crate::{
    history::{Outcome, given},
    words::{
        adjust, approve, capture, check, credits, deduct, expiring, grant, hold, limit, priority, purchase,
        purchase_of, refund, release, roll_back, slice,
    },
};

fn insufficient(available: &str, required: &str) -> Refusal {
    Refusal::InsufficientCredits { available: credits(available), required: credits(required) }
}

/// Slices that paid debt, of all events of an outcome.
fn settled(outcome: &Outcome) -> Vec<Slice> {
    let of = |event: &Event| match event {
        Event::CreditsPurchased(e) => e.settled.to_vec(),
        Event::CreditsGranted(e) => e.settled.to_vec(),
        Event::CreditsAdjusted(e) => e.settled.to_vec(),
        Event::DeductionRolledBack(e) => e.settled.to_vec(),
        Event::PurchaseRefunded(e) => e.settled.to_vec(),
        Event::HoldReleased(e) => e.settled.to_vec(),
        Event::HoldExpired(e) => e.settled.to_vec(),
        Event::WalletOpened(_)
        | Event::CreditsChecked(_)
        | Event::CreditsDeducted(_)
        | Event::CreditsExpired(_)
        | Event::CommandRefused(_)
        | Event::CreditsHeld(_)
        | Event::HoldCaptured(_)
        | Event::HoldExtended(_)
        | Event::AdjustmentProposed(_)
        | Event::WalletFrozen(_)
        | Event::WalletUnfrozen(_)
        | Event::LimitSet(_)
        | Event::CapSet(_)
        | Event::ThresholdSet(_)
        | Event::BalanceLow(_)
        | Event::PriceSet(_)
        | Event::PolicySet(_)
        | Event::Auth(_)
        | Event::WriterChanged(_) => Vec::new(),
    };
    outcome.events().iter().flat_map(of).collect()
}

#[test]
fn a_wallet_is_overdrawn_up_to_its_limit() {
    let history = given([purchase("10"), limit("5")]);
    let history = history.when(deduct("12")).has("-2", "0", "2").spends(&[(1, "10")]);
    let history = history.when(deduct("3.000001")).refused(insufficient("3", "3.000001"));
    let history = history.when(deduct("3")).leaves("-5").spends(&[]);
    // A lower limit takes nothing back, and allows nothing more.
    let history = history.and(limit("0"));
    history.when(deduct("0.000001")).has("-5", "0", "5").refused(insufficient("-5", "0.000001"));
}

#[test]
fn a_hold_can_reserve_the_limit_and_later_lots_pay_for_it() {
    let history = given([purchase("10"), limit("5")]).when(hold("14")).has("-4", "14", "0").accepted();
    let history = history.when(deduct("2")).refused(insufficient("1", "2"));
    let history = history.when(purchase("3")).leaves("13").has("-1", "14", "0").accepted();
    let history = history.when(capture(3, "14")).leaves("-1").has("-1", "0", "1").accepted();
    let Some(Event::HoldCaptured(e)) = history.events.last().map(|stored| &stored.event) else { panic!() };
    assert_eq!((e.slices.to_vec(), e.beyond.to_vec()), (vec![slice(1, "10")], vec![slice(5, "3")]));
    assert_eq!(e.overdrawn, credits("1"));
}

#[test]
fn whatever_comes_in_pays_debt_at_once() {
    let owing = given([purchase("10"), limit("20"), deduct("30")]);
    let outcome = owing.clone().when(purchase("15")).leaves("-5").has("-5", "0", "5");
    assert_eq!(settled(&outcome), [slice(4, "15")]);
    let outcome = owing.clone().when(grant("25")).leaves("5").has("5", "0", "0");
    assert_eq!(settled(&outcome), [slice(4, "20")]);
    outcome.accepted().when(deduct("5")).spends(&[(4, "5")]);
    assert_eq!(settled(&owing.clone().when(adjust("21")).leaves("1")), [slice(4, "20")]);
    // The overdrawn part comes back first and is simply no longer owed.
    let outcome = owing.when(roll_back(3)).leaves("10").has("10", "0", "0");
    assert_eq!(settled(&outcome), []);
    outcome.returns(&[(1, "10")]);
}

#[test]
fn what_was_overdrawn_and_paid_since_comes_back_as_a_lot_of_its_own() {
    let history = given([limit_wallet(), limit("20"), deduct("15"), purchase("12")]);
    let outcome = history.when(roll_back(2)).leaves("12").has("12", "0", "0");
    let Event::DeductionRolledBack(e) = &outcome.events()[0] else { panic!("no rollback") };
    let formed = e.formed.expect("a lot");
    assert_eq!((e.overdrawn, formed.amount), (credits("15"), credits("12")));
    assert_eq!(formed.terms.class, events::Class::Promotional, "a gift may have paid what was overdrawn");
    // The lot's id is the rollback's position; it is spent and given back like any other.
    let history = outcome.accepted().when(deduct("12")).leaves("0").spends(&[(4, "12")]);
    history.when(roll_back(5)).leaves("12").returns(&[(4, "12")]);
}

fn limit_wallet() -> ledger::Command {
    ledger::Command::OpenWallet
}

#[test]
fn a_refund_takes_the_rest_of_its_lot_then_other_lots_then_owes() {
    let history = given([purchase_of("10", priority(0)), purchase("3"), deduct("6")]);
    let outcome = history.clone().when(refund(1, Some("4"))).leaves("3").has("3", "0", "0");
    assert_eq!(settled(&outcome), []);
    let part = outcome.accepted();
    let exceeds = Refusal::RefundExceedsPurchase { remaining: credits("6"), requested: credits("7") };
    part.clone().when(refund(1, Some("7"))).refused(exceeds);
    // The six that were spent: three are paid from the other lot, three are owed.
    let outcome = part.when(refund(1, None)).leaves("-3").has("-3", "0", "3");
    assert_eq!(settled(&outcome), [slice(2, "3")]);
    let owing = outcome.accepted();
    let none = Refusal::RefundExceedsPurchase { remaining: Credits::ZERO, requested: credits("10") };
    owing.clone().when(refund(1, None)).refused(none);
    assert_eq!(settled(&owing.clone().when(purchase("5")).has("2", "0", "0")), [slice(6, "3")]);
    assert_eq!(settled(&owing.when(roll_back(3)).has("3", "0", "0")), [slice(1, "3")]);
}

#[test]
fn held_credits_of_a_refunded_purchase_pay_when_they_are_free_again() {
    let history = given([purchase("10"), hold("6")]).when(refund(1, None)).leaves("0").has("-6", "6", "6");
    let history = history.accepted();
    let outcome = history.clone().when(release(2)).leaves("0").has("0", "0", "0");
    assert_eq!(settled(&outcome), [slice(1, "6")]);
    let spent = history.clone().when(capture(2, "4")).leaves("-4").has("-6", "2", "6").accepted();
    spent.when(release(2)).has("-4", "0", "4").accepted();
    let outcome = history.later(1).when(check("1")).has("0", "0", "0");
    assert_eq!(settled(&outcome), [slice(1, "6")], "by its expiry too");
}

#[test]
fn only_purchases_are_refunded() {
    let history = given([purchase("10"), grant("5"), deduct("1")]);
    for other in [0, 2, 3, 99] {
        history.clone().when(refund(other, None)).rejected(Rejection::PurchaseNotFound);
    }
}

#[test]
fn debt_stays_within_the_range() {
    let most = "9223372036854.775807";
    let history = given([purchase(most), deduct(most), purchase(most), deduct(most)]);
    let owing = history.when(refund(1, None)).leaves("-9223372036854.775807").accepted();
    owing
        .when(refund(3, Some("0.000001")))
        .has("-9223372036854.775807", "0", most)
        .refused(Refusal::BalanceOverflow);
}

#[test]
fn an_adjustment_adds_a_lot_or_takes_from_lots() {
    let history = given([purchase("10")]);
    let history = history.when(adjust("5")).leaves("15").accepted();
    let history = history.when(adjust("-12")).leaves("3").accepted();
    history.clone().when(adjust("-3.000001")).leaves("3").refused(insufficient("3", "3.000001"));
    history.clone().when(adjust("0")).refused(Refusal::CostIsZero);
    history.clone().when(adjust("-9223372036854.775808")).refused(Refusal::BalanceOverflow);
    history.clone().when(adjust("9223372036854.775807")).refused(Refusal::BalanceOverflow);
    // What a hold reserves of the credit limit does not keep lots from being taken.
    let reserved = given([limit_wallet(), limit("5"), hold("5"), purchase("4")]);
    reserved.when(adjust("-4")).leaves("0").has("-5", "5", "0").accepted();
}

#[test]
fn a_large_adjustment_needs_another_person() {
    let policy = events::PolicySet { approval_above: Some(credits("100")), ..Default::default() };
    let history = given([purchase("10")]).ruled(policy).person("key/1");
    let small = history.clone().when(adjust("100")).follows(&["credits.adjusted"]).leaves("110").accepted();
    small.when(adjust("-100.000001")).follows(&["credits.adjustment_proposed"]).leaves("110").accepted();
    let proposed = history.when(adjust("100.000001")).leaves("10").accepted();
    let proposed = proposed.when(approve(2)).refused(Refusal::ApproverIsProposer);
    for other in [0, 1, 3, 99] {
        proposed.clone().when(approve(other)).rejected(Rejection::ProposalNotFound);
    }
    let approved = proposed.person("key/2").when(approve(2)).leaves("110.000001").accepted();
    let Some(Event::CreditsAdjusted(e)) = approved.events.last().map(|stored| &stored.event) else {
        panic!()
    };
    assert_eq!((e.proposal.map(events::Position::get), e.proposed_by.as_deref()), (Some(2), Some("key/1")));
    approved.person("key/3").when(approve(2)).refused(Refusal::AdjustmentAlreadyApproved);
}

#[test]
fn a_refused_approval_can_be_repeated() {
    let policy = events::PolicySet { approval_above: Some(Credits::ZERO), ..Default::default() };
    let history = given([purchase("10")]).ruled(policy).and(adjust("-11")).person("key/2");
    let history = history.when(approve(2)).leaves("10").refused(insufficient("10", "11"));
    let history = history.and(purchase("1"));
    history.when(approve(2)).leaves("0").accepted();
    // Nobody and nobody are the same person.
    let nobody = given([purchase("10")]).ruled(policy).and(adjust("-1"));
    nobody.when(approve(2)).refused(Refusal::ApproverIsProposer);
}

#[test]
fn credits_of_an_expired_lot_pay_debt_before_they_expire() {
    let history = given([purchase_of("10", expiring(1)), purchase("4"), deduct("12"), refund(2, None)]);
    let history = history.later(2);
    // Lot 1 was spent; 4 of the refunded purchase: 2 from its lot, 2 owed.
    let outcome = history.when(roll_back(3)).has("2", "0", "0").expires(&[(1, "8")]);
    assert_eq!(settled(&outcome), [slice(1, "2")]);
}
