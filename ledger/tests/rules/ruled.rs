//! What an organization and a wallet's owner rule: prices, policy, caps, budgets, thresholds, freezes.

use std::collections::BTreeMap;

use events::{CostPolicy, Credits, Event, ExpiryPolicy, Period, PolicySet, PriceSet, Refusal, UnitPrice};
use ledger::{Command, Deduct, Rules};

use crate::{
    history::{History, given},
    words::{
        APP, HOUR, OTHER_APP, cap, capture, captured, check, credits, deduct, deduct_from, deduct_usage,
        expiring, freeze, hold, hold_for, item, purchase, purchase_of, release, roll_back, roll_back_part,
        start, threshold, unfreeze, usage,
    },
};

fn exceeded(period: Period, cap: &str, used: &str, required: &str) -> Refusal {
    let (cap, used, required) = (credits(cap), credits(used), credits(required));
    Refusal::CapExceeded { period, cap, used, required }
}

fn price(units: &[(&str, &str, u32)], from: i64, until: Option<i64>) -> PriceSet {
    let unit = |(name, amount, per): &(&str, &str, u32)| {
        (Box::from(*name), UnitPrice { credits: credits(amount), per: *per })
    };
    PriceSet {
        service: "chat".into(),
        units: units.iter().map(unit).collect(),
        valid_from: start().plus_micros(from),
        valid_until: until.map(|micros| start().plus_micros(micros)),
    }
}

/// A wallet of 100 whose app may spend so much a period.
fn capped(period: Period, most: &str) -> History {
    given([purchase("100"), cap(None, period, Some(most))]).by(APP)
}

#[test]
fn usage_is_priced_line_by_line_half_to_even() {
    let set = price(&[("tokens", "0.000001", 2), ("seconds", "2.5", 60)], 0, None);
    let history = given([purchase("100")]).ruled(set);
    let ask = deduct_usage(&[("tokens", "3"), ("seconds", "12.5")]);
    let outcome = history.clone().when(ask).leaves("99.479165");
    let Event::CreditsDeducted(e) = &outcome.events()[0] else { panic!("no deduction") };
    let priced = e.price.as_ref().expect("a price");
    let lines: Vec<_> = priced.lines.iter().map(|line| (&*line.unit, line.cost)).collect();
    assert_eq!(lines, [("seconds", credits("0.520833")), ("tokens", credits("0.000002"))]);
    assert_eq!(priced.version.get(), 900);
    for (units, refusal) in [
        (&[("images", "1")][..], Refusal::UnknownUnit),
        (&[("tokens", "1")], Refusal::CostIsZero),
        (&[], Refusal::CostIsZero),
        (
            &[("seconds", "9000000000000"), ("tokens", "9000000000000")],
            Refusal::InsufficientCredits { available: credits("100"), required: credits("375004500000") },
        ),
    ] {
        history.clone().when(deduct_usage(units)).leaves("100").refused(refusal);
    }
    let dear = history.ruled(price(&[("tokens", "9000000000000", 1)], 0, None));
    dear.when(deduct_usage(&[("tokens", "9000000000000")])).refused(Refusal::BalanceOverflow);
}

#[test]
fn of_the_prices_that_hold_the_latest_counts() {
    let mut rules = Rules::default();
    let now = |micros| start().plus_micros(micros);
    for (at, set) in (0..).zip([
        price(&[("a", "1", 1)], 0, None),
        price(&[("b", "1", 1)], 10, Some(20)),
        price(&[("c", "1", 1)], 15, Some(30)),
        price(&[], 40, None),
    ]) {
        rules.apply(&set.into(), events::Position(at));
    }
    let holds = |micros| rules.price("chat", now(micros)).map(|price| price.version.get());
    let expected =
        [(-1, None), (0, Some(0)), (10, Some(1)), (15, Some(2)), (29, Some(2)), (30, Some(0)), (40, None)];
    for (at, version) in expected {
        assert_eq!(holds(at), version, "{at}");
    }
    assert_eq!(rules.price("images", now(0)), None);
    given([purchase("1")]).when(deduct_usage(&[("a", "1")])).refused(Refusal::NoPrice);
}

