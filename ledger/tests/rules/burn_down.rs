//! Which lots pay first: priority, soonest expiry, promotional before paid, oldest.

use events::{Class, Credits, LotTerms, Position, Time};
use ledger::{Expiry, Lot, Lots, NewLot};

use crate::{
    history::given,
    words::{
        credits, days, deduct, expiring, lot, priority, promotional, purchase, purchase_of, slice, start,
    },
};

// The first purchase opens the wallet at position 0, so that the lots are 1, 2, 3, …

#[test]
fn the_lowest_priority_number_pays_first() {
    given([
        purchase_of("10", priority(20)),
        purchase_of("10", priority(0)),
        purchase_of("10", priority(255)),
        purchase_of("10", priority(10)),
    ])
    .when(deduct("35"))
    .spends(&[(2, "10"), (4, "10"), (1, "10"), (3, "5")]);
}

#[test]
fn priority_goes_before_expiry() {
    given([purchase_of("10", expiring(1)), purchase_of("10", priority(1))])
        .when(deduct("15"))
        .spends(&[(2, "10"), (1, "5")]);
}

#[test]
fn the_soonest_expiry_pays_first_and_never_last() {
    given([purchase("10"), purchase_of("10", expiring(30)), purchase_of("10", expiring(7))])
        .when(deduct("25"))
        .spends(&[(3, "10"), (2, "10"), (1, "5")]);
}

#[test]
fn expiry_goes_before_class() {
    given([purchase_of("10", promotional()), purchase_of("10", expiring(7))])
        .when(deduct("15"))
        .spends(&[(2, "10"), (1, "5")]);
}

#[test]
fn promotional_credits_pay_before_paid_ones() {
    given([purchase("10"), purchase_of("10", promotional())])
        .when(deduct("15"))
        .spends(&[(2, "10"), (1, "5")]);
}

#[test]
fn class_goes_before_age() {
    let paid = NewLot { expiry: Some(Expiry::At(start().plus_micros(days(7)))), ..lot() };
    let promotional = NewLot { class: Class::Promotional, ..paid };
    given([purchase_of("10", paid), purchase_of("10", promotional)])
        .when(deduct("15"))
        .spends(&[(2, "10"), (1, "5")]);
}

#[test]
fn of_equal_lots_the_oldest_pays_first() {
    given([purchase("10"), purchase("10"), purchase("10")]).when(deduct("25")).spends(&[
        (1, "10"),
        (2, "10"),
        (3, "5"),
    ]);
}

#[test]
fn one_lot_is_enough_when_it_is() {
    given([purchase("10"), purchase("10")]).when(deduct("10")).spends(&[(1, "10")]);
}

#[test]
fn a_spent_lot_is_gone_and_a_part_remains() {
    let history = given([purchase("10"), purchase("10"), deduct("12.5")]);
    let left = history.wallet.expect("an open wallet").lots;
    assert_eq!(
        left.iter().map(|lot| (lot.id.get(), lot.remaining)).collect::<Vec<_>>(),
        [(2, credits("7.5"))]
    );
}

fn terms(priority: u8, expires: Option<i64>, class: Class) -> LotTerms {
    LotTerms { class, priority, expires: expires.map(Time::from_micros) }
}

#[test]
fn lots_come_out_in_one_order_however_they_went_in() {
    let (paid, free) = (Class::Paid, Class::Promotional);
    let ordered = [
        (4, terms(0, None, paid)),
        (9, terms(1, Some(5), paid)),
        (8, terms(1, Some(6), free)),
        (1, terms(1, Some(6), paid)),
        (2, terms(1, Some(6), paid)),
        (3, terms(1, None, free)),
        (0, terms(1, None, paid)),
    ];
    let lots = ordered.map(|(id, terms)| Lot { id: Position(id), remaining: credits("1"), terms });
    for rotation in 0..lots.len() {
        let mut shuffled = lots;
        shuffled.rotate_left(rotation);
        assert!(Lots::new(shuffled).iter().eq(lots.iter()), "rotated by {rotation}");
    }
}

#[test]
fn lots_pay_exactly_and_say_what_they_lack() {
    let lots = Lots::new([1, 2].map(|id| Lot {
        id: Position(id),
        remaining: credits("5"),
        terms: terms(0, None, Class::Paid),
    }));
    let all = [slice(1, "5"), slice(2, "5")];
    let paid = |cost: &str| {
        let (slices, missing) = lots.burn_down(credits(cost));
        (slices.into_vec(), missing)
    };
    assert_eq!(paid("10"), (all.to_vec(), Credits::ZERO));
    assert_eq!(paid("10.000001"), (all.to_vec(), credits("0.000001")));
    assert_eq!(paid("0"), (Vec::new(), Credits::ZERO));
    let (slices, missing) = Lots::default().burn_down(credits("0.000001"));
    assert_eq!((slices.len(), missing), (0, credits("0.000001")));
}
