//! Random commands, small enough that they meet each other.

use events::{Class, Credits, Metadata, Position, Price};
use ledger::{Amount, Charge, Check, Command, Deduct, Expiry, Grant, NewLot, Purchase, RollBack};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// Something that happens to a wallet.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// So many hours pass.
    Hours(i64),
    /// A command comes. A rollback's position counts modulo the events there are.
    Command(Command),
}

pub(crate) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => (1i64..60).prop_map(Step::Hours),
        9 => command().prop_map(Step::Command),
    ];
    vec(step, 1..most)
}

/// Any command. Deductions and rollbacks come most often, as in life.
pub(crate) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => Just(Command::OpenWallet),
        4 => purchase().prop_map(Command::Purchase),
        3 => grant().prop_map(Command::Grant),
        2 => check().prop_map(Command::Check),
        8 => deduct().prop_map(Command::Deduct),
        8 => roll_back().prop_map(Command::RollBack),
    ]
}

fn amount(most_micros: i64) -> impl Strategy<Value = Amount> {
    let micros =
        prop_oneof![3 => (1..=most_micros / 1_000_000).prop_map(|n| n * 1_000_000), 1 => 1..=most_micros];
    micros.prop_map(|micros| Amount::new(Credits::from_micros(micros)).expect("above zero"))
}

fn huge() -> impl Strategy<Value = Amount> {
    prop_oneof![
        30 => amount(40_000_000),
        1 => (i64::MAX - 50_000_000..=i64::MAX)
            .prop_map(|micros| Amount::new(Credits::from_micros(micros)).expect("above zero")),
    ]
}

fn lot() -> impl Strategy<Value = NewLot> {
    let class = select(vec![Class::Paid, Class::Promotional]);
    let hours = (1i64..200).prop_map(|hours| Expiry::After(hours * 3_600_000_000));
    (class, 0u8..3, option::of(hours)).prop_map(|(class, priority, expiry)| NewLot {
        class,
        priority,
        expiry,
    })
}

fn text() -> impl Strategy<Value = Option<Box<str>>> {
    select(vec![None, Some(""), Some("a"), Some("ab"), Some("\u{ff}"), Some("1.5 EUR")])
        .prop_map(|t| t.map(Box::from))
}

fn price() -> impl Strategy<Value = Option<Price>> {
    let price = |amount: &str, currency| Price {
        amount: amount.parse().expect("a decimal"),
        currency: events::Currency::parse(currency).expect("a currency"),
    };
    select(vec![
        None,
        Some(price("1.5", "EUR")),
        Some(price("1.50", "EUR")),
        Some(price("15", "EUR")),
        Some(price("1.5", "USD")),
    ])
}

prop_compose! {
    fn purchase()(amount in huge(), lot in lot(), payment_reference in text(), price_paid in price()) -> Purchase {
        Purchase { amount, lot, payment_reference, price_paid }
    }
}

prop_compose! {
    fn grant()(amount in amount(20_000_000), lot in lot(), reason in text()) -> Grant {
        Grant { amount, lot, reason }
    }
}

prop_compose! {
    fn check()(cost in amount(60_000_000), service in text()) -> Check {
        Check { service: service.unwrap_or_else(|| "chat".into()), charge: Charge::Cost(cost), budget: None, hold: None }
    }
}

prop_compose! {
    fn deduct()(cost in amount(30_000_000), service in text(), metadata in metadata()) -> Deduct {
        Deduct { service: service.unwrap_or_else(|| "chat".into()), charge: Charge::Cost(cost), budget: None, metadata }
    }
}

prop_compose! {
    fn roll_back()(
        deduction in (0u64..64).prop_map(Position),
        amount in option::weighted(0.7, amount(15_000_000)),
        reason in text(),
    ) -> RollBack {
        RollBack { deduction, amount, reason }
    }
}

fn metadata() -> impl Strategy<Value = Option<Metadata>> {
    select(vec![None, Some("{}"), Some(r#"{"a":1}"#), Some(r#"{"a":"1"}"#), Some(r#"{"a":1.0}"#)]).prop_map(
        |text| {
            let value = text.map(|text| serde_json::from_str(text).expect("JSON"));
            value.map(|value| Metadata::new(&value).expect("an object"))
        },
    )
}