#[test]
fn an_organization_may_forbid_stated_costs_of_priced_services() {
    let policy = PolicySet { cost_of_priced_service: CostPolicy::Forbidden, ..Default::default() };
    let history = given([purchase("10"), hold("3")]).ruled(policy);
    let history = history.when(deduct("1")).leaves("9").accepted();
    let history = history.ruled(price(&[("tokens", "1", 1)], 0, None));
    for command in [deduct("1"), check("1"), hold("1"), capture(2, "1")] {
        history.clone().when(command).leaves("9").refused(Refusal::CostForbidden);
    }
    let elsewhere = Deduct { service: "images".into(), ..item("1") };
    history.clone().when(Command::Deduct(elsewhere)).leaves("8").accepted();
    history.clone().when(captured(2, Some(usage(&[("tokens", "2")])), false)).leaves("7").accepted();
    history.when(captured(2, None, false)).leaves("6").accepted();
}

#[test]
fn a_cap_counts_spending_and_open_holds() {
    let history = capped(Period::Day, "10").and(deduct("4")).and(hold_for("3", Some("9"), HOUR));
    let history = history.when(deduct("4")).refused(exceeded(Period::Day, "10", "7", "4"));
    let history = history.when(hold("3.5")).refused(exceeded(Period::Day, "10", "7", "3.5"));
    // Within the hold a capture is free of caps; beyond it they count again.
    let refusal = exceeded(Period::Day, "10", "7", "4");
    let history = history.when(capture(4, "7")).refused(refusal);
    let history =
        history.and(capture(4, "6")).when(deduct("1")).refused(exceeded(Period::Day, "10", "10", "1"));
    let history = history.and(roll_back_part(3, "1")).when(deduct("1")).leaves("90").accepted();
    history.clone().by(OTHER_APP).when(deduct("50")).accepted();
    history.clone().by(None).when(deduct("50")).accepted();
    history.later(1).when(deduct("10")).leaves("80").accepted();
}

#[test]
fn a_hold_counts_in_the_period_in_which_it_is_captured() {
    let history = capped(Period::Day, "10").and(hold_for("8", None, 48 * HOUR)).later(1);
    let history = history.when(deduct("3")).refused(exceeded(Period::Day, "10", "8", "3"));
    let history = history.and(capture(3, "5"));
    let history = history.when(deduct("3")).refused(exceeded(Period::Day, "10", "8", "3"));
    let history = history.and(release(3)).when(deduct("5")).leaves("90").accepted();
    // What was spent yesterday comes back today without making room.
    let history = history.later(1).and(deduct("9")).and(roll_back(5));
    history.when(deduct("2")).refused(exceeded(Period::Day, "10", "9", "2"));
}

#[test]
fn months_and_all_time_are_capped_too() {
    let month = capped(Period::Month, "10").and(deduct("8")).later(30);
    month.clone().when(deduct("3")).refused(exceeded(Period::Month, "10", "8", "3"));
    month.later(1).when(deduct("10")).accepted();
    capped(Period::Total, "10").and(deduct("8")).later(300).when(deduct("3")).refused(exceeded(
        Period::Total,
        "10",
        "8",
        "3",
    ));
}

#[test]
fn a_cap_counts_from_its_setting_on() {
    let history = given([purchase("100")]).by(APP).and(deduct("50"));
    let history = history.and(cap(None, Period::Total, Some("10"))).and(deduct("6"));
    // What came before the cap was not counted, so giving it back makes no room.
    let history = history.and(roll_back(2));
    let history = history.when(deduct("5")).refused(exceeded(Period::Total, "10", "6", "5"));
    // Lowered below what is used, it stays; it goes on counting; taken away and set again it starts anew.
    let lower = history.clone().and(cap(None, Period::Total, Some("5")));
    lower.clone().when(deduct("0.000001")).refused(exceeded(Period::Total, "5", "6", "0.000001"));
    lower.when(roll_back(4)).leaves("100").accepted().when(deduct("5")).accepted();
    let anew = history.and(cap(None, Period::Total, None)).and(cap(None, Period::Total, Some("10")));
    anew.when(deduct("10")).accepted();
    capped(Period::Day, "0").when(deduct("0.000001")).refused(exceeded(Period::Day, "0", "0", "0.000001"));
}

#[test]
fn over_midnight_each_event_counts_in_the_period_of_its_stamp() {
    // Two items stamped 23:59:59.999999 and 00:00:00.
    let history = capped(Period::Day, "10");
    let midnight = start().plus_micros(24 * HOUR).micros();
    let wait = midnight - 1 - 1_000_000 - history.now().micros();
    let batch = Command::DeductBatch(vec![item("10"), item("10"), item("1")]);
    let refusal = exceeded(Period::Day, "10", "10", "1");
    history.clone().later_by(wait).when(batch).leaves("100").refused(refusal);
    let batch = Command::DeductBatch(vec![item("10"), item("9")]);
    history.later_by(wait).when(batch).leaves("81").accepted().when(deduct("1")).leaves("80").accepted();
}

#[test]
fn a_budget_is_part_of_what_its_app_may_spend() {
    let history = capped(Period::Day, "10").and(cap(Some("agent"), Period::Day, Some("4")));
    let history = history.when(deduct_from("agent", "5")).refused(exceeded(Period::Day, "4", "0", "5"));
    let history = history.and(deduct_from("agent", "3")).and(deduct("6"));
    let history = history.when(deduct_from("agent", "1.5")).refused(exceeded(Period::Day, "10", "9", "1.5"));
    history.clone().when(deduct_from("nobody", "1")).refused(Refusal::UnknownBudget);
    history.clone().by(OTHER_APP).when(deduct_from("agent", "1")).refused(Refusal::UnknownBudget);
    history.when(deduct_from("agent", "1")).leaves("90").accepted();
}

#[test]
fn a_wallet_has_fifty_caps_and_no_more() {
    let names: Vec<String> = (0..ledger::MAX_CAPS).map(|index| index.to_string()).collect();
    let full = names
        .iter()
        .fold(given([purchase("1")]), |history, name| history.and(cap(Some(name), Period::Day, Some("1"))));
    let full = full.when(cap(None, Period::Day, Some("1"))).refused(Refusal::TooManyCaps);
    let full = full.and(cap(None, Period::Day, None)).and(cap(Some("7"), Period::Day, Some("2")));
    full.and(cap(Some("7"), Period::Day, None)).when(cap(None, Period::Day, Some("1"))).accepted();
}

#[test]
fn low_credits_are_told_once_for_each_crossing() {
    let (spent, low) = ("credits.deducted", "wallet.balance_low");
    let history = given([purchase("100"), threshold("10")]);
    let history = history.when(deduct("90")).follows(&[spent]).accepted();
    let history = history.when(deduct("0.000001")).follows(&[spent, low]).accepted();
    let history = history.when(deduct("1")).follows(&[spent]).accepted();
    let history = history.and(purchase("1.000001"));
    let history = history.when(hold("1")).follows(&["credits.held", low]).accepted();
    let history =
        history.later(1).when(check("1")).follows(&["credits.hold_expired", "credits.checked"]).accepted();
    history.when(threshold("11")).follows(&["wallet.threshold_set", low]).accepted();
    // A batch crosses once, in its last event; and so does time alone.
    let history = given([purchase("100"), purchase_of("5", expiring(1)), threshold("100")]);
    let batch = Command::DeductBatch(vec![item("1"), item("5")]);
    history.clone().when(batch).follows(&[spent, spent, low]).accepted();
    let lasting = given([purchase("100"), purchase_of("5", expiring(1)), threshold("100.5")]);
    let wallet = lasting.wallet.as_ref().expect("a wallet");
    let due = |hours| ledger::decide_due(wallet, start().plus_micros(hours * HOUR), lasting.next());
    let types = |hours| {
        let events = due(hours).expect("a sound wallet").events;
        events.iter().map(|event| event.event_type().as_str()).collect::<Vec<_>>()
    };
    assert_eq!(types(25), ["credits.expired.v1", "wallet.balance_low.v1"]);
    assert_eq!(types(23), Vec::<&str>::new());
}

#[test]
fn a_frozen_wallet_takes_credits_and_gives_them_back_but_spends_none() {
    let history = given([purchase("10"), deduct("4"), freeze()]);
    let history = history.when(freeze()).refused(Refusal::WalletFrozen);
    let batch = Command::DeductBatch(vec![item("1")]);
    let history = history.when(batch).leaves("6").refused(Refusal::WalletFrozen);
    let history = history.and(purchase("1")).and(roll_back(2));
    let history = history.and(unfreeze()).when(unfreeze()).refused(Refusal::WalletNotFrozen);
    history.when(deduct("11")).leaves("0").accepted();
}

#[test]
fn a_policy_lets_returned_credits_live_on() {
    let policy = |rule| PolicySet { returned_to_expired: rule, ..Default::default() };
    let spent = |rule| {
        let history = given([purchase_of("10", expiring(3)), deduct("10")]).ruled(policy(rule));
        history.later(5).and(roll_back_part(2, "4"))
    };
    let grace = spent(ExpiryPolicy::Grace { micros: 2 * HOUR });
    grace.clone().later_by(2 * HOUR - 1_000_001).when(deduct("4")).leaves("0").accepted();
    grace.clone().later_by(2 * HOUR).when(check("1")).expires(&[(1, "4")]).accepted();
    // More of the same deduction joins the lot that lives.
    grace.later_by(HOUR).and(roll_back(2)).later_by(HOUR).when(check("1")).expires(&[(1, "10")]).accepted();
    let reissued = spent(ExpiryPolicy::Reissue);
    reissued.clone().later(2).when(deduct("4")).leaves("0").accepted();
    reissued.later(3).when(check("1")).expires(&[(1, "4")]).accepted();
    let original = given([purchase_of("10", expiring(3)), deduct("10")]).later(5);
    original.when(roll_back(2)).expires(&[(1, "10")]).leaves("0").accepted();
}

#[test]
fn a_held_slice_of_a_lot_that_expired_joins_it_when_it_lives_again() {
    let rule = ExpiryPolicy::Grace { micros: 10 * HOUR };
    let policy = PolicySet { returned_to_expired: rule, ..Default::default() };
    let history = given([purchase_of("10", expiring(1)), deduct("3"), hold_for("4", None, 72 * HOUR)]);
    let history = history.ruled(policy).later(1);
    let history = history.when(roll_back(2)).expires(&[(1, "3")]).leaves("7").accepted();
    let joined = history.clone().when(release(3)).expires(&[]).leaves("7").accepted();
    joined.later(1).when(check("1")).expires(&[(1, "7")]).leaves("0").accepted();
    // Spent again in the meantime, there is nothing to join.
    let alone = history.and(deduct("3"));
    alone.when(release(3)).expires(&[(1, "4")]).leaves("0").accepted();
}

#[test]
fn a_batch_spends_all_or_nothing() {
    let history = given([purchase("10"), purchase("10")]);
    let outcome =
        history.clone().when(Command::DeductBatch(vec![item("8"), item("8"), item("4")])).leaves("0");
    let asked: Vec<bool> = outcome.events().iter().map(|event| event.asked().is_some()).collect();
    assert_eq!(asked, [false, false, true]);
    for (index, event) in (0..).zip(outcome.events()) {
        let Event::CreditsDeducted(e) = event else { panic!("{event:?}") };
        assert_eq!(e.batch, Some(events::BatchItem { index, size: 3 }));
    }
    let history = outcome.accepted().when(roll_back(4)).leaves("8").returns(&[(2, "6"), (1, "2")]);
    let outcome =
        history.when(Command::DeductBatch(vec![item("8"), item("0.000001"), item("1")])).leaves("8");
    let Event::CommandRefused(e) = &outcome.events()[0] else { panic!("no refusal") };
    assert_eq!((e.item, outcome.events().len()), (Some(1), 1));
    outcome.refused(Refusal::InsufficientCredits { available: Credits::ZERO, required: credits("0.000001") });
}

#[test]
fn a_refused_batch_leaves_what_was_due_expired() {
    let history = given([purchase_of("10", expiring(1)), purchase("5")]).later(1);
    let batch = Command::DeductBatch(vec![item("5"), item("1")]);
    history
        .when(batch)
        .expires(&[(1, "10")])
        .follows(&["credits.expired", "credits.command_refused"])
        .leaves("5")
        .accepted();
}

#[test]
fn rules_are_kept_by_service() {
    let mut rules = Rules::default();
    rules.apply(&price(&[("tokens", "1", 1)], 0, None).into(), events::Position(1));
    assert_eq!(rules.prices.keys().map(|name| &**name).collect::<Vec<_>>(), ["chat"]);
    let unit = UnitPrice { credits: credits("1"), per: 0 };
    let free = ledger::PriceVersion {
        units: BTreeMap::from([("tokens".into(), unit)]),
        ..rules.prices["chat"][0].clone()
    };
    let usage = BTreeMap::from([("tokens".into(), "1".parse().expect("a quantity"))]);
    assert_eq!(free.cost(&usage), Err(Refusal::BalanceOverflow), "for nothing of a unit there is no price");
}
